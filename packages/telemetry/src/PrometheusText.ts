/** Prometheus text exposition format 0.0.4: escaping, numbers, lines. Pure; knows no metric of ours. */

/** Value of the `Content-Type` header of a scrape. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

export const isMetricName = (name: string): boolean => NAME.test(name)

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")

const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

/** `+Inf`, `-Inf` and `NaN` are spelled as the format wants them. */
export const formatNumber = (value: number): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

/** `name="value",…` without braces, values escaped. */
export const formatLabels = (names: ReadonlyArray<string>, values: ReadonlyArray<string>): string =>
  names.map((name, index) => `${name}="${escapeValue(values[index] ?? "")}"`).join(",")

export const formatHeader = (name: string, help: string, type: "counter" | "gauge" | "histogram"): string =>
  `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`

/** `labels` as `formatLabels` gives them. */
export const formatSample = (name: string, labels: string, value: number): string =>
  labels === "" ? `${name} ${formatNumber(value)}\n` : `${name}{${labels}} ${formatNumber(value)}\n`
