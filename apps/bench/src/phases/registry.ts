/**
 * The registry's API over thousands of servers, asked over HTTP of a real gateway with a data folder of its own, as an administrator and as
 * somebody for whom the policy is asked about every server; then registrations. Times are the client's: the way there and back is in them.
 */
import { recordFrom } from "@mcpgw/registry/Registration"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { BenchFailed, wordsOf } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import type { RegistryAsk, RegistryFigures } from "../figures.ts"
import { type Machine, root } from "../machine.ts"
import { cpuTime } from "../proc.ts"
import { type Database, startDatabase } from "./database.ts"
import type { LoadParts } from "./load.ts"

const REQUESTS = 60
const WARM_UP = 10
const REGISTRATIONS = 1_000
/** Registrations under way at a time. */
const AT_ONCE = 8

/** Milliseconds at most. */
const BARS = { list: 20, search: 30 }

const TOPICS = ["payments", "weather", "tickets", "calendar", "search", "metrics", "source", "storage", "mail", "maps"]

const topicOf = (i: number): string => TOPICS[i % TOPICS.length] ?? ""

/** What a server is registered with. */
const fileOf = (i: number) => {
  const topic = topicOf(i)
  return {
    server_name: `${topic} service ${(i * 7919) % 10_007}`,
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
const policyOf = (servers: number): string => `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, lesser]
UI-Scopes:
  mcp-registry-admin: {list_service: [all], register_service: [all], modify_service: [all]}
  lesser:
    list_service: [all]
lesser:
${Array.from({ length: servers / 2 }, (_, i) => `  - {server: bench/s${i * 2}, methods: [tools/list, tools/call], tools: "*"}`).join("\n")}
`

const failed = (problem: string) => new BenchFailed({ problem })

/** The store as an earlier life of the gateway would have left it; what is measured is not how it got there. */
const fill = ({ layer }: Database, servers: number): Effect.Effect<void, BenchFailed> =>
  Effect.gen(function* () {
    const store = yield* RegistryStore
    const now = new Date().toISOString()
    yield* Effect.forEach(
      Array.from({ length: servers }, (_, i) => recordFrom({ ...fileOf(i), trusted_address: true }, "bench", now)),
      (record) => Effect.flatMap(record, store.put),
      { discard: true }
    )
  }).pipe(
    Effect.provide(RegistryStore.layerSql.pipe(Layer.provide(layer))),
    Effect.mapError((cause) => failed(`the servers can not be stored: ${cause.message}`))
  )

interface Served {
  readonly url: string
  readonly pid: number
  readonly password: string
}

const start = (
  machine: Machine,
  folder: string,
  database: Database,
  servers: number
): Effect.Effect<Served, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(folder, "scopes.yml"), policyOf(servers), { mode: 0o600 })
    yield* fill(database, servers)
    const port = yield* Child.freePort
    const password = crypto.randomUUID()
    const child = yield* Child.start({
      name: "gateway",
      command: machine.serving([process.execPath, "--no-env-file", "run", "apps/gateway"]),
      cwd: root,
      env: {
        ...machine.env,
        MCPGW_PORT: String(port),
        MCPGW_DATA_DIR: folder,
        ...database.env,
        MCPGW_DEMO_SERVERS: "false",
        // What nobody asked for is not measured.
        HEALTH_CHECK_INTERVAL_SECONDS: "86400",
        ADMIN_PASSWORD: password
      }
    })
    // Thousands of servers are read before the port opens.
    yield* Effect.retry(child.printed(/is ready at/), { times: 8 })
    return { url: `http://127.0.0.1:${port}`, pid: child.pid, password }
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

const JSON_ONLY = { accept: "application/json" }
const SENT = { ...JSON_ONLY, "content-type": "application/json" }
type Headers = Readonly<Record<string, string>>

const signIn = ({ password, url }: Served): Effect.Effect<string, BenchFailed> =>
  Effect.tryPromise({
    try: async () => {
      const body = new URLSearchParams({ username: "admin", password })
      const response = await fetch(`${url}/api/auth/login`, { method: "POST", headers: JSON_ONLY, body })
      return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    },
    catch: (cause) => failed(wordsOf(cause))
  })

/** A token of the same person that makes no administrator: the policy is asked for every server. */
const lesserToken = ({ url }: Served, cookie: string) =>
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

/** `make` makes each request; the first few only warm up. */
const timed = (
  pid: number,
  name: string,
  bar: number,
  make: (i: number) => Effect.Effect<string, BenchFailed>
): Effect.Effect<RegistryAsk, BenchFailed> =>
  Effect.gen(function* () {
    const took: Array<number> = []
    let before = 0
    for (let i = -WARM_UP; i < REQUESTS; i++) {
      if (i === 0) before = cpuTime([pid])
      const began = performance.now()
      yield* make(i + WARM_UP)
      if (i >= 0) took.push(performance.now() - began)
    }
    return { name, bar, took, cpu: (cpuTime([pid]) - before) / 1000 / REQUESTS }
  })

/** Waits until what the start does in the background, the first checks and the search index, is done. */
const settled = ({ pid }: Served): Effect.Effect<void> =>
  Effect.gen(function* () {
    const before = cpuTime([pid])
    yield* Effect.sleep("2 seconds")
    return cpuTime([pid]) - before
  }).pipe(Effect.repeat({ until: (used) => used < 100_000 }), Effect.timeout("1 minute"), Effect.ignore)

const register = ({ pid, url }: Served, headers: Headers, rounds: number) =>
  Effect.gen(function* () {
    const rates: Array<number> = []
    const before = cpuTime([pid])
    for (let round = 0; round < rounds; round++) {
      const began = performance.now()
      yield* Effect.forEach(
        Array.from({ length: REGISTRATIONS }, (_, i) => ({ ...fileOf(i), path: `/new${round}/s${i}`, tool_list: [] })),
        (server) =>
          ask(`${url}/api/servers`, { method: "POST", headers: { ...headers }, body: JSON.stringify(server) }, 201),
        { concurrency: AT_ONCE, discard: true }
      )
      rates.push((REGISTRATIONS * 1000) / (performance.now() - began))
    }
    const cpu = (cpuTime([pid]) - before) / 1000 / REGISTRATIONS / rounds
    return { count: REGISTRATIONS, atOnce: AT_ONCE, rates, cpu }
  })

/** How often the registrations are made: they are more than enough to see a rate. */
const RUNS = 2

/** A text: why it could not be measured on this machine. */
export const registryPhase = ({
  folder,
  machine,
  options: { database: name, servers },
  progress
}: LoadParts): Effect.Effect<RegistryFigures | string, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    yield* progress(`registering ${servers} servers`)
    const room = join(folder, "registry")
    const database = yield* startDatabase(name, machine, room)
    if (typeof database === "string") return database
    const served = yield* start(machine, room, database, servers)
    const { pid, url } = served
    const cookie = yield* signIn(served)
    const admin = { ...SENT, cookie }
    const lesser = { ...SENT, authorization: `Bearer ${yield* lesserToken(served, cookie)}` }
    const get = (query: string, headers: Headers) => ask(`${url}/api/servers?${query}`, { headers: { ...headers } })
    const words = (headers: Headers) => (i: number) =>
      ask(`${url}/api/search/semantic`, {
        method: "POST",
        headers: { ...headers },
        body: JSON.stringify({ query: `${topicOf(i)} of department ${i % 97}` })
      })
    yield* get("limit=1", admin)
    yield* settled(served)
    yield* progress("asking the registry")
    const { list, search } = BARS
    const page = "limit=100"
    const asks = yield* Effect.all([
      timed(pid, "first page of 100", list, () => get(page, admin)),
      timed(pid, "first page of 100, by the policy", list, () => get(page, lesser)),
      timed(pid, "first page of 100 by stars", list, () => get(`${page}&sort=-stars`, admin)),
      timed(pid, "query in the list", search, (i) => get(`${page}&query=region+${i % 13}`, admin)),
      timed(pid, "query in the list, by the policy", search, (i) => get(`${page}&query=region+${i % 13}`, lesser)),
      timed(pid, "tag in the list", search, (i) => get(`${page}&tag=${topicOf(i)}`, admin)),
      timed(pid, "search by words", search, words(admin)),
      timed(pid, "search by words, by the policy", search, words(lesser))
    ])
    yield* progress("registering a thousand more")
    return { database: database.title, servers, asks, registrations: yield* register(served, admin, RUNS) }
  })
