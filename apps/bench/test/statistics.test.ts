import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { differences, percentile, rangeOf, ratios, spreadOf } from "../src/statistics.ts"

const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 })

describe("range", () => {
  it("is median, least and greatest, in whatever order the rounds came", () => {
    expect(rangeOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5 })
    expect(rangeOf([4, 1, 2, 8])).toEqual({ median: 3, low: 1, high: 8 })
    expect(rangeOf([7])).toEqual({ median: 7, low: 7, high: 7 })
    expect(rangeOf([])).toBeUndefined()
  })

  it("holds its median, and as many values below as above it", () => {
    fc.assert(
      fc.property(values, (given) => {
        const range = rangeOf(given)
        if (range === undefined) return false
        const below = given.filter((value) => value < range.median).length
        const above = given.filter((value) => value > range.median).length
        return (
          range.low <= range.median &&
          range.median <= range.high &&
          below <= given.length / 2 &&
          above <= given.length / 2
        )
      })
    )
  })

  it("does not reorder what it was given", () => {
    const given = [3, 1, 2]
    rangeOf(given)
    expect(given).toEqual([3, 1, 2])
  })
})

describe("spread", () => {
  it("is relative to the median", () => {
    expect(spreadOf({ median: 100, low: 95, high: 110 })).toBeCloseTo(0.15)
    expect(spreadOf({ median: 0, low: 0, high: 0 })).toBe(0)
    expect(spreadOf({ median: 0, low: 0, high: 1 })).toBe(Infinity)
  })
})

describe("percentile", () => {
  it("takes the value the share lies at or below", () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(percentile(sorted, 0.5)).toBe(50)
    expect(percentile(sorted, 0.99)).toBe(99)
    expect(percentile(sorted, 1)).toBe(100)
    expect(percentile(sorted, 0)).toBe(1)
    expect(percentile([], 0.99)).toBe(0)
  })
})

describe("differences", () => {
  it("go round by round, and leave out a round without a yardstick", () => {
    expect(differences([10, 30], [7, 40])).toEqual([3, -10])
    expect(differences([1, 2], [1])).toEqual([0])
  })
})

describe("ratios", () => {
  it("compares each round with its own yardstick, and leaves out rounds that have none", () => {
    expect(ratios([10, 30, 5], [10, 15, 0])).toEqual([1, 2])
    expect(ratios([1, 2], [1])).toEqual([1])
  })
})
