import { parseDescription } from "./support/Docstring.ts"
import { describe, expect, it } from "vitest"
import { type DemoName, type Handler, handlers, isDemoName, names, registrations } from "../src/Demo.ts"
import { type Era, eras, type Fetch, withClient } from "./support/Clients.ts"

const eachEra = Object.keys(eras).filter((era): era is Era => era in eras)
const through =
  (handler: Handler): Fetch =>
  (url, init) =>
    handler(new Request(String(url), init))

const on = <A>(era: Era, name: DemoName, use: Parameters<typeof withClient<A>>[2]): Promise<A> =>
  withClient(era, `${registrations[name].proxy_pass_url}mcp`, use, through(handlers()[name]))

describe.each(eachEra)("in-process, %s client", (era) => {
  it.each(names)("%s lists tools whose descriptions split as docstrings (contracts §2.9)", async (name) => {
    const { tools } = await on(era, name, (client) => client.listTools())
    expect(tools.length).toBeGreaterThan(0)
    for (const { description = "", inputSchema } of tools) {
      const sections = parseDescription(description)
      expect(sections.main).not.toBe("")
      expect(sections.returns).not.toBe("")
      for (const argument of Object.keys(inputSchema.properties ?? {})) expect(sections.args).toContain(`${argument}:`)
    }
  })

  it("every fake tool answers a plausible call, the same for the same arguments", async () => {
    await on(era, "realserverfaketools", async (client) => {
      for (const [name, args] of Object.entries(CALLS)) {
        const once = await client.callTool({ name, arguments: args })
        expect(once.isError ?? false, name).toBe(false)
        expect(once.structuredContent, name).toBeTypeOf("object")
        expect(await client.callTool({ name, arguments: args }), name).toEqual(once)
      }
    })
  })

  it("arguments out of bounds come back as tool errors", async () => {
    await on(era, "realserverfaketools", async (client) => {
      const energetic = await client.callTool({ name: "quantum_flux_analyzer", arguments: { energy_level: 11 } })
      expect(energetic.isError).toBe(true)
      const timeframe = { start: "2026-01-02T00:00:00Z", end: "2026-01-01T00:00:00Z" }
      const backwards = await client.callTool({ name: "temporal_anomaly_detector", arguments: { timeframe } })
      expect(backwards.isError).toBe(true)
      expect(JSON.stringify(backwards.content)).toContain("2026-01-02T00:00:00Z to 2026-01-01T00:00:00Z")
    })
  })

  it("an unknown zone is a tool error that names what it held", async () => {
    const call = { name: "current_time_by_timezone", arguments: { tz_name: "Mars/Olympus" } }
    const result = await on(era, "currenttime", (client) => client.callTool(call))
    expect(result.isError).toBe(true)
    expect(JSON.stringify(result.content)).toContain("Mars/Olympus")
  })
})

const CALLS: Readonly<Record<string, Record<string, unknown>>> = {
  quantum_flux_analyzer: { energy_level: 7, enable_temporal_shift: true },
  neural_pattern_synthesizer: { input_patterns: ["alpha", "beta"], dimensions: 4 },
  hyper_dimensional_mapper: { coordinates: { latitude: 45.1, longitude: 9.2 }, dimension_count: 6 },
  temporal_anomaly_detector: {
    timeframe: { start: "2026-01-01T00:00:00Z", end: "2026-02-01T00:00:00+01:00" },
    anomaly_types: ["causal_loop", "echo"]
  },
  user_profile_analyzer: {
    profile: { username: "ada", email: "ada@example.com", age: 36, interests: ["engines"] },
    analysis_options: { depth: "deep" }
  },
  synthetic_data_generator: { schema: { id: "integer", name: "string", born: "date" }, record_count: 3 }
}

describe("registrations", () => {
  it("name every server once and lead in-process", () => {
    expect(Object.keys(registrations)).toEqual([...names])
    expect(Object.keys(handlers())).toEqual([...names])
    for (const name of names) {
      expect(registrations[name].proxy_pass_url).toBe(`in-process://${name}/`)
      expect(registrations[name].path).toBe(`/${name}`)
    }
    expect(isDemoName("toString")).toBe(false)
  })

  it("importing them does not load the MCP library", async () => {
    const loaded = async (file: string): Promise<number> => {
      const script = `await import(${JSON.stringify(new URL(file, import.meta.url).pathname)})
        process.stdout.write(String(Object.keys(require.cache).filter((path) => path.includes("modelcontextprotocol")).length))`
      return Number(await new Response(Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" }).stdout).text())
    }
    expect(await loaded("../src/CurrentTime.ts")).toBeGreaterThan(0)
    expect(await loaded("../src/Demo.ts")).toBe(0)
  })
})
