/** Control plane and data plane as two processes over one store (design §1): what is done in one counts in the other within a second. */
import { BUN, type TestGateway, startGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { callTool, caller, openSession, post } from "@mcpgw/testkit/McpRequest"
import { overPostgres } from "@mcpgw/testkit/Postgres"
import { freePort, spawn, tempDir } from "@mcpgw/testkit/Process"
import { type ScriptedServer, startScripted } from "@mcpgw/testkit/ScriptedServer"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { twinsSuite } from "./twins.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

/** Within this time what one process did counts in the other; more than the second that is promised, for a busy machine. */
const SOON_MS = 10_000

/** What is promised; half of what is tried is within it. */
const SECOND_MS = 1_000

const medianOf = (times: ReadonlyArray<number>): number =>
  times.toSorted((x, y) => x - y)[Math.floor(times.length / 2)] ?? Infinity

/** A start on a busy machine. */
const START_MS = 60_000

const soon = async (done: () => Promise<boolean>, ms = SOON_MS): Promise<void> => {
  const deadline = Date.now() + ms
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not so within ${ms} ms`)
    await Bun.sleep(25)
  }
}

interface Pair {
  readonly registry: TestGateway
  readonly gateway: TestGateway
  readonly cookie: string
  readonly api: (method: string, path: string, body?: unknown) => Promise<Response>
  readonly key: { readonly id: string; readonly text: string }
  readonly close: () => Promise<void>
}

const decodeKey = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String, key: Schema.String }))
const decodeReady = Schema.decodeUnknownSync(
  Schema.Struct({
    ready: Schema.Boolean,
    policy: Schema.Struct({ problem: Schema.NullOr(Schema.String) }),
    store: Schema.Struct({ reachable: Schema.Boolean })
  })
)

const decodeHealth = Schema.decodeUnknownSync(
  Schema.parseJson(
    Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.Struct({ status: Schema.String })) })
  )
)

interface Watcher {
  readonly messages: ReadonlyArray<ReturnType<typeof decodeHealth>>
  readonly statusOf: (path: string) => string | undefined
  readonly close: () => void
}

const watcher = (messages: Watcher["messages"], close: () => void): Watcher => ({
  messages,
  statusOf: (path) => Object.assign({}, ...messages)[path]?.status,
  close
})

/** Health at the registry's WebSocket, as administrator. */
const watch = ({ cookie, registry }: Pair): Watcher => {
  const messages: Array<ReturnType<typeof decodeHealth>> = []
  const url = `${registry.url.replace("http", "ws")}/api/health/ws/health_status`
  const socket = new WebSocket(url, { headers: { cookie } } as never)
  socket.addEventListener("message", ({ data }) => void messages.push(decodeHealth(data)))
  return watcher(messages, () => socket.close())
}

/** The same as server-sent events. */
const follow = async ({ cookie, registry }: Pair): Promise<Watcher> => {
  const messages: Array<ReturnType<typeof decodeHealth>> = []
  const stop = new AbortController()
  const answer = await fetch(`${registry.url}/api/health/events`, { headers: { cookie }, signal: stop.signal })
  const read = async (): Promise<void> => {
    let text = ""
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (text + part).split("\n")
      text = lines.pop() ?? ""
      for (const line of lines) if (line.startsWith("data: ")) messages.push(decodeHealth(line.slice(6)))
    }
  }
  // It ends by being aborted.
  read().catch(() => undefined)
  return watcher(messages, () => stop.abort())
}

/** A registry, and a gateway that serves MCP alone, with nothing shared but store and keys. */
const startPair = async (databaseUrl: string): Promise<Pair> => {
  const keys = tempDir("keys")
  const shared = {
    MCPGW_DATABASE_URL: databaseUrl,
    MCPGW_KEYS_DIR: keys.path,
    MCPGW_POLICY: "store",
    MCPGW_PUBLIC_URL: `http://127.0.0.1:${await freePort()}`,
    HEALTH_CHECK_INTERVAL_SECONDS: "3600"
  }
  const command = [...BUN, "run", "apps/registry"]
  const registry = await startGateway({ command, env: shared, readyMs: START_MS })
  const gateway = await startGateway({ env: { ...shared, MCPGW_REGISTRY: "store" }, readyMs: START_MS })
  const cookie = await registry.signIn()
  const api = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(registry.url + path, {
      method,
      headers: { cookie, accept: "application/json", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const made = decodeKey(await (await api("POST", "/api/keys", { name: "t" })).json())
  return {
    registry,
    gateway,
    cookie,
    api,
    key: { id: made.id, text: made.key },
    close: async () => {
      await Promise.all([registry.close(), gateway.close()])
      keys.remove()
    }
  }
}

/** Status of a tool's call through the data plane. */
const called = async ({ gateway, key }: Pair, path: string): Promise<number> => {
  const who = caller(`${gateway.url}${path}/mcp`, key.text)
  const opened = await openSession(who).catch(() => undefined)
  return opened === undefined ? 0 : (await post(opened, callTool("echo"))).status
}

const statusOf = async ({ gateway, key }: Pair, path: string): Promise<number> =>
  (await post(caller(`${gateway.url}${path}/mcp`, key.text), { jsonrpc: "2.0", id: 1, method: "ping" })).status

const suite = (name: string, database: () => Promise<string>, more: (pair: () => Pair) => void = () => {}): void => {
  describe(`registry and gateway over ${name}`, () => {
    let server: ScriptedServer
    let pair: Pair

    beforeAll(async () => {
      server = await startScripted(legacyScript({ tools: ["echo"] }))
      pair = await startPair(await database())
    })

    afterAll(async () => {
      await pair?.close()
      await server?.stop()
    })

    const registered = (path: string): Promise<Response> =>
      pair.registry.register({ name: path.slice(1), path, description: "d", proxy_pass_url: server.url })

    it("each serves its part and says where the other is; the way in is told by both", async () => {
      const api = await fetch(`${pair.gateway.url}/api/servers`)
      assert.strictEqual(api.status, 404)
      assert.match(await api.text(), /MCPGW_REGISTRY=store/)
      const mcp = await post(caller(`${pair.registry.url}/currenttime/mcp`, pair.key.text), callTool("x"))
      assert.strictEqual(mcp.status, 404)
      assert.match(await mcp.text(), /"jsonrpc":"2.0".*This is the registry/)
      for (const { url } of [pair.gateway, pair.registry]) {
        const document = await fetch(`${url}/.well-known/oauth-protected-resource/currenttime/mcp`)
        assert.strictEqual(document.status, 200)
        const ready = await fetch(`${url}/ready`)
        assert.deepInclude(await ready.json(), { ready: true, store: { reachable: true } })
      }
    })

    it("registered, switched, and removed in one: callable, not callable, and gone through the other", async () => {
      assert.strictEqual((await registered("/here")).status, 201)
      await soon(async () => (await called(pair, "/here")) === 200)
      assert.strictEqual((await pair.api("POST", "/api/toggle/here", { enabled: "off" })).status, 200)
      await soon(async () => (await statusOf(pair, "/here")) === 503)
      assert.strictEqual((await pair.api("POST", "/api/toggle/here", { enabled: "on" })).status, 200)
      await soon(async () => (await called(pair, "/here")) === 200)
      assert.strictEqual((await pair.api("DELETE", "/api/servers/here")).status, 200)
      await soon(async () => (await statusOf(pair, "/here")) === 404)
    })

    it("issue 6: registered in one, callable through the other within a second", async () => {
      const times: Array<number> = []
      for (const path of ["/soon", "/soon-2", "/soon-3", "/soon-4", "/soon-5"]) {
        assert.strictEqual((await registered(path)).status, 201)
        const began = performance.now()
        await soon(async () => (await called(pair, path)) === 200)
        times.push(Math.round(performance.now() - began))
      }
      assert.isBelow(medianOf(times), SECOND_MS, times.join(", "))
    })

    it("issue 6: calls that fail at the gateway are seen at the registry, by WebSocket and events alike, and so is its next success", async () => {
      const paths = ["/frail", "/frail-2", "/frail-3"]
      // Each at an address of its own: what fails at one is told apart from what fails at another.
      const ports = await Promise.all(paths.map(freePort))
      const start = () => Promise.all(ports.map((port) => startScripted(legacyScript({ tools: ["echo"] }), port)))
      const stop = () => Promise.all(frail.map((one) => one.stop()))
      let frail = await start()
      for (const [i, path] of paths.entries()) {
        const form = { name: path.slice(1), path, description: "d", proxy_pass_url: frail[i]?.url ?? "" }
        assert.strictEqual((await pair.registry.register(form)).status, 201)
      }
      const socket = watch(pair)
      const events = await follow(pair)
      try {
        for (const path of paths) {
          await soon(async () => (await called(pair, path)) === 200)
          await soon(() => Promise.resolve(socket.statusOf(path) === "healthy"))
        }
        await stop()
        const times: Array<number> = []
        for (const path of paths) {
          for (const _ of [1, 2, 3]) await statusOf(pair, path)
          const began = performance.now()
          for (const { statusOf } of [socket, events]) {
            await soon(() => Promise.resolve(statusOf(path)?.startsWith("unhealthy: ") === true))
          }
          times.push(Math.round(performance.now() - began))
        }
        assert.isBelow(medianOf(times), SECOND_MS, times.join(", "))
        assert.strictEqual(await statusOf(pair, "/frail-3"), 503)
        frail = await start()
        for (const { statusOf } of [socket, events]) {
          await soon(() => Promise.resolve(paths.every((path) => statusOf(path) === "healthy")))
        }
        await soon(async () => (await called(pair, "/frail")) === 200)
        assert.deepStrictEqual(socket.messages, events.messages)
      } finally {
        socket.close()
        events.close()
        await stop()
      }
    })

    more(() => pair)

    it("a key revoked in one is refused by the other", async () => {
      assert.notStrictEqual(await statusOf(pair, "/currenttime"), 401)
      assert.strictEqual((await pair.api("DELETE", `/api/keys/${pair.key.id}`)).status, 200)
      await soon(async () => (await statusOf(pair, "/currenttime")) === 401)
    })
  })
}

const room = tempDir("replicas")
afterAll(() => room.remove())
suite(
  "a SQLite file",
  () => Promise.resolve(`sqlite:${join(room.path, "shared.db")}`),
  (pair) => {
    it("issue 6: one that keeps the policy elsewhere is refused, with who holds it and what to set; the others go on", async () => {
      const folder = tempDir("apart")
      const env = {
        MCPGW_DATA_DIR: folder.path,
        MCPGW_DATABASE_URL: `sqlite:${join(room.path, "shared.db")}`,
        MCPGW_PORT: String(await freePort())
      }
      const apart = spawn({ command: [...BUN, "run", "apps/gateway"], env })
      assert.strictEqual(await apart.exited, 1)
      const said = apart.output()
      for (const words of [`process ${pair().registry.pid}`, "in the database", join(folder.path, "scopes.yml")]) {
        assert.include(said, words)
      }
      assert.match(said, /MCPGW_POLICY=store for all of them/)
      assert.strictEqual((await fetch(`${pair().registry.url}/ready`)).status, 200)
      folder.remove()
    })
  }
)

overPostgres((postgres) => {
  twinsSuite("PostgreSQL", () => postgres().createDatabase())

  suite(
    "PostgreSQL",
    () => postgres().createDatabase(),
    (pair) => {
      it("design §10: while the store is out calls and reads go on, writes are told to come again, and it heals by itself", async () => {
        const { api, gateway, registry } = pair()
        const form = { name: "later", path: "/later", description: "d", proxy_pass_url: "http://127.0.0.1:9/" }
        assert.strictEqual(await statusOf(pair(), "/currenttime"), 200)
        await postgres().stop()
        const ready = async ({ url }: TestGateway) => decodeReady(await (await fetch(`${url}/ready`)).json())
        const reachable = async (one: TestGateway): Promise<boolean> => (await ready(one)).store.reachable
        await soon(async () => !(await reachable(gateway)) && !(await reachable(registry)), 15_000)
        assert.isTrue((await ready(gateway)).ready)
        // Longer than what is known of a key holds without a look at the store.
        await Bun.sleep(3_500)
        assert.strictEqual(await statusOf(pair(), "/currenttime"), 200)
        assert.strictEqual((await api("GET", "/api/servers")).status, 200)
        const refused = await api("POST", "/api/register", form)
        assert.strictEqual(refused.status, 503)
        assert.isNotNull(refused.headers.get("retry-after"))
        // The policy is there as well: the last one decides, and can not be changed.
        assert.strictEqual((await api("POST", "/api/groups", { name: "later" })).status, 503)
        assert.isNotNull((await ready(gateway)).policy.problem)
        await postgres().start()
        await soon(async () => (await reachable(gateway)) && (await reachable(registry)), 15_000)
        assert.strictEqual((await api("POST", "/api/register", form)).status, 201)
        await soon(async () => (await statusOf(pair(), "/later")) !== 404)
        await soon(async () => (await ready(gateway)).policy.problem === null)
        assert.strictEqual((await api("POST", "/api/groups", { name: "later" })).status, 201)
      })
    }
  )
})
