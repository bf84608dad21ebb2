import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Era, eras, outcome, spawn, urlOf, withClient } from "./support/Clients.ts"

const eachEra = Object.keys(eras).filter((era): era is Era => era in eras)

describe("demo servers over HTTP, in a process of their own", () => {
  const children = new Map<string, ReturnType<typeof spawn>>()
  const urls = new Map<string, string>()
  const urlFor = (name: string): string => urls.get(name) ?? ""

  beforeAll(async () => {
    for (const name of ["currenttime", "realserverfaketools"]) {
      const child = spawn(name, "--port", "0")
      children.set(name, child)
      urls.set(name, await urlOf(child))
    }
  })
  afterAll(async () => {
    for (const child of children.values()) {
      child.kill("SIGTERM")
      await child.exited
    }
  })

  it.each(eachEra)("%s client lists and calls currenttime", async (era) => {
    await withClient(era, urlFor("currenttime"), async (client) => {
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(["current_time_by_timezone"])
      const before = Date.now()
      const result = await client.callTool({ name: "current_time_by_timezone", arguments: { tz_name: "Asia/Tokyo" } })
      expect(result.structuredContent).toMatchObject({ timezone: "Asia/Tokyo", utc_offset: "+09:00" })
      const { epoch_ms } = result.structuredContent as { epoch_ms: number }
      expect(epoch_ms).toBeGreaterThanOrEqual(before)
      expect(epoch_ms).toBeLessThanOrEqual(Date.now())
    })
  })

  it.each(eachEra)("%s client lists and calls realserverfaketools", async (era) => {
    await withClient(era, urlFor("realserverfaketools"), async (client) => {
      const { tools } = await client.listTools()
      expect(tools).toHaveLength(6)
      const call = { name: "quantum_flux_analyzer", arguments: { energy_level: 3 } }
      expect(await client.callTool(call)).toEqual(await client.callTool(call))
    })
  })

  it("answers outside /mcp with 404 and a JSON-RPC body (design §6)", async () => {
    const response = await fetch(new URL("/elsewhere", urlFor("currenttime")), { method: "POST", body: "{}" })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32600 } })
  })

  it.each([{ host: "evil.example" }, { origin: "https://evil.example" }])(
    "refuses foreign %o on loopback (DNS rebinding)",
    async (headers) => {
      const response = await fetch(urlFor("currenttime"), { method: "POST", body: "{}", headers })
      expect(response.status).toBe(403)
    }
  )
})

describe("demo servers as a command", () => {
  it("--help teaches and exits 0", async () => {
    const { out, err, code } = await outcome(spawn("--help"))
    expect(code).toBe(0)
    expect(err).toBe("")
    expect(out).toContain("bun run apps/demo-servers currenttime --port 8000")
  })

  it("a wrong word names what it held and exits 2", async () => {
    const { out, err, code } = await outcome(spawn("currenttime", "--port", "http"))
    expect(code).toBe(2)
    expect(out).toBe("")
    expect(err).toContain('--port held "http"; it may hold 0 to 65535')
  })

  it("a taken port is named and exits 1", async () => {
    const holder = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() })
    const port = String(holder.port)
    const { err, code } = await outcome(spawn("currenttime", "--port", port))
    await holder.stop(true)
    expect(code).toBe(1)
    expect(err).toContain(`cannot listen on 127.0.0.1 port ${port}`)
  })

  it.each(["SIGTERM", "SIGINT"] as const)("%s ends it cleanly", async (signal) => {
    const child = spawn("currenttime", "--port=0")
    const url = await urlOf(child)
    child.kill(signal)
    expect(await child.exited).toBe(0)
    await expect(fetch(url)).rejects.toThrow()
  })
})
