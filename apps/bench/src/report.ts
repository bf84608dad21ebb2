/** The figures as text. Pure: the same figures are always the same text. */
import { type Bar, barsOf, brokenOf, toArm, toBare, toCached, valuesOf, wobblesOf } from "./bars.ts"
import {
  type Figures,
  type FloodFigures,
  type FloodName,
  FLOODS,
  type LoadFigures,
  type MicroGroup,
  type RegistryFigures,
  type StartFigures,
  type StreamFigures,
  type StreamSample
} from "./figures.ts"
import { differences, percentile, type Range, rangeOf, ratios } from "./statistics.ts"

/** Three digits that matter. */
export const short = (value: number): string => {
  if (!Number.isFinite(value)) return "–"
  const size = Math.abs(value)
  if (size >= 1_000) return String(Math.round(value))
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** `median [least–greatest]`. */
export const spelled = (range: Range | undefined, unit = ""): string => {
  if (range === undefined) return "–"
  const { median, low, high } = range
  return low === high ? `${short(median)}${unit}` : `${short(median)}${unit} [${short(low)}–${short(high)}]`
}

type Row = ReadonlyArray<string>

/** Columns as wide as their widest cell; the first aligned left, the others right. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  const line = (row: Row): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("   ")
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join("")
}

const loadTable = (load: LoadFigures): string => {
  const direct = rangeOf(valuesOf(load, "direct", "p50"))?.median
  const rows = load.arms.map(({ name, samples }): Row => {
    const p50 = rangeOf(valuesOf(load, name, "p50"))
    const serves = name !== "direct"
    const added = !serves || direct === undefined || p50 === undefined ? "–" : short(p50.median - direct)
    return [
      name,
      spelled(rangeOf(valuesOf(load, name, "rate"))),
      serves ? spelled(rangeOf(valuesOf(load, name, "cpu"))) : "–",
      spelled(p50),
      spelled(rangeOf(valuesOf(load, name, "p99"))),
      added,
      serves ? spelled(toBare(load, name, "cpu"), "x") : "–",
      serves ? spelled(toBare(load, name, "p99"), "x") : "–",
      short(rangeOf(samples.map(({ ownCpu }) => ownCpu))?.median ?? Number.NaN)
    ]
  })
  const head: Row = [
    "arm",
    "req/s",
    "CPU µs/req",
    "p50 µs",
    "p99 µs",
    "added p50 µs",
    "CPU to bare",
    "p99 to bare",
    "load CPU µs"
  ]
  return table([head, ...rows]) + load.arms.map(({ name, what }) => `  ${name}: ${what}\n`).join("") + versus(load)
}

/** This checkout beside the other one. */
const versus = (load: LoadFigures): string => {
  const to = (quantity: "cpu" | "rate" | "p50" | "p99"): string =>
    spelled(toArm(load, "mcpgw", "against", quantity), "x")
  return load.arms.some(({ name }) => name === "against")
    ? `\n  mcpgw to against, round by round: CPU ${to("cpu")}, req/s ${to("rate")}, p50 ${to("p50")}, p99 ${to("p99")}\n`
    : ""
}

const auditLine = ({ audit }: LoadFigures): string =>
  audit === undefined
    ? ""
    : `\n  audit rows on disk: ${audit.rows} for ${audit.answered} answered calls (up to ${audit.cutOff} more were cut off when load stopped), ${
        audit.gapless ? "without gaps" : "WITH GAPS"
      }\n`

const startLines = ({ first, starts, resident }: StartFigures): string =>
  table([
    ["start", ""],
    ["first start to ready (makes keys)", `${short(first)} ms`],
    ["start to first answered call", spelled(rangeOf(starts), " ms")],
    ["memory at rest", `${short(resident / 1e6)} MB`]
  ])

const streamTable = ({ streams, bare, mcpgw }: StreamFigures): string => {
  const row = (name: string, of: (sample: StreamSample) => number): Row => [
    name,
    spelled(rangeOf(bare.map(of))),
    spelled(rangeOf(mcpgw.map(of))),
    spelled(rangeOf(ratios(mcpgw.map(of), bare.map(of))), "x")
  ]
  return table([
    [`${streams} idle streams`, "bare", "mcpgw", "ratio"],
    row("memory, kB per stream", ({ memory }) => memory / 1e3),
    row("CPU to open one, µs", ({ opening }) => opening),
    row("CPU of all idle, ms per s", ({ idle }) => idle / 1e3),
    row("CPU per event relayed, µs", ({ event }) => event)
  ])
}

const BESIDE: Readonly<Record<FloodName, string>> = {
  alone: "alone",
  cached: "beside known tokens",
  forged: "beside distinct forged tokens",
  new: "beside distinct new tokens"
}

const floodTable = (figures: FloodFigures): string => {
  const { caller, flood, samples } = figures
  const rows = FLOODS.map((name): Row => {
    const of = (quantity: "p50" | "p99") => spelled(rangeOf(samples[name].map((sample) => sample[quantity])))
    const to = (quantity: "p50" | "p99") => spelled(toCached(figures, name, quantity), "x")
    return [
      BESIDE[name],
      of("p50"),
      of("p99"),
      to("p50"),
      to("p99"),
      spelled(rangeOf(samples[name].map(({ busy }) => busy * 100)))
    ]
  })
  const what = `known caller of ${caller}/s, beside ${flood}/s`
  return table([[what, "p50 µs", "p99 µs", "p50 to known", "p99 to known", "% of them 429"], ...rows])
}

const registryTable = ({ asks, database, registrations, servers }: RegistryFigures): string => {
  const { atOnce, count, cpu, rates } = registrations
  const rows = asks.map(({ cpu, name, took }): Row => {
    const sorted = took.toSorted((a, b) => a - b)
    return [name, short(percentile(sorted, 0.5)), short(percentile(sorted, 0.95)), short(cpu)]
  })
  return (
    table([[`the registry's API, ${servers} servers, ${database}`, "p50 ms", "p95 ms", "CPU ms"], ...rows]) +
    `\n  ${count} registrations, ${atOnce} at a time: ${spelled(rangeOf(rates))} a second, ${short(cpu)} ms of CPU each\n`
  )
}

const microTable = ({ name, cases }: MicroGroup): string => {
  const yardstick = cases[0]?.ns ?? []
  const judgedByDifference = cases.some(({ over }) => over !== undefined)
  const rows = cases.map((one): Row => [
    one.name,
    spelled(rangeOf(one.ns)),
    cases.length === 1 ? "" : spelled(rangeOf(ratios(one.ns, yardstick)), "x"),
    ...(judgedByDifference ? [spelled(rangeOf(differences(one.ns, yardstick)))] : [])
  ])
  return table([[name, "ns", "", ...(judgedByDifference ? ["ns above"] : [])], ...rows])
}

const barRow = ({ name, limit, unit, value, verdict }: Bar): Row => [
  name,
  `≤ ${limit}${unit === "x" ? "x" : ` ${unit}`}`,
  spelled(value, unit === "x" ? "x" : ` ${unit}`),
  verdict
]

const barTable = (bars: ReadonlyArray<Bar>): string =>
  bars.length === 0 ? "" : table([["bars", "", "", ""], ...bars.map(barRow)])

const setupLines = ({ setup, load, flood }: Figures): string => {
  const { bun, cores, pinned, rounds, seconds, connections, missing } = setup
  const pins = pinned ? "what serves on core 0, load and echo server on core 1" : "not pinned"
  const times = load === undefined && flood === undefined ? "" : `, ${rounds} rounds of ${seconds} s`
  const way = load === undefined ? times : `${times}, ${connections} connections, load by ${load.generator}`
  return `mcpgw bench: Bun ${bun}, ${cores} cores, ${pins}${way}\n${missing.map((words) => `not measured: ${words}\n`).join("")}`
}

const conclusion = (figures: Figures): string => {
  const wobbles = wobblesOf(figures).map(
    ({ most, what, spread }) =>
      `INCONCLUSIVE: ${what} ranged over ${short(spread * 100)} % between rounds; more than ${most * 100} % is another's work on this machine\n`
  )
  return [...brokenOf(figures).map((words) => `BROKEN: ${words}\n`), ...wobbles].join("")
}

/** Sections with a blank line between them. Values are medians; brackets hold the range over rounds. */
export const render = (figures: Figures): string => {
  const { load, start, streams, flood, registry, micro } = figures
  const sections = [
    setupLines(figures),
    ...(load === undefined ? [] : [loadTable(load) + auditLine(load)]),
    ...(start === undefined ? [] : [startLines(start)]),
    ...(streams === undefined ? [] : [streamTable(streams)]),
    ...(flood === undefined ? [] : [floodTable(flood)]),
    ...(registry === undefined ? [] : [registryTable(registry)]),
    ...(micro ?? []).map(microTable),
    barTable(barsOf(figures)),
    conclusion(figures)
  ]
  return `${sections.filter((section) => section !== "").join("\n")}`
}

/** For programs: the figures, the bars and what is wrong with the run. */
export const renderJson = (figures: Figures): string =>
  `${JSON.stringify({ ...figures, bars: barsOf(figures), wobbles: wobblesOf(figures), broken: brokenOf(figures) }, null, 2)}\n`
