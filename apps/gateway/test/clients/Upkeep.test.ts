/** A server's own credential on its way (S-01, contracts.md §2.9), and its health on the way to who watches (contracts.md §2.11). */
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { callTool, openSession, post, withHeaders } from "@mcpgw/testkit/McpRequest"
import { type Asked, type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, expect, it, vi } from "vitest"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const policy = (more: string) => `
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]
    toggle_service: [all]
    modify_service: [all]
    health_check_service: [all]
  few:
    list_service: [one]
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, all]
few:
  - server: one
    methods: [tools/list]
    tools: [open]
all:
  - server: "*"
    methods: [all]
    tools: [all]
${more}`

let server: ScriptedServer
let gateway: TestGateway
let admin: string
let few: string

type Health = Readonly<Record<string, { readonly status: string; readonly num_tools: number } | null>>

/** A watcher; `until` waits for messages, past or future, that together fit. */
const watch = (headers: Readonly<Record<string, string>>, path = "/api/health/ws/health_status") => {
  const socket = new WebSocket(gateway.url.replace("http", "ws") + path, { headers } as never)
  const messages: Array<Health> = []
  const looks = new Set<() => void>()
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve([code, reason]))
  })
  socket.addEventListener("message", ({ data }) => {
    messages.push(JSON.parse(String(data)))
    for (const look of looks) look()
  })
  const until = (fits: (state: Health, messages: ReadonlyArray<Health>) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (messages.length === 0 || !fits(Object.assign({}, ...messages), messages)) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
    })
  return { socket, messages, closed, until }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const change = async (method: string, path: string, json: unknown): Promise<Record<string, unknown>> => {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { cookie: admin, accept: "application/json", "content-type": "application/json", origin: gateway.url },
    body: JSON.stringify(json)
  })
  const text = await response.text()
  assert.isBelow(response.status, 300, text)
  return JSON.parse(text)
}

const register = (name: string, url: string, more: Readonly<Record<string, unknown>> = {}) =>
  change("POST", "/api/register", { name, path: `/${name}`, proxy_pass_url: url, ...more })

