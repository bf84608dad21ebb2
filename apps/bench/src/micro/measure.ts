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

/** What the last call gave; read by nobody but the engine's optimiser. */
export const lastResult = (): unknown => sink
