/** Imports from a registry on loopback: what becomes of an entry, and of changes. `ImportsBadDays.test.ts` has bad days, `ImportsCorpus.test.ts` the many. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { Imports } from "../src/import/Imports.ts"
import { Registry } from "../src/Registry.ts"
import { Versions } from "../src/v01/Versions.ts"
import { momentOf, official, remoteEntry } from "./support/corpus.ts"
import { layer, records, run, until } from "./support/importing.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

describe("contracts §2.14: what an entry becomes", () => {
  const headers = [
    { name: "Authorization", value: "Bearer {smithery_api_key}", isSecret: true },
    { name: "X-Key", isRequired: true },
    { name: "X-Plain", value: "fixed" },
    { name: "X-Optional" }
  ]

  it.scopedLive("path, address, tags, licence; header variables stay references", () =>
    Effect.gen(function* () {
      const server = {
        title: "Weather",
        remotes: [
          { type: "sse", url: "https://{region}.example.com/events", headers, variables: { region: { default: "eu" } } }
        ],
        _meta: { "io.modelcontextprotocol.registry/publisher-provided": { license: "MIT" } }
      }
      const source = yield* sourceRegistry([remoteEntry("io.github.user/weather", { server })])
      yield* run({ from: source.url, enable: true })
      const [record] = yield* records
      assert.strictEqual(String(record?.path), "/io.github.user-weather")
      assert.deepInclude(record, {
        server_name: "Weather",
        proxy_pass_url: "https://eu.example.com/events",
        sse_endpoint: "https://eu.example.com/events",
        supported_transports: ["sse"],
        license: "MIT",
        is_enabled: true,
        tags: ["io", "github", "user", "weather", "imported"]
      })
      assert.deepStrictEqual(record?.headers, [
        { Authorization: "Bearer ${MCP_IO_GITHUB_USER_WEATHER_SMITHERY_API_KEY}" },
        { "X-Key": "${MCP_IO_GITHUB_USER_WEATHER_X_KEY}" },
        { "X-Plain": "fixed" }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("a stranger names no variable of ours, but those an administrator lets stay", () =>
    Effect.gen(function* () {
      const steal = (value: string) => ({
        remotes: [{ type: "streamable-http", url: "https://evil.example/mcp", headers: [{ name: "X", value }] }]
      })
      const source = yield* sourceRegistry([
        remoteEntry("evil.example/a", { server: steal("{SECRET_KEY}") }),
        remoteEntry("evil.example/b", { server: steal("${SECRET_KEY}") }),
        remoteEntry("evil.example/c", { server: steal("$KEYCLOAK_CLIENT_SECRET") }),
        remoteEntry("evil.example/d", { server: steal("{smithery_api_key}") })
      ])
      const { items } = yield* run({ from: source.url, variables: ["SMITHERY_API_KEY"] })
      assert.deepStrictEqual(
        items.map(({ outcome, field }) => [outcome, field]),
        [
          ["created", undefined],
          ["refused", "server.remotes.0.headers.0"],
          ["refused", "server.remotes.0.headers.0"],
          ["created", undefined]
        ]
      )
      assert.deepStrictEqual(
        (yield* records).map((record) => record.headers),
        [[{ X: "${MCP_EVIL_EXAMPLE_A_SECRET_KEY}" }], [{ X: "${SMITHERY_API_KEY}" }]]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("a server that is somebody else's here stays as it is, and no display name is had twice", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const own = { server_name: "Payroll", path: "/com.example-a", proxy_pass_url: "https://own.example/" }
      yield* registry.register(own, "admin")
      const source = yield* sourceRegistry([
        remoteEntry("com.example/a"),
        remoteEntry("com.example/b", { server: { title: "PAYROLL" } })
      ])
      const { items } = yield* run({ from: source.url })
      assert.deepStrictEqual(
        items.map(({ outcome }) => outcome),
        ["refused", "created"]
      )
      assert.deepStrictEqual(
        (yield* records).map(({ server_name }) => server_name),
        ["Payroll", "com.example/b"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive(
    "two names with one path: the second is no update of the first, nor does its deletion switch that off",
    () =>
      Effect.gen(function* () {
        const first = remoteEntry("io.github.foo/x-y", { server: { title: "Victim" } })
        const evil = { title: "Evil", remotes: [{ type: "streamable-http", url: "https://evil.example/mcp" }] }
        const entries = [first, remoteEntry("io.github.foo-x/y", { server: evil })]
        const source = yield* sourceRegistry(entries)
        const { items } = yield* run({ from: source.url, enable: true })
        assert.deepStrictEqual(
          items.map(({ outcome }) => outcome),
          ["created", "refused"]
        )
        const gone = remoteEntry("io.github.foo-x/y", { server: evil, meta: { status: "deleted" } })
        const again = yield* sourceRegistry([gone])
        yield* run({ from: again.url, enable: true })
        const [only, ...others] = yield* records
        assert.deepStrictEqual(
          [only?.proxy_pass_url, only?.is_enabled, others.length],
          ["https://a.example.com/mcp", true, 0]
        )
      }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("servers by name: asked for alone, and what is not known is reported", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry(["a", "b", "c"].map((name) => remoteEntry(`com.example/${name}`)))
      const { items, job } = yield* run({
        from: source.url,
        names: ["com.example/c", "com.example/x", "com.example/a"]
      })
      assert.deepStrictEqual(
        items.map(({ name, outcome }) => [name, outcome]),
        [
          ["com.example/c", "created"],
          ["com.example/x", "refused"],
          ["com.example/a", "created"]
        ]
      )
      assert.deepInclude(job.progress, { seen: 3, created: 2, refused: 1 })
      assert.strictEqual(source.asked.length, 0)
    }).pipe(Effect.provide(layer()))
  )
})

describe("issue 6: a mirror", () => {
  const EVERY = { everySeconds: 60 }
  const named = (name: string, updated: number, more: Parameters<typeof remoteEntry>[1] = {}) => ({
    ...remoteEntry(`com.example/${name}`, more),
    _meta: official(momentOf(updated), more.meta)
  })

  /** Lets the next run of every mirror begin now, as time would. */
  const sooner = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE registry_imports SET next_at = '1970-01-01'`)

  it.scopedLive(
    "asks for what changed since the newest change it saw, and follows new, changed and deleted servers",
    () =>
      Effect.gen(function* () {
        const source = yield* sourceRegistry([named("a", 1), named("b", 2), named("c", 3), named("gone", 5)])
        const imports = yield* Imports
        const registry = yield* Registry
        const first = yield* run({ from: source.url, ...EVERY })
        assert.deepInclude(first.job.progress, { created: 4 })
        assert.strictEqual(first.job.state, "waiting")
        assert.strictEqual(source.asked[0]?.get("updated_since"), null)
        for (const name of ["a", "b", "c"]) yield* registry.toggle(`/com.example-${name}`, true)
        yield* registry.remove("/com.example-gone")
        const moved = [{ type: "streamable-http", url: "https://elsewhere.example/mcp" }]
        source.entries = [
          named("a", 10, { server: { description: "New words", version: "1.1.0" } }),
          named("b", 11, { server: { remotes: moved, version: "2.0.0" } }),
          named("c", 12, { meta: { status: "deleted", statusMessage: "unsafe" } }),
          named("d", 13),
          named("gone", 14, { server: { version: "2.0.0" } })
        ]
        yield* sooner
        yield* imports.start({ from: source.url, names: ["com.example/none"] }, "admin")
        const second = yield* until(imports.get(first.job.id), ({ progress }) => progress.seen === 5)
        assert.strictEqual(source.asked.at(-1)?.get("updated_since"), momentOf(4))
        assert.deepInclude(second.progress, { created: 1, updated: 2, removed: 1, skipped: 1 })
        const state = (name: string) => {
          const record = registry.get(`/com.example-${name}`)?.record
          return record === undefined ? undefined : [record.is_enabled, record.description, record.proxy_pass_url]
        }
        assert.deepStrictEqual(state("a"), [true, "New words", "https://a.example.com/mcp"])
        // Whoever switched it on had looked at another address.
        assert.deepStrictEqual(state("b"), [false, "What com.example/b does", "https://elsewhere.example/mcp"])
        assert.strictEqual(state("c")?.[0], false)
        assert.strictEqual(state("d")?.[0], false)
        assert.isUndefined(state("gone"))
        const versions = yield* (yield* Versions).ofName("com.example/c")
        assert.deepStrictEqual(
          versions.map(({ status, statusMessage }) => [status, statusMessage]),
          [["deleted", "unsafe"]]
        )
        const published = yield* (yield* Versions).ofName("com.example/a")
        assert.deepStrictEqual(
          published.map(({ isLatest, version }) => [version, isLatest]),
          [
            ["1.0.0", false],
            ["1.1.0", true]
          ]
        )
      }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("what somebody changed here stays, as long as the source does not change just that", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry([named("a", 1)])
      const registry = yield* Registry
      yield* run({ from: source.url })
      yield* registry.update("/com.example-a", { description: "Our words", tags: ["ours"] })
      source.entries = [named("a", 2, { server: { title: "A title", version: "1.1.0" } })]
      yield* run({ from: source.url })
      const record = registry.get("/com.example-a")?.record
      assert.deepInclude(record, { description: "Our words", tags: ["ours"], server_name: "A title" })
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("a failed run is told of and tried again in its time; a cancelled mirror is not", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry([named("a", 1)])
      source.trouble = () => ({ status: 503, body: "" })
      const imports = yield* Imports
      const failed = yield* run({ from: source.url, ...EVERY })
      assert.deepInclude(failed.job, { state: "waiting", updatedSince: null })
      assert.match(String(failed.job.progress.problem), /status 503/)
      source.trouble = () => undefined
      yield* sooner
      yield* imports.start({ from: source.url, names: ["com.example/none"] }, "admin")
      const healed = yield* until(imports.get(failed.job.id), ({ progress }) => progress.created === 1)
      assert.isNull(healed.progress.problem)
      yield* imports.cancel(failed.job.id)
      yield* sooner
      const asked = source.asked.length
      yield* run({ from: source.url, names: ["com.example/none"] })
      assert.strictEqual(source.asked.length, asked)
    }).pipe(Effect.provide(layer()))
  )
})
