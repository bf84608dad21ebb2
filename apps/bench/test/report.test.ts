import { describe, expect, it } from "vitest"
import { barsOf, brokenOf, wobblesOf } from "../src/bars.ts"
import type { AuditFigures, Figures, LoadFigures } from "../src/figures.ts"
import { render, renderJson, short, table } from "../src/report.ts"
import { BARE, QUIET } from "./figures.ts"

const NOTHING: Figures = {
  ...QUIET,
  load: undefined,
  start: undefined,
  streams: undefined,
  flood: undefined,
  registry: undefined,
  micro: undefined
}

const loadOf = (bare: LoadFigures["arms"][number]["samples"]): Figures => ({
  ...NOTHING,
  load: {
    generator: "wrk",
    arms: [
      { name: "bare", what: "", samples: bare },
      { name: "mcpgw", what: "", samples: BARE }
    ],
    audit: undefined
  }
})

const verdicts = (figures: Figures): ReadonlyArray<string> => barsOf(figures).map(({ verdict }) => verdict)

describe("report", () => {
  it("is the golden text", async () => {
    await expect(render(QUIET)).toMatchFileSnapshot("golden/report.txt")
  })

  it("sets this checkout beside another, round by round", () => {
    const load = loadOf(BARE).load
    if (load === undefined) throw new Error("no load")
    const before = BARE.map((sample) => ({ ...sample, cpu: sample.cpu * 2, rate: sample.rate / 2 }))
    const arms = [
      ...load.arms,
      { name: "against" as const, what: "the gateway of ../before, 1234567", samples: before }
    ]
    const text = render({ ...NOTHING, load: { ...load, arms } })
    expect(text).toContain("mcpgw to against, round by round: CPU 0.50x, req/s 2.00x, p50 1.00x, p99 1.00x\n")
    expect(text).toContain("  against: the gateway of ../before, 1234567\n")
    expect(render(loadOf(BARE))).not.toContain("against")
  })

  it("says nothing of what was not measured", () => {
    expect(render(NOTHING)).toBe(
      "mcpgw bench: Bun 1.4.4, 2 cores, what serves on core 0, load and echo server on core 1\nnot measured: nginx and nginx-auth: nginx is not installed\n"
    )
  })

  it("gives programs the same verdicts", () => {
    const json = JSON.parse(renderJson(QUIET))
    expect(json.bars.map(({ verdict }: { verdict: string }) => verdict)).toEqual(verdicts(QUIET))
    expect(json.load.arms[1].samples).toEqual(BARE)
  })

  it("keeps three digits that matter", () => {
    expect([0.1234, 1.234, 12.34, 123.4, 1234.5, Number.NaN].map(short)).toEqual([
      "0.12",
      "1.23",
      "12.3",
      "123",
      "1235",
      "–"
    ])
  })

  it("aligns columns", () => {
    expect(
      table([
        ["a", "10"],
        ["long", "5"]
      ])
    ).toBe("  a      10\n  long    5\n")
  })
})

