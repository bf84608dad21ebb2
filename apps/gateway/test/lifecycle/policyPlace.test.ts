/** Where the policy is kept: chosen by settings, seeded once, and one for all processes where it is in the database (issue 6, point 3). */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { createGroup } from "@mcpgw/policy/GroupEdits"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import * as Store from "@mcpgw/store/Store"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { existsSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { GatewayConfig } from "../../src/config.ts"
import * as PolicyPlace from "../../src/policyPlace.ts"

const folder = (): string => mkdtempSync(join(tmpdir(), "mcpgw-policy-place-"))

const configOf = (settings: Readonly<Record<string, string>>) =>
  GatewayConfig.layer("/").pipe(
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(settings)))))
  )

const POSTGRES = "postgres://mcpgw@db/mcpgw"

describe("MCPGW_POLICY", () => {
  const file = join(folder(), "scopes.yml")
  writeFileSync(file, DEFAULT_SCOPES)
  it.effect.each([
    [{}, "file"],
    [{ MCPGW_DATABASE_URL: "sqlite:data/x.db" }, "file"],
    [{ MCPGW_DATABASE_URL: POSTGRES }, "store"],
    [{ MCPGW_DATABASE_URL: POSTGRES, MCPGW_SCOPES_FILE: file }, "file"],
    [{ MCPGW_DATABASE_URL: POSTGRES, MCPGW_SCOPES_FILE: file, MCPGW_POLICY: "store" }, "store"],
    [{ MCPGW_DATABASE_URL: POSTGRES, MCPGW_POLICY: "file" }, "file"],
    [{ MCPGW_POLICY: "store" }, "store"]
  ] as const)("%j: %s", ([settings, place]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* GatewayConfig).policy, place)
    }).pipe(Effect.provide(configOf(settings)))
  )
})

/** The policy as a process has it that keeps it in the store at hand. */
const start = (store: Store.StoreLayer, dataDir: string) =>
  Effect.map(
    Layer.build(
      Layer.fresh(
        PolicyPlace.layer.pipe(
          Layer.provideMerge(store),
          Layer.provide(configOf({ MCPGW_DATA_DIR: dataDir, MCPGW_POLICY: "store" }))
        )
      )
    ),
    (context) => ({
      policy: Context.get(context, ScopePolicy),
      writer: Context.get(context, PolicyWriter),
      sql: Context.get(context, SqlClient.SqlClient),
      look: Context.get(context, ChangeFeed).look
    })
  )

const texts = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ readonly text: string }>`SELECT text FROM policy_revisions ORDER BY revision`, (rows) =>
    rows.map(({ text }) => text)
  )

/** In real time: what is told is taken in the background. */
const until = (done: () => boolean) =>
  Effect.promise(async () => {
    const deadline = Date.now() + 5_000
    while (!done() && Date.now() < deadline) await Bun.sleep(5)
    assert.isTrue(done())
  })