beforeAll(async () => {
  server = await startScripted(legacyScript({ tools: ["open"] }))
  gateway = await startGateway({
    scopes: policy(""),
    env: {
      MCPGW_DEMO_SERVERS: "false",
      MCPGW_LOG_LEVEL: "debug",
      HEALTH_CHECK_INTERVAL_SECONDS: "300",
      ONE_AUTH_TOKEN: "token-of-the-environment"
    }
  })
  admin = await gateway.signIn()
  few = await gateway.token(["few"])
  await register("one", `${server.url}/`, {
    auth_scheme: "api_key",
    auth_header_name: "X-Api-Key",
    auth_credential: "s3cret-one"
  })
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

/** What the server was asked since `forget`, by whom. */
const asked = () => {
  const isCall = ({ headers }: Asked) => headers.has("x-user")
  return { calls: server.seen.filter(isCall), checks: server.seen.filter((one) => !isCall(one)) }
}

const call = async (name: string, headers: Readonly<Record<string, string>> = {}) => {
  const token = await gateway.token(["all"])
  const who = { url: `${gateway.url}/${name}/mcp`, headers: { ...bearer(token), ...headers } }
  return post(await openSession(who), callTool("open"))
}

describe("S-01: a server's own credential", () => {
  it("goes with checks, tool fetching and calls; a caller's own header of that name does not", async () => {
    const response = await call("one", { "x-api-key": "forged-1", x_api_key: "forged-2", "X-API-KEY": "forged-3" })
    assert.strictEqual(response.status, 200)
    assert.include(await response.text(), '"text":"open"')
    const { calls, checks } = asked()
    for (const method of ["initialize", "tools/call"])
      assert.isTrue(
        calls.some(({ rpc }) => rpc.method === method),
        method
      )
    for (const method of ["initialize", "tools/list"])
      assert.isTrue(
        checks.some(({ rpc }) => rpc.method === method),
        method
      )
    for (const { headers, rpc } of [...calls, ...checks]) {
      assert.strictEqual(headers.get("x-api-key"), "s3cret-one", rpc.method)
      assert.notInclude(JSON.stringify([...headers]), "forged")
      assert.isFalse(headers.has("authorization"))
    }
  })

  it("a caller's own Authorization does not go along with it; a change counts for the next call", async () => {
    await change("PUT", "/api/credentials/one", { auth_scheme: "bearer", auth_credential: "s3cret-two" })
    server.forget()
    const token = await gateway.token(["all"])
    const who = {
      url: `${gateway.url}/one/mcp`,
      headers: { "x-authorization": `Bearer ${token}`, authorization: "Bearer own" }
    }
    await post(await openSession(who), callTool("open"))
    await change("PUT", "/api/credentials/one", { auth_scheme: "client" })
    await post(withHeaders(await openSession(who), {}), callTool("open"))
    const sent = [...new Set(asked().calls.map(({ headers }) => headers.get("authorization")))]
    assert.deepEqual(sent, ["Bearer s3cret-two", "Bearer own"])
    assert.isTrue(asked().calls.every(({ headers }) => !headers.has("x-api-key")))
  })

  it("contracts §2.9: $NAME_AUTH_TOKEN comes from the environment; a missing one is told by name", async () => {
    const headers = [{ Authorization: "Bearer $ONE_AUTH_TOKEN" }]
    await register("env", `${server.url}/`, { headers })
    server.forget()
    await call("env")
    const sent = new Set(asked().calls.map((one) => one.headers.get("authorization")))
    assert.deepEqual([...sent], ["Bearer token-of-the-environment"])
    const { health } = await register("lost", `${server.url}/`, { headers: [{ "X-Key": "$LOST_AUTH_TOKEN" }] })
    assert.include(JSON.stringify(health), "It can not be called: the environment variable LOST_AUTH_TOKEN is not set.")
    const refused = await post(
      { url: `${gateway.url}/lost/mcp`, headers: bearer(await gateway.token(["all"])) },
      callTool("open")
    )
    assert.oneOf(refused.status, [502, 503])
    assert.include(await refused.text(), "LOST_AUTH_TOKEN is not set")
  })

  it("SECURITY: a secret is in no file of the data folder and no line of the log", async () => {
    const files = readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    const text = files.map((one) => readFileSync(join(one.parentPath, one.name)).toString("latin1")).join("\n")
    assert.notMatch(text, /s3cret-(?:one|two)|token-of-the-environment/)
    assert.notMatch(gateway.output(), /s3cret-(?:one|two)|token-of-the-environment/)
  })
})

describe("contracts §2.11: who watches health", () => {
  it("a hundred clients get the map first, then what changed, without waiting for a check; the old path too", async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, i) => gateway.token(["few"], { sub: `person-${i}` }))
    )
    const all = Array.from({ length: 100 }, (_, i) =>
      watch(bearer(people[i % 10] ?? ""), i % 4 < 2 ? undefined : "/ws/health_status")
    )
    await Promise.all(all.map(({ until }) => until((state) => state["/one"]?.status === "healthy")))
    assert.isTrue(all.every(({ messages }) => messages.length === 1))
    assert.strictEqual(all[0]?.messages[0]?.["/one"]?.num_tools, 1)
    const times: Array<number> = []
    for (const enabled of ["off", "on", "off", "on", "off"]) {
      const began = performance.now()
      await change("POST", "/api/toggle/one", { enabled })
      await Promise.all(
        all.map(({ until }) => until((state) => (state["/one"]?.status === "disabled") === (enabled === "off")))
      )
      times.push(Math.round(performance.now() - began))
    }
    // Each is bounded by the test's own limit; half of them are there within the second that is promised.
    assert.isBelow(times.toSorted((x, y) => x - y)[2] ?? Infinity, 1_000, times.join(", "))
    await Promise.all(all.map(({ until }) => until((state) => state["/one"]?.status === "disabled")))
    assert.deepEqual(Object.keys(all[0]?.messages.at(-1) ?? {}), ["/one"])
    await change("POST", "/api/toggle/one", { enabled: "on" })
    await Promise.all(all.map(({ until }) => until((state) => state["/one"]?.status === "healthy")))
    const stats: unknown = await (
      await fetch(`${gateway.url}/api/health/ws/stats`, { headers: { cookie: admin } })
    ).json()
    expect(stats).toMatchObject({ websockets: 100, dropped_slow_total: 0 })
    assert.strictEqual((await fetch(`${gateway.url}/api/health/ws/stats`, { headers: bearer(few) })).status, 403)
    for (const { socket } of all) socket.close()
  })

  it("S-16: one person watches with twenty clients at most, and takes no place of anybody else", async () => {
    const greedy = await gateway.token(["few"], { sub: "greedy" })
    const all = Array.from({ length: 20 }, () => watch(bearer(greedy)))
    await Promise.all(all.map(({ until }) => until((state) => state["/one"] !== undefined)))
    assert.deepEqual(await watch(bearer(greedy)).closed, [1008, "Server at capacity"])
    const events = await fetch(`${gateway.url}/api/health/events`, { headers: bearer(greedy) })
    assert.strictEqual(events.status, 503)
    assert.isNotNull(events.headers.get("retry-after"))
    const other = watch(bearer(few))
    await other.until((state) => state["/one"] !== undefined)
    for (const { socket } of [...all, other]) socket.close()
  })

  it("SECURITY: nobody without a credential, none of another origin's pages, everybody only what they may see", async () => {
    assert.deepEqual(await watch({}).closed, [1008, "Authentication required"])
    assert.deepEqual(await watch(bearer("made-up")).closed, [1008, "Authentication failed"])
    const evil = watch({ cookie: admin, origin: "https://evil.example" })
    await evil.closed
    assert.deepEqual(evil.messages, [])
    const own = watch({ cookie: admin, origin: gateway.url })
    await own.until((state) => state["/env"] !== undefined)
    const limited = watch(bearer(few))
    await limited.until((state) => state["/one"] !== undefined)
    assert.deepEqual(Object.keys(limited.messages[0] ?? {}), ["/one"])
    const map = (headers: Readonly<Record<string, string>>) =>
      fetch(`${gateway.url}/api/health/ws/health_status`, { headers })
    assert.deepEqual(Object.keys(JSON.parse(await (await map(bearer(few))).text())), ["/one"])
    assert.strictEqual((await map({})).status, 401)
    const old = await fetch(`${gateway.url}/ws/health_status`, { headers: bearer(few) })
    assert.deepEqual(Object.keys(JSON.parse(await old.text())), ["/one"])
    const other = await fetch(`${gateway.url}/one/mcp`, {
      headers: { ...bearer(few), upgrade: "websocket", connection: "upgrade" }
    })
    assert.strictEqual(other.status, 400, "every other route refuses upgrades")
    own.socket.close()
    limited.socket.close()
  })

  it("a change of the policy, and the end of a session, count for open sockets", async () => {
    const limited = watch(bearer(few))
    await limited.until((state) => state["/one"] !== undefined)
    const cookie = await gateway.signIn()
    const session = watch({ cookie })
    await session.until((state) => state["/one"] !== undefined)
    await register("two", `${server.url}/`)
    const file = join(gateway.dataDir, "policy.yml")
    writeFileSync(
      file,
      policy("").replace("list_service: [one]", "list_service: [two]").replace("server: one", "server: two")
    )
    await limited.until((state) => state["/one"] === null && state["/two"] !== undefined)
    writeFileSync(file, policy(""))
    await limited.until((state) => state["/one"] !== null && state["/two"] === null)
    await fetch(`${gateway.url}/api/auth/logout`, { method: "POST", headers: { cookie, origin: gateway.url } })
    assert.deepEqual(await session.closed, [1008, "Authentication failed"])
    limited.socket.close()
  })

  it("the same as server-sent events", async () => {
    const leave = new AbortController()
    const url = `${gateway.url}/api/health/events`
    const response = await fetch(url, { headers: bearer(few), signal: leave.signal })
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ""
    while (!text.includes("data: ")) text += (await reader?.read())?.value ?? ""
    assert.match(text, /data: \{"\/one":\{"status":"healthy","last_checked_iso":"[^"]+","num_tools":1\}\}\n\n/)
    await change("POST", "/api/toggle/one", { enabled: "off" })
    while (!text.includes('"disabled"')) text += (await reader?.read())?.value ?? ""
    await change("POST", "/api/toggle/one", { enabled: "on" })
    leave.abort()
    const evil = await fetch(url, { headers: { cookie: admin, origin: "https://evil.example" } })
    assert.strictEqual(evil.status, 403)
  })

  it("design §6: three calls that reach nothing make a server unhealthy at once, and its next success heals it", async () => {
    const twin = await startScripted(legacyScript({ tools: ["open"] }))
    await register("gone", `${twin.url}/`)
    const watcher = watch({ cookie: admin })
    await watcher.until((state) => state["/gone"]?.status === "healthy")
    const token = await gateway.token(["all"])
    const session = await openSession({ url: `${gateway.url}/gone/mcp`, headers: bearer(token) })
    await twin.stop()
    for (const id of [1, 2, 3]) assert.strictEqual((await post(session, callTool("open", id))).status, 502)
    const began = performance.now()
    await watcher.until((state) => state["/gone"]?.status === "unhealthy: connection error")
    assert.isBelow(performance.now() - began, 15_000)
    assert.strictEqual((await post(session, callTool("open"))).status, 503)
    const back = Bun.serve({ port: twin.port, hostname: "127.0.0.1", fetch: answer })
    await watcher.until((_, messages) => messages.filter((one) => one["/gone"]?.status === "healthy").length > 1)
    watcher.socket.close()
    await back.stop(true)
  })

  it("a shutdown lets watchers go in words, and does not wait for them", async () => {
    const watcher = watch({ cookie: admin })
    await watcher.until((state) => state["/one"] !== undefined)
    const events = await fetch(`${gateway.url}/api/health/events`, { headers: { cookie: admin } })
    const began = performance.now()
    const stopped = gateway.stop("SIGTERM")
    assert.deepEqual(await watcher.closed, [1001, "Going away"])
    assert.include(await events.text(), '"/one":{"status":"healthy"')
    await stopped
    assert.isBelow(performance.now() - began, 15_000)
  })
})

/** The same server on the same port again. */
const answer = async (request: Request): Promise<Response> => {
  const rpc: { readonly id?: number; readonly method?: string } = JSON.parse((await request.text()) || "{}")
  if (rpc.id === undefined) return new Response(null, { status: request.method === "GET" ? 405 : 202 })
  const results: Readonly<Record<string, unknown>> = {
    initialize: { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "back", version: "1" } },
    ping: {}
  }
  const result = results[rpc.method ?? ""]
  return Response.json(
    result === undefined
      ? { jsonrpc: "2.0", id: rpc.id, error: { code: -32601, message: "no such method" } }
      : { jsonrpc: "2.0", id: rpc.id, result }
  )
}
