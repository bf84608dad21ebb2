/**
 * `bun run apps/bench/src/registry/main.ts`: the registry's API at 10,000 servers, asked over HTTP of a real gateway with a data folder of its
 * own. Prints medians beside what they must hold, and fails when one does not. Times are the client's: the way there and back is in them.
 */
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import { recordFrom } from "@mcpgw/registry/Registration"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Store from "@mcpgw/store/Store"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { root } from "../machine.ts"
import { cpuTime } from "../proc.ts"
import { percentile } from "../statistics.ts"

const SERVERS = Number(process.argv[2] ?? "10000")
const REQUESTS = 60
const WARM_UP = 10
const REGISTRATIONS = 1_000
/** Registrations under way at a time. */
const AT_ONCE = 8

/** Milliseconds at most, or registrations a second at least. */
const BARS = { list: 20, search: 30, register: 100 }

const PASSWORD = crypto.randomUUID()

const TOPICS = ["payments", "weather", "tickets", "calendar", "search", "metrics", "source", "storage", "mail", "maps"]

/** What a server is registered with. */
const file = (i: number) => {
  const topic = TOPICS[i % TOPICS.length] ?? ""
  return {
    server_name: `${topic} service ${(i * 7919) % SERVERS}`,
    description: `Answers questions about ${topic} of department ${i % 97} in region ${i % 13}`,
    path: `/bench/s${i}`,
    proxy_pass_url: `http://127.0.0.1:1/${i}`,
    tags: [topic, `region-${i % 13}`],
    license: "MIT",
    tool_list: Array.from({ length: 3 }, (_, n) => ({
      name: `${topic}_tool_${n}`,
      parsed_description: { main: `Looks ${topic} up, way ${n}`, args: null, returns: null, raises: null },
      schema: { type: "object", properties: { id: { type: "string" } } }
    }))
  }
}

/** `lesser` sees and may use half of the servers, by name and by rule, and is no administrator. */
const POLICY = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, lesser]
UI-Scopes:
  mcp-registry-admin: {list_service: [all], register_service: [all], modify_service: [all]}
  lesser:
    list_service: [all]
lesser:
${Array.from({ length: 5_000 }, (_, i) => `  - {server: bench/s${i * 2}, methods: [tools/list, tools/call], tools: "*"}`).join("\n")}
`

const failed = (problem: string) => new BenchFailed({ problem })

/** The store as an earlier life of the gateway would have left it; what is measured is not how it got there. */
const fill = (folder: string) =>
  Effect.gen(function* () {
    const store = yield* RegistryStore
    const now = new Date().toISOString()
    yield* Effect.forEach(
      Array.from({ length: SERVERS }, (_, i) => recordFrom({ ...file(i), trusted_address: true }, "bench", now)),
      (record) => Effect.flatMap(record, store.put),
      { discard: true }
    )
  }).pipe(
    Effect.provide(
      RegistryStore.layerSql.pipe(Layer.provide(Store.layerSqlite({ filename: join(folder, "mcpgw.db") })))
    ),
    Effect.mapError((cause) => failed(`the servers can not be stored: ${cause.message}`))
  )

interface Served {
  readonly url: string
  readonly pid: number
}

const gateway: Effect.Effect<Served, BenchFailed, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "mcpgw-bench-registry-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  writeFileSync(join(folder, "scopes.yml"), POLICY, { mode: 0o600 })
  yield* fill(folder)
  const port = yield* Child.freePort
  const child = yield* Child.start({
    name: "gateway",
    command: [process.execPath, "--no-env-file", "run", "apps/gateway"],
    cwd: root,
    env: {
      PATH: process.env["PATH"] ?? "",
      MCPGW_PORT: String(port),
      MCPGW_DATA_DIR: folder,
      MCPGW_DEMO_SERVERS: "false",
      // What nobody asked for is not measured.
      HEALTH_CHECK_INTERVAL_SECONDS: "86400",
      ADMIN_PASSWORD: PASSWORD
    }
  })
  // Thousands of servers are read before the port opens.
  yield* Effect.retry(child.printed(/is ready at/), { times: 8 })
  return { url: `http://127.0.0.1:${port}`, pid: child.pid }
})

