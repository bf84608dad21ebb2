import { describe, expect, it } from "vitest"
import { cpuTime, descendants, parseResident, parseStat, resident } from "../src/proc.ts"

/** A line of a kernel 6 machine, its name made difficult. */
const LINE =
  "4711 (nginx: (worker) a) b) S 4700 4700 4700 0 -1 4194624 1234 0 0 0 151 249 7 9 20 0 3 0 123456 22200320 1500 18446744073709551615 1 1 0"

describe("/proc/{pid}/stat", () => {
  it("reads pid, parent and the CPU time of the process, not that of its ended children", () => {
    expect(parseStat(LINE)).toEqual({ pid: 4711, parent: 4700, ticks: 151 + 249 })
  })

  it("reads nothing out of what is no such line", () => {
    for (const text of ["", "4711", "4711 (a) S", "x (a) S 1 1 1 0 -1 0 0 0 0 0 1 2"])
      expect(parseStat(text)).toBeUndefined()
  })
})

describe("processes that serve", () => {
  const all = [
    { pid: 30, parent: 20, ticks: 4 },
    { pid: 20, parent: 10, ticks: 2 },
    { pid: 10, parent: 1, ticks: 1 },
    { pid: 40, parent: 1, ticks: 8 }
  ]

  it("are the roots and all they started, whatever the order", () => {
    expect(descendants(all, [10]).map(({ pid }) => pid)).toEqual([30, 20, 10])
    expect(descendants(all, [20, 40]).map(({ pid }) => pid)).toEqual([30, 20, 40])
    expect(descendants(all, [99])).toEqual([])
  })
})

describe("resident memory", () => {
  it("is in bytes", () => {
    expect(parseResident("Name:\tbun\nVmPeak:\t 900 kB\nVmRSS:\t   1536 kB\nRssAnon:\t 12 kB\n")).toBe(1536 * 1024)
  })

  it("is 0 for a process that has none", () => {
    expect(parseResident("Name:\tkthreadd\n")).toBe(0)
  })
})

describe("this process", () => {
  it("has used time and memory", () => {
    expect(cpuTime([process.pid])).toBeGreaterThan(0)
    expect(resident([process.pid])).toBeGreaterThan(1_000_000)
  })
})
