/** The bars of design.md §4 and whether a run meets them; INCONCLUSIVE when its yardstick wobbled. Pure. */
import type {
  Figures,
  FloodFigures,
  FloodName,
  LoadFigures,
  MicroGroup,
  RegistryFigures,
  StreamFigures,
  StreamSample
} from "./figures.ts"
import type { ArmName } from "./options.ts"
import { differences, type Range, rangeOf, ratios, spreadOf } from "./statistics.ts"

/** How far the yardstick may range between rounds, of its median. */
export const MOST_WOBBLE = 0.15
/** The same of a p99 beside which a flood is judged: a tail ranges further, and the bar leaves it room. */
export const MOST_TAIL_WOBBLE = 0.5

export type Verdict = "met" | "missed" | "INCONCLUSIVE"

export interface Bar {
  readonly name: string
  readonly limit: number
  readonly unit: "x" | "MB" | "ms" | "ns"
  readonly value: Range
  readonly verdict: Verdict
}

export interface Wobble {
  readonly what: string
  readonly spread: number
  /** How far it may range. */
  readonly most: number
}

export type Quantity = "cpu" | "rate" | "p50" | "p99"

export const valuesOf = (load: LoadFigures, arm: ArmName, quantity: Quantity): ReadonlyArray<number> =>
  (load.arms.find(({ name }) => name === arm)?.samples ?? []).map((sample) => sample[quantity])

/** Round by round against another arm. */
export const toArm = (load: LoadFigures, arm: ArmName, other: ArmName, quantity: Quantity): Range | undefined =>
  rangeOf(ratios(valuesOf(load, arm, quantity), valuesOf(load, other, quantity)))

/** Round by round against the bare proxy. */
export const toBare = (load: LoadFigures, arm: ArmName, quantity: Quantity): Range | undefined =>
  toArm(load, arm, "bare", quantity)

const wobbleOf = (what: string, values: ReadonlyArray<number>, most = MOST_WOBBLE): ReadonlyArray<Wobble> => {
  const range = rangeOf(values)
  const spread = range === undefined ? 0 : spreadOf(range)
  return spread > most ? [{ what, spread, most }] : []
}

/** What of the bare proxy ranged too far to compare with. */
export const loadWobble = (load: LoadFigures): ReadonlyArray<Wobble> => [
  ...wobbleOf("CPU per request of the bare proxy", valuesOf(load, "bare", "cpu")),
  ...wobbleOf("requests per second of the bare proxy", valuesOf(load, "bare", "rate"))
]

export const streamWobble = ({ bare }: StreamFigures): ReadonlyArray<Wobble> =>
  wobbleOf(
    "memory per stream of the bare relay",
    bare.map(({ memory }) => memory)
  )

export const floodWobble = ({ samples }: FloodFigures): ReadonlyArray<Wobble> =>
  wobbleOf(
    "p99 of a caller beside calls of known tokens",
    samples.cached.map(({ p99 }) => p99),
    MOST_TAIL_WOBBLE
  )

export const microWobble = ({ name, cases }: MicroGroup): ReadonlyArray<Wobble> =>
  wobbleOf(`the yardstick of "${name}"`, cases[0]?.ns ?? [])

const barOf = (
  name: string,
  limit: number,
  unit: Bar["unit"],
  value: Range | undefined,
  wobbled: boolean
): ReadonlyArray<Bar> =>
  value === undefined
    ? []
    : [{ name, limit, unit, value, verdict: wobbled ? "INCONCLUSIVE" : value.median <= limit ? "met" : "missed" }]

const loadBars = (load: LoadFigures): ReadonlyArray<Bar> => {
  const wobbled = loadWobble(load).length > 0
  return [
    ...barOf("CPU of a governed call, to the bare proxy's", 1.35, "x", toBare(load, "mcpgw", "cpu"), wobbled),
    ...barOf("p99 of a governed call, to the bare proxy's", 2, "x", toBare(load, "mcpgw", "p99"), wobbled)
  ]
}

/** Idle CPU this small, microseconds per second, is the clock's grain and not a cost. */
const IDLE_GRAIN = 10_000

