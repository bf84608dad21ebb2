/** Medians, ranges and their spread: what a handful of rounds on a noisy machine may honestly be reduced to. Pure. */

export interface Range {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Median, least and greatest; undefined of nothing. */
export const rangeOf = (values: ReadonlyArray<number>): Range | undefined => {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[0]
  const high = sorted.at(-1)
  if (low === undefined || high === undefined) return undefined
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? high
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? low) + upper) / 2
  return { median, low, high }
}

/** (greatest − least) / median; 0 when all are alike, infinite when the median is 0 and they are not. */
export const spreadOf = ({ median, low, high }: Range): number => (high === low ? 0 : (high - low) / Math.abs(median))

/** The value below which the share `p` (0…1) of the sorted values lies; 0 of nothing. */
export const percentile = (sorted: ArrayLike<number>, p: number): number =>
  sorted.length === 0 ? 0 : (sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * p) - 1))] ?? 0)

/** Element by element `values[i] / yardstick[i]`: rounds are compared with their own neighbours, so that drift cancels. */
export const ratios = (values: ReadonlyArray<number>, yardstick: ReadonlyArray<number>): ReadonlyArray<number> =>
  values.flatMap((value, i) => {
    const by = yardstick[i]
    return by === undefined || by === 0 ? [] : [value / by]
  })

/** Element by element `values[i] - yardstick[i]`, for the same reason. */
export const differences = (values: ReadonlyArray<number>, yardstick: ReadonlyArray<number>): ReadonlyArray<number> =>
  values.flatMap((value, i) => {
    const by = yardstick[i]
    return by === undefined ? [] : [value - by]
  })
