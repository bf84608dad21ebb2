import { describe, expect, it } from "vitest"
import { ARMS, armsOf, defaults, HELP, parse, PHASES } from "../src/options.ts"

const optionsOf = (...args: ReadonlyArray<string>) => {
  const parsed = parse(args)
  if (parsed._tag !== "Run") throw new Error(`not a run: ${JSON.stringify(parsed)}`)
  return parsed.options
}

const problemOf = (...args: ReadonlyArray<string>) => {
  const parsed = parse(args)
  return parsed._tag === "Wrong" ? parsed.problem : parsed._tag
}

describe("flags", () => {
  it("are the defaults when there are none: at least six rounds", () => {
    expect(optionsOf()).toEqual(defaults)
    expect(defaults.rounds).toBeGreaterThanOrEqual(6)
    expect(armsOf(defaults)).toEqual(ARMS)
  })

  it("set what they name", () => {
    const options = optionsOf(
      "--rounds",
      "8",
      "--seconds",
      "2",
      "--connections",
      "64",
      "--streams",
      "5000",
      "--no-pin",
      "--json",
      "--generator",
      "bundled"
    )
    expect(options).toMatchObject({
      rounds: 8,
      seconds: 2,
      connections: 64,
      streams: 5_000,
      pin: false,
      json: true,
      generator: "bundled"
    })
  })

  it("measure the registry over either database", () => {
    expect(optionsOf().database).toBe("sqlite")
    expect(optionsOf("--database", "postgres").database).toBe("postgres")
    expect(problemOf("--database", "mysql")).toBe('--database held "mysql"; it may hold sqlite or postgres')
    expect(problemOf("--database")).toContain('held "nothing"')
  })

  it("add the bare proxy to any arm, and to no other phase", () => {
    expect(armsOf(optionsOf("--only", "mcpgw"))).toEqual(["bare", "mcpgw"])
    expect(armsOf(optionsOf("--only", "micro,start"))).toEqual([])
    expect([...optionsOf("--only", "micro,start").only]).toEqual(["start", "micro"])
  })

  it("measure another checkout where this one is measured, last", () => {
    expect(armsOf(optionsOf("--against", "../before")).at(-1)).toBe("against")
    expect(armsOf(optionsOf("--only", "mcpgw", "--against", "../before"))).toEqual(["bare", "mcpgw", "against"])
    expect(armsOf(optionsOf("--only", "nginx", "--against", "../before"))).toEqual(["bare", "nginx"])
    expect(problemOf("--against")).toContain('--against held "nothing"; it may hold the folder')
    expect(problemOf("--against", "--json")).toContain('--against held "--json"')
    expect(problemOf("--only", "against")).toContain('--only held "against"')
  })

  it("that are wrong say what they held and what they may hold", () => {
    expect(problemOf("--rounds", "many")).toBe('--rounds held "many"; it may hold an integer from 1 to 100')
    expect(problemOf("--rounds", "0")).toContain("from 1 to 100")
    expect(problemOf("--seconds")).toBe('--seconds held "nothing"; it may hold an integer from 1 to 60')
    expect(problemOf("--only", "apache")).toContain('--only held "apache"')
    expect(problemOf("--only")).toContain("it may hold, separated by commas, direct, bare")
    expect(problemOf("--generator", "ab")).toContain("wrk or bundled")
    expect(problemOf("--fast")).toBe('unknown flag "--fast"')
  })

  it("ask for help", () => {
    expect(parse(["--help"])._tag).toBe("Help")
    expect(parse(["--rounds", "2", "-h"])._tag).toBe("Help")
  })
})

describe("help", () => {
  it("names every arm, phase and flag", () => {
    for (const name of [...ARMS, ...PHASES]) expect(HELP).toMatch(new RegExp(`^    ${name} {2,}`, "m"))
    for (const flag of ["rounds", "seconds", "connections", "streams", "only", "generator", "no-pin", "json"]) {
      expect(HELP).toContain(`    --${flag}`)
    }
  })
})
