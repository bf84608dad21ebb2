/** Times functions against each other: in turns, in batches long enough to be timed, the best of three batches a round. */
import type { MicroGroup } from "../figures.ts"
import type { Case, Group } from "./cases.ts"

export interface Effort {
  readonly rounds: number
  readonly batchMs: number
}

/** Results go here, so that the engine can not leave the work out. */
let sink: unknown

const batch = (work: () => unknown, calls: number): number => {
  const began = performance.now()
  for (let i = 0; i < calls; i++) sink = work()
  return performance.now() - began
}

/** Calls that fill a batch, found while warming up. */
const callsFor = (work: () => unknown, ms: number): number => {
  let calls = 16
  for (;;) {
    const taken = batch(work, calls)
    if (taken >= ms) return Math.max(1, Math.round((calls * ms) / taken))
    calls *= 2
  }
}

const best = ({ work }: Case, calls: number): number =>
  (Math.min(batch(work, calls), batch(work, calls), batch(work, calls)) / calls) * 1e6

export const measureGroup = ({ name, cases }: Group, { rounds, batchMs }: Effort): MicroGroup => {
  const prepared = cases.map((one) => {
    callsFor(one.work, batchMs)
    const ns: Array<number> = []
    return { one, calls: callsFor(one.work, batchMs), ns }
  })
  for (let round = 0; round < rounds; round++) {
    for (const { one, calls, ns } of prepared) ns.push(best(one, calls))
  }
  return {
    name,
    cases: prepared.map(({ one: { bar, limitNs, name: of }, ns }) => ({
      name: of,
      ns,
      ...(bar === undefined ? {} : { bar }),
      ...(limitNs === undefined ? {} : { limitNs })
    }))
  }
}

export interface StreamCase {
  readonly name: string
  /** Nanoseconds a chunk may cost above the first case. */
  readonly over?: number
  readonly open: () => ReadableStream<Uint8Array>
}

export interface StreamGroup {
  readonly name: string
  /** Of one stream. */
  readonly chunks: number
  /** The first is the yardstick. */
  readonly cases: ReadonlyArray<StreamCase>
}

/** Streams read before the clock runs, and batches of a round of which the best counts. */
const WARM_UP = 10
const TRIES = 6

/** Opens streams and reads each to its end; nanoseconds per chunk. */
const streamBatch = async ({ open }: StreamCase, chunks: number, times: number): Promise<number> => {
  const began = performance.now()
  for (let i = 0; i < times; i++) {
    const reader = open().getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) sink = part.value
  }
  return ((performance.now() - began) / (times * chunks)) * 1e6
}

/** As `measureGroup`, for streams: nanoseconds per chunk. */
export const measureStreams = async (
  { name, chunks, cases }: StreamGroup,
  { rounds, batchMs }: Effort
): Promise<MicroGroup> => {
  const prepared: Array<{ one: StreamCase; times: number; ns: Array<number> }> = []
  for (const one of cases) {
    for (let i = 0; i < WARM_UP; i++) await streamBatch(one, chunks, 1)
    const taken = (await streamBatch(one, chunks, 1)) * chunks
    prepared.push({ one, times: Math.max(1, Math.ceil((batchMs * 1e6) / taken)), ns: [] })
  }
  for (let round = 0; round < rounds; round++) {
    const best = prepared.map(() => Infinity)
    // In turns here too: a machine that is busy for a moment is so for all of them.
    for (let i = 0; i < TRIES; i++) {
      for (const [at, { one, times }] of prepared.entries()) {
        best[at] = Math.min(best[at] ?? Infinity, await streamBatch(one, chunks, times))
      }
    }
    for (const [at, { ns }] of prepared.entries()) ns.push(best[at] ?? Infinity)
  }
  return {
    name,
    cases: prepared.map(({ one, ns }) =>
      one.over === undefined ? { name: one.name, ns } : { name: one.name, ns, over: one.over }
    )
  }
}

/** What the last call gave; read by nobody but the engine's optimiser. */
export const lastResult = (): unknown => sink