const suite = (name: string, kept: Effect.Effect<Store.StoreLayer>): void => {
  describe(`the policy in ${name}`, () => {
    it.scoped("an empty database begins with the default, once, and no file is written", () =>
      Effect.gen(function* () {
        const [store, data] = [yield* kept, folder()]
        const [a, b] = yield* Effect.all([start(store, data), start(store, folder())], { concurrency: "unbounded" })
        assert.deepStrictEqual(yield* texts(a.sql), [DEFAULT_SCOPES])
        assert.isTrue(b.policy.current().mapsGroup("mcp-registry-admin"))
        assert.isFalse(existsSync(join(data, "scopes.yml")))
      })
    )

    it.scoped(
      "a scopes.yml that was there goes on in the database; afterwards it is not read, and that is told",
      () => {
        const lines: Array<string> = []
        const logger = Logger.make((entry) => lines.push(`${entry.logLevel.label} ${String(entry.message)}`))
        return Effect.gen(function* () {
          const [store, data] = [yield* kept, folder()]
          const ours = `${DEFAULT_SCOPES}\n# ours\n`
          writeFileSync(join(data, "scopes.yml"), ours)
          const { sql } = yield* start(store, data)
          assert.deepStrictEqual(yield* texts(sql), [ours])
          yield* start(store, data)
          const before = lines.length
          writeFileSync(join(data, "scopes.yml"), "{}\n")
          const { policy } = yield* start(store, data)
          assert.isTrue(policy.current().mapsGroup("mcp-registry-admin"))
          assert.match(lines.slice(before).join("\n"), /WARN .*scopes\.yml, which differs from it, is not read/)
          assert.notMatch(lines.slice(0, before).join("\n"), /differs from it/)
          assert.deepStrictEqual(yield* texts(sql), [ours])
        }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      }
    )

    it.scoped("issue 6: a scopes.yml of one's own is not passed over for a default that another process wrote", () =>
      Effect.gen(function* () {
        const [store, data] = [yield* kept, folder()]
        const { sql, writer } = yield* start(store, folder())
        writeFileSync(join(data, "scopes.yml"), `${DEFAULT_SCOPES}\n# ours\n`)
        const said = String(yield* Effect.flip(start(store, data)))
        for (const part of [join(data, "scopes.yml"), "--apply-scopes replace", "remove the file", "MCPGW_POLICY=file"])
          assert.include(said, part)
        assert.deepStrictEqual(yield* texts(sql), [DEFAULT_SCOPES])
        // The default as a file is nobody's own, and a policy that somebody wrote into the database is the one that counts.
        const plain = folder()
        writeFileSync(join(plain, "scopes.yml"), DEFAULT_SCOPES)
        yield* start(store, plain)
        const { revision } = yield* writer.read
        yield* writer.write(`${DEFAULT_SCOPES}\n# theirs\n`, { by: "admin", revision })
        yield* start(store, data)
      })
    )

    it.scoped("issue 6: of two that start at once, the one with a scopes.yml is first or does not start", () =>
      Effect.gen(function* () {
        const [store, data] = [yield* kept, folder()]
        const ours = `${DEFAULT_SCOPES}\n# ours\n`
        writeFileSync(join(data, "scopes.yml"), ours)
        const [, own] = yield* Effect.all([start(store, folder()), Effect.either(start(store, data))], {
          concurrency: "unbounded"
        })
        const { sql } = yield* start(store, folder())
        assert.deepStrictEqual(yield* texts(sql), [Either.isRight(own) ? ours : DEFAULT_SCOPES])
      })
    )

    it.scoped("a broken scopes.yml stops the start, by its name, and is not written", () =>
      Effect.gen(function* () {
        const [store, data] = [yield* kept, folder()]
        writeFileSync(join(data, "scopes.yml"), "group_mappings: 7\n")
        const error = yield* Effect.flip(start(store, data))
        assert.include(String(error), join(data, "scopes.yml"))
        const { sql } = yield* start(store, folder())
        assert.deepStrictEqual(yield* texts(sql), [DEFAULT_SCOPES])
      })
    )

    it.scoped(
      "a group made in one process is in the other's policy with its next look, and neither loses the other's",
      () =>
        Effect.gen(function* () {
          const store = yield* kept
          const [a, b] = [yield* start(store, folder()), yield* start(store, folder())]
          const make = ({ writer }: typeof a, group: string) =>
            writer.change("ann", (document) => Effect.succeed(createGroup(document, group)))
          yield* make(a, "team-a")
          assert.isTrue(a.policy.current().mapsGroup("team-a"))
          yield* make(b, "team-b")
          assert.isTrue(b.policy.current().mapsGroup("team-a"), "upon what is there, not upon what it had read")
          assert.isFalse(a.policy.current().mapsGroup("team-b"))
          yield* a.look
          yield* until(() => a.policy.current().mapsGroup("team-b"))
        })
    )

    it.scoped("while the store is away the last policy holds and nothing is changed; then it goes on", () =>
      Effect.gen(function* () {
        const { policy, sql, writer } = yield* start(yield* kept, folder())
        const change = writer.change("ann", (document) => Effect.succeed(createGroup(document, "team")))
        yield* sql`ALTER TABLE policy_revisions RENAME TO away`
        assert.strictEqual((yield* Effect.flip(change))._tag, "PolicyUnavailable")
        yield* Effect.ignore(policy.reload)
        assert.isTrue(policy.current().mapsGroup("mcp-registry-admin"))
        assert.match(policy.status().problem ?? "", /can not be read/)
        yield* sql`ALTER TABLE away RENAME TO policy_revisions`
        yield* change
        assert.isTrue(policy.current().mapsGroup("team"))
        assert.isUndefined(policy.status().problem)
      })
    )
  })
}

suite(
  "a SQLite file",
  Effect.sync(() => Store.layerSqlite({ filename: join(folder(), "a.db") }))
)

overPostgres(({ kept }) => suite("PostgreSQL", kept))
