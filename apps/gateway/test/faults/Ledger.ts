/**
 * What clients saw of each fault, as the document `docs/faults.md`. Written when MCPGW_GOLDEN=write, compared otherwise. The soak
 * (`soak.ts`) writes its part.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "@mcpgw/testkit/Process"

export type When = "at once" | "first-byte deadline" | "idle deadline" | "total deadline" | "as the server sends it"

export interface Line {
  readonly fault: string
  readonly sees: string
  readonly status: number
  /** JSON-RPC code; null where there is none. */
  readonly code: number | null
  readonly when: When
  readonly outcome: string
  /** Rule in the audit row, when the gateway refused. */
  readonly rule: string
}

const REGENERATE = process.env["MCPGW_GOLDEN"] === "write"

const path = join(root, "apps/gateway/docs/faults.md")

const HEAD = `# What a fault of a server looks like

Made by \`apps/gateway/test/faults\`, which plays every one of these against a real gateway; \`MCPGW_GOLDEN=write\` writes it anew.
The deadlines are settings: \`MCPGW_CONNECT_TIMEOUT_SECONDS\`, \`MCPGW_FIRST_BYTE_TIMEOUT_SECONDS\`, \`MCPGW_IDLE_TIMEOUT_SECONDS\` (silence
within an answer; also how long bytes wait for a client that takes none) and \`MCPGW_TOTAL_TIMEOUT_SECONDS\` (the whole call). GET streams
and \`subscriptions/listen\` may be silent and last for ever; only that their clients take what comes is asked of them. What had been
sent before a fault has arrived; a stream that broke ends with a JSON-RPC error for the request. Every line is one audit row, its
decision \`allow\`; the rule is that of the policy where none is given.

| Fault | The client sees | Status | Code | When | Audit: outcome | Audit: rule |
|---|---|---|---|---|---|---|
`

const TAIL = `
A server of which three calls in a row got no answer (refused, unreachable, connect deadline; of several callers also first-byte deadline
or broken off) is unhealthy at once: calls get 503 until a check, made after a second and then every few, or the answer to a call that
was under way finds it well. A call while whose time others were answered does not count.

A server address that failed five times in a row before it had answered (refused, unreachable, connect or first-byte deadline, broken
off) is not dialled for 30 seconds; then one call tries, the next after 5 seconds without an answer, and the first answer, of whatever
status, closes the circuit, as does that of a health probe, which is never held back. Callers who leave count for nothing, nor does a
call while whose time others were answered; and what was sent for one caller alone opens no circuit. \`mcpgw_open_circuits\` on \`/metrics\` counts such addresses.

## Clients, and the gateway itself

- A client that leaves closes the exchange with the server at once; no \`notifications/cancelled\` is made up. Outcome \`aborted\`.
- A client that takes nothing holds its server back, and is cut off when bytes have waited for \`MCPGW_IDLE_TIMEOUT_SECONDS\`. Outcome
  \`aborted\`.
- A caller with \`MCPGW_MAX_STREAMS_PER_CALLER\` streams and calls open gets 429, code -31429, with Retry-After; rule \`gate:streams\`,
  outcome \`refused\`. Notifications, responses and DELETE are not refused for it.
- A request's body of more than \`MCPGW_MAX_BODY_BYTES\` (4 MB) is refused with 413 before all of it is here; rule \`edge:body_size\`.
- An answer's body of any size without a list in it is streamed; one that has to be read whole, and a single event, may have 16 MB.
- SIGTERM drains (\`MCPGW_DRAIN_SECONDS\`); after kill -9 the rows of at most the last tenth of a second are missing from the record.
`

const lineOf = ({ fault, sees, status, code, when, outcome, rule }: Line): string =>
  `| ${[fault, sees, status, code ?? "", when, outcome, rule === "" ? "" : `\`${rule}\``].join(" | ")} |`

/** Begins what the soak measured, which ends the document and is left as it is by whatever writes the rest. */
const MEASURED = "## What others feel\n\n"

const measuredNow = (): string => {
  const text = readFileSync(path, "utf8")
  const at = text.indexOf(MEASURED)
  return at === -1 ? "" : `\n${text.slice(at)}`
}

export const documentOf = (lines: ReadonlyArray<Line>): string =>
  `${HEAD}${lines.map(lineOf).join("\n")}\n${TAIL}${measuredNow()}`

/** Puts what the soak measured at the end of the document. */
export const writeMeasured = (section: string): void => {
  const text = readFileSync(path, "utf8")
  const at = text.indexOf(MEASURED)
  writeFileSync(path, `${at === -1 ? `${text}\n` : text.slice(0, at)}${MEASURED}${section}`)
}

/** The document as it is, after writing it when asked to. */
export const documentNow = (text: string): string => {
  if (REGENERATE) writeFileSync(path, text)
  return readFileSync(path, "utf8")
}
