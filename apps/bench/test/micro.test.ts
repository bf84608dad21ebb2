import { describe, expect, it } from "vitest"
import { groups } from "../src/micro/cases.ts"
import { lastResult, measureGroup, measureStreams } from "../src/micro/measure.ts"
import { relayGroups } from "../src/micro/relays.ts"

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

  it("relays: each passes every byte of what the bare stream beside it passes", async () => {
    for (const { chunks, cases } of relayGroups) {
      const texts = await Promise.all(cases.map(({ open }) => new Response(open()).text()))
      expect(new Set(texts).size).toBe(1)
      expect(texts[0]?.length).toBeGreaterThan(chunks * 100)
      expect(texts[0]).toMatch(/"result":\{"content":\[\]\}\}\n\n$/)
    }
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

  it("reads every stream to its end and gives a value per round", async () => {
    let opened = 0
    const open = () => {
      opened++
      return new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(Uint8Array.of(opened))
          controller.close()
        }
      })
    }
    const group = {
      name: "g",
      chunks: 1,
      cases: [
        { name: "a", open },
        { name: "b", over: 9, open }
      ]
    }
    const measured = await measureStreams(group, { rounds: 2, batchMs: 0.001 })
    expect(measured.cases.map(({ name, ns, over }) => [name, ns.length, over])).toEqual([
      ["a", 2, undefined],
      ["b", 2, 9]
    ])
    expect(lastResult()).toEqual(Uint8Array.of(opened))
  })
})
