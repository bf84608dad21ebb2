import { describe, expect, it } from "vitest"
import { groups } from "../src/micro/cases.ts"
import { lastResult, measureGroup } from "../src/micro/measure.ts"

const resultOf = (group: RegExp, name: RegExp): unknown =>
  groups
    .find((one) => group.test(one.name))
    ?.cases.find((one) => name.test(one.name))
    ?.work()

const toolsIn = (text: unknown): number => JSON.parse(String(text)).result.tools.length

describe("what the micro benches measure does its work", () => {
  it("list filter: all shown passes as it came, half hidden is rewritten", () => {
    expect(toolsIn(resultOf(/^list/, /^parse \+ filterList, all/))).toBe(100)
    expect(toolsIn(resultOf(/^list/, /write, half/))).toBe(50)
    expect(resultOf(/^list/, /filterText.*all/)).toBeUndefined()
    expect(resultOf(/^list/, /filterText.*half/)).toMatchObject({ _tag: "Text" })
  })

  it("stream filter: an event without a list keeps its bytes", () => {
    expect(resultOf(/^event/, /nothing to judge/)).toBeInstanceOf(Uint8Array)
    const text = new TextDecoder().decode(resultOf(/^event/, /half hidden/) as Uint8Array)
    expect(toolsIn(/^data: (.*)$/m.exec(text)?.[1])).toBe(50)
  })

  it("decision: allowed", () => {
    expect(resultOf(/^decision/, /./)).toMatchObject({ allowed: true })
  })

  it("credential: a principal", () => {
    expect(resultOf(/^credential/, /./)).toMatchObject({ claims: { username: "bench" } })
  })
})

describe("timing", () => {
  it("calls every case and gives a value per round", () => {
    let calls = 0
    const group = {
      name: "g",
      cases: [
        { name: "a", work: () => ++calls },
        { name: "b", bar: 2, work: () => ++calls }
      ]
    }
    const measured = measureGroup(group, { rounds: 3, batchMs: 0.01 })
    expect(measured.cases.map(({ name, ns }) => [name, ns.length])).toEqual([
      ["a", 3],
      ["b", 3]
    ])
    expect(measured.cases[1]?.bar).toBe(2)
    expect(lastResult()).toBe(calls)
  })
})