/** Asks, reads the answer whole, and fails unless its status is `expected`. */
const ask = (url: string, init: RequestInit, expected = 200): Effect.Effect<string, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(url, init)
      const text = await response.text()
      if (response.status !== expected) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`)
      return text
    },
    catch: (cause) => failed(wordsOf(cause))
  })

const signIn = (url: string): Effect.Effect<string, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const body = new URLSearchParams({ username: "admin", password: PASSWORD })
      const response = await fetch(`${url}/api/auth/login`, { method: "POST", headers: JSON_ONLY, body })
      return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    },
    catch: (cause) => failed(wordsOf(cause))
  })

const JSON_ONLY = { accept: "application/json" }
const SENT = { ...JSON_ONLY, "content-type": "application/json" }

/** A token of the same person that makes no administrator: the policy is asked for every server. */
const lesserToken = (url: string, cookie: string) =>
  Effect.map(
    ask(`${url}/api/tokens/generate`, {
      method: "POST",
      headers: { ...SENT, cookie },
      body: JSON.stringify({ requested_scopes: ["lesser"] })
    }),
    (text): string => {
      const { access_token, tokens }: { access_token?: string; tokens?: { access_token: string } } = JSON.parse(text)
      return access_token ?? tokens?.access_token ?? ""
    }
  )

interface Timed {
  readonly name: string
  readonly median: number
  readonly p95: number
  /** Of the gateway's process, milliseconds for each request. */
  readonly cpu: number
}

/** `make` makes each request; the first few only warm up. */
const timedAt = (pid: number) => (name: string, make: (i: number) => Effect.Effect<string, BenchFailed>) =>
  Effect.gen(function* () {
    const taken: Array<number> = []
    let before = 0
    for (let i = -WARM_UP; i < REQUESTS; i++) {
      if (i === 0) before = cpuTime([pid])
      const began = performance.now()
      yield* make(i + WARM_UP)
      if (i >= 0) taken.push(performance.now() - began)
    }
    const cpu = (cpuTime([pid]) - before) / 1000 / REQUESTS
    taken.sort((a, b) => a - b)
    return { name, median: percentile(taken, 0.5), p95: percentile(taken, 0.95), cpu }
  })

const line = ({ cpu, median, name, p95 }: Timed, bar: number): string =>
  `${name.padEnd(58)} ${median.toFixed(1).padStart(7)} ms  p95 ${p95.toFixed(1).padStart(7)} ms  CPU ${cpu.toFixed(1).padStart(5)} ms  at most ${bar} ms  ${median <= bar ? "held" : "NOT HELD"}`

/** Waits until what the start does in the background, the first checks and the search index, is done. */
const settled = ({ pid }: Served): Effect.Effect<void> =>
  Effect.gen(function* () {
    const before = cpuTime([pid])
    yield* Effect.sleep("2 seconds")
    return cpuTime([pid]) - before
  }).pipe(Effect.repeat({ until: (used) => used < 100_000 }), Effect.timeout("1 minute"), Effect.ignore)

const registrations = ({ pid, url }: Served, headers: Record<string, string>) =>
  Effect.gen(function* () {
    const before = cpuTime([pid])
    const began = performance.now()
    yield* Effect.forEach(
      Array.from({ length: REGISTRATIONS }, (_, i) => ({ ...file(i), path: `/new/s${i}`, tool_list: [] })),
      (server) => ask(`${url}/api/servers`, { method: "POST", headers, body: JSON.stringify(server) }, 201),
      { concurrency: AT_ONCE, discard: true }
    )
    const rate = (REGISTRATIONS * 1000) / (performance.now() - began)
    return { rate, cpu: (cpuTime([pid]) - before) / 1000 / REGISTRATIONS }
  })

const measure = Effect.gen(function* () {
  const served = yield* gateway
  const { pid, url } = served
  const cookie = yield* signIn(url)
  const admin = { ...SENT, cookie }
  const lesser = { ...SENT, authorization: `Bearer ${yield* lesserToken(url, cookie)}` }
  const get = (path: string, headers: Record<string, string>) => ask(`${url}${path}`, { headers })
  const semantic = (headers: Record<string, string>, i: number) => {
    const body = JSON.stringify({ query: `${TOPICS[i % TOPICS.length]} of department ${i % 97}` })
    return ask(`${url}/api/search/semantic`, { method: "POST", headers, body })
  }
  const timed = timedAt(pid)
  yield* get("/api/servers?limit=1", admin)
  yield* settled(served)
  const list = yield* Effect.all([
    timed("list, first page of 100, administrator", () => get("/api/servers?limit=100", admin)),
    timed("list, first page of 100, by the policy", () => get("/api/servers?limit=100", lesser)),
    timed("list, first page of 100 by stars, administrator", () => get("/api/servers?limit=100&sort=-stars", admin))
  ])
  const search = yield* Effect.all([
    timed("query in the list, page of 100, administrator", (i) =>
      get(`/api/servers?limit=100&query=region+${i % 13}`, admin)
    ),
    timed("query in the list, page of 100, by the policy", (i) =>
      get(`/api/servers?limit=100&query=region+${i % 13}`, lesser)
    ),
    timed("tag in the list, page of 100, administrator", (i) =>
      get(`/api/servers?limit=100&tag=${TOPICS[i % 10]}`, admin)
    ),
    timed("search by words, administrator", (i) => semantic(admin, i)),
    timed("search by words, by the policy", (i) => semantic(lesser, i))
  ])
  const { cpu, rate } = yield* registrations(served, admin)
  yield* Effect.forEach(list, (of) => Console.log(line(of, BARS.list)))
  yield* Effect.forEach(search, (of) => Console.log(line(of, BARS.search)))
  const holds = rate >= BARS.register
  yield* Console.log(
    `${REGISTRATIONS} registrations, ${AT_ONCE} at a time, each checked: ${rate.toFixed(0)} a second, CPU ${cpu.toFixed(1)} ms each, at least ${BARS.register}  ${holds ? "held" : "NOT HELD"}`
  )
  const broken = [
    ...list.filter(({ median }) => median > BARS.list),
    ...search.filter(({ median }) => median > BARS.search)
  ]
  if (broken.length > 0 || !holds) return yield* failed("not every bar was held")
})

BunRuntime.runMain(
  Effect.tapError(Effect.scoped(measure), (error) => Console.error(`bench: ${error.message}`)),
  { disableErrorReporting: true }
)