describe("design §4: bars", () => {
  it("are met and missed by the median", () => {
    expect(barsOf(QUIET).map(({ name, verdict }) => [name, verdict])).toEqual([
      ["CPU of a governed call, to the bare proxy's", "met"],
      ["p99 of a governed call, to the bare proxy's", "met"],
      ["memory of an idle stream of 2000, to a bare relay's", "met"],
      ["CPU of idle streams (10 ms per s is none), to a bare relay's", "met"],
      ["memory at rest", "met"],
      ["start to the first answered call", "met"],
      ["p99 beside a flood of forged tokens, to beside known ones", "met"],
      ["p99 beside a flood of new tokens, to beside known ones", "missed"],
      ["first page of 100", "met"],
      ["query in the list", "missed"],
      ["a registration, of many at once", "met"],
      ["envelope, small, 137 B: readEnvelope", "missed"],
      ["relayed, per chunk: an event of 206 B: the relay, above bare", "met"]
    ])
  })

  it("of a relay hold for what it takes above the bare stream, round by round", () => {
    const relay = (bare: ReadonlyArray<number>, ours: ReadonlyArray<number>): Figures => ({
      ...NOTHING,
      micro: [
        {
          name: "g",
          cases: [
            { name: "bare", ns: bare },
            { name: "ours", ns: ours, over: 250 }
          ]
        }
      ]
    })
    const [bar] = barsOf(relay([300, 310, 305], [551, 560, 555]))
    expect([bar?.limit, bar?.unit, bar?.value.median, bar?.verdict]).toEqual([250, "ns", 250, "met"])
    expect(verdicts(relay([300, 310, 305], [560, 570, 565]))).toEqual(["missed"])
    expect(verdicts(relay([300, 400, 305], [560, 570, 565]))).toEqual(["INCONCLUSIVE"])
  })

  it("compare round with round, so that a drift of both cancels", () => {
    const drifting = BARE.map((sample, i) => ({ ...sample, cpu: sample.cpu * (1 + i / 30) }))
    const load = loadOf(drifting).load
    if (load === undefined) throw new Error("no load")
    const same: Figures = {
      ...NOTHING,
      load: { ...load, arms: load.arms.map((arm) => ({ ...arm, samples: drifting })) }
    }
    expect(barsOf(same)[0]?.value).toEqual({ median: 1, low: 1, high: 1 })
  })

  it("say INCONCLUSIVE when the bare arm wobbles in CPU, naming what wobbled", () => {
    const figures = loadOf(BARE.map((sample, i) => ({ ...sample, cpu: sample.cpu * (1 + i / 10) })))
    expect(verdicts(figures)).toEqual(["INCONCLUSIVE", "INCONCLUSIVE"])
    expect(wobblesOf(figures).map(({ what }) => what)).toEqual(["CPU per request of the bare proxy"])
    expect(render(figures)).toMatch(/^INCONCLUSIVE: CPU per request of the bare proxy ranged over 2\d\.\d %/m)
  })

  it("say INCONCLUSIVE when the bare arm wobbles in requests per second", () => {
    const figures = loadOf(BARE.map((sample, i) => ({ ...sample, rate: sample.rate * (1 + i / 10) })))
    expect(wobblesOf(figures).map(({ what }) => what)).toEqual(["requests per second of the bare proxy"])
    expect(verdicts(figures)).toEqual(["INCONCLUSIVE", "INCONCLUSIVE"])
  })

  it("of a flood say INCONCLUSIVE when the p99 beside known tokens ranges by more than half, and by less do not", () => {
    const { flood } = QUIET
    if (flood === undefined) throw new Error("no flood")
    const of = (...p99: ReadonlyArray<number>): Figures => {
      const samples = { ...flood.samples, cached: p99.map((value) => ({ p50: 500, p99: value, busy: 0 })) }
      return { ...NOTHING, flood: { ...flood, samples } }
    }
    expect(verdicts(of(2_000, 2_900, 2_000))).toEqual(["met", "missed"])
    expect(verdicts(of(2_000, 3_100, 2_000))).toEqual(["INCONCLUSIVE", "INCONCLUSIVE"])
    expect(render(of(2_000, 3_100, 2_000))).toContain("between rounds; more than 50 % is another's work")
  })

  it("do not mind 15 % exactly", () => {
    const figures = loadOf([100, 115, 100].map((rate) => ({ cpu: rate, rate, p50: 1, p99: 1, ownCpu: 1 })))
    expect(wobblesOf(figures)).toEqual([])
  })

  it("judge no idle CPU below the clock's grain", () => {
    const figures: Figures = {
      ...NOTHING,
      streams: {
        streams: 100,
        bare: [{ memory: 1, opening: 1, idle: 0, event: 1 }],
        mcpgw: [{ memory: 1, opening: 1, idle: 9_000, event: 1 }]
      }
    }
    expect(barsOf(figures)[1]?.value.median).toBe(1)
  })
})

describe("work not done", () => {
  const withAudit = (audit: Partial<AuditFigures>): Figures => {
    const load = QUIET.load
    if (load?.audit === undefined) throw new Error("no audit")
    return { ...NOTHING, load: { ...load, audit: { ...load.audit, ...audit } } }
  }

  it("is nothing when every answered call has its row", () => {
    expect(brokenOf(QUIET)).toEqual([])
    expect(brokenOf(NOTHING)).toEqual([])
  })

  it("is a call without a row, a row without a call, a gap", () => {
    expect(brokenOf(withAudit({ rows: 359_999 }))).toEqual(["1 answered calls have no audit row"])
    expect(brokenOf(withAudit({ rows: 360_129 }))).toEqual(["there are more audit rows than calls"])
    expect(brokenOf(withAudit({ gapless: false }))).toEqual(["the audit record has gaps"])
    expect(render(withAudit({ rows: 359_999 }))).toContain("BROKEN: 1 answered calls have no audit row")
  })
})