const streamBars = (streams: StreamFigures): ReadonlyArray<Bar> => {
  const wobbled = streamWobble(streams).length > 0
  const ratio = (of: (sample: StreamSample) => number): Range | undefined =>
    rangeOf(ratios(streams.mcpgw.map(of), streams.bare.map(of)))
  return [
    ...barOf(
      `memory of an idle stream of ${streams.streams}, to a bare relay's`,
      2,
      "x",
      ratio(({ memory }) => memory),
      wobbled
    ),
    ...barOf(
      "CPU of idle streams (10 ms per s is none), to a bare relay's",
      2,
      "x",
      ratio(({ idle }) => Math.max(idle, IDLE_GRAIN)),
      false
    )
  ]
}

/** Round by round against the same number of calls of a known token. */
export const toCached = ({ samples }: FloodFigures, name: FloodName, quantity: "p50" | "p99"): Range | undefined =>
  rangeOf(
    ratios(
      samples[name].map((sample) => sample[quantity]),
      samples.cached.map((sample) => sample[quantity])
    )
  )

const floodBars = (flood: FloodFigures): ReadonlyArray<Bar> => {
  const wobbled = floodWobble(flood).length > 0
  const bar = (words: string, name: FloodName) =>
    barOf(`p99 beside a flood of ${words} tokens, to beside known ones`, 2, "x", toCached(flood, name, "p99"), wobbled)
  return [...bar("forged", "forged"), ...bar("new", "new")]
}

const microBars = (groups: ReadonlyArray<MicroGroup>): ReadonlyArray<Bar> =>
  groups.flatMap((group) => {
    const wobbled = microWobble(group).length > 0
    const yardstick = group.cases[0]?.ns ?? []
    return group.cases.flatMap(({ name, ns, bar, limitNs, over }) => [
      ...(bar === undefined ? [] : barOf(`${group.name}: ${name}`, bar, "x", rangeOf(ratios(ns, yardstick)), wobbled)),
      ...(limitNs === undefined ? [] : barOf(`${group.name}: ${name}`, limitNs, "ns", rangeOf(ns), false)),
      ...(over === undefined
        ? []
        : barOf(`${group.name}: ${name}, above bare`, over, "ns", rangeOf(differences(ns, yardstick)), wobbled))
    ])
  })

/** Of the middle request: the way there and back is in it, so that what is met by it is met by the server. */
const registryBars = ({ asks, registrations: { rates } }: RegistryFigures): ReadonlyArray<Bar> => [
  ...asks.flatMap(({ bar, name, took }) => barOf(name, bar, "ms", rangeOf(took), false)),
  ...barOf("a registration, of many at once", 10, "ms", rangeOf(rates.map((rate) => 1000 / rate)), false)
]

const MEGABYTE = 1_000_000

export const barsOf = ({ load, start, streams, flood, registry, micro }: Figures): ReadonlyArray<Bar> => [
  ...(load === undefined ? [] : loadBars(load)),
  ...(streams === undefined ? [] : streamBars(streams)),
  ...(start === undefined
    ? []
    : [
        ...barOf("memory at rest", 160, "MB", rangeOf([start.resident / MEGABYTE]), false),
        ...barOf("start to the first answered call", 600, "ms", rangeOf(start.starts), false)
      ]),
  ...(flood === undefined ? [] : floodBars(flood)),
  ...(registry === undefined ? [] : registryBars(registry)),
  ...(micro === undefined ? [] : microBars(micro))
]

export const wobblesOf = ({ load, streams, flood, micro }: Figures): ReadonlyArray<Wobble> => [
  ...(load === undefined ? [] : loadWobble(load)),
  ...(streams === undefined ? [] : streamWobble(streams)),
  ...(flood === undefined ? [] : floodWobble(flood)),
  ...(micro ?? []).flatMap(microWobble)
]

/** Work that was not done, in words: not a matter of speed. */
export const brokenOf = ({ load }: Figures): ReadonlyArray<string> => {
  const audit = load?.audit
  if (audit === undefined) return []
  return [
    ...(audit.rows < audit.answered ? [`${audit.answered - audit.rows} answered calls have no audit row`] : []),
    ...(audit.rows > audit.answered + audit.cutOff ? ["there are more audit rows than calls"] : []),
    ...(audit.gapless ? [] : ["the audit record has gaps"])
  ]
}
