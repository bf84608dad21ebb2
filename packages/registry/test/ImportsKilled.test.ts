/** kill -9 in the middle of a mirror's runs: real processes over one file, one after the other, come to what one that nobody kills comes to. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { corpus, momentOf, official } from "./support/corpus.ts"
import { layer, over, records, run, until } from "./support/importing.ts"
import { type SourceRegistry, sourceRegistry } from "./support/sourceRegistry.ts"

const SCRIPT = fileURLToPath(new URL("support/importProcess.ts", import.meta.url))
const ENTRIES = 2_000

/** A process of that file; killed with the scope at the latest. */
const started = (filename: string, ...from: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      Bun.spawn([process.execPath, SCRIPT, filename, ...from], { stdout: "inherit", stderr: "inherit" })
    ),
    (child) =>
      Effect.promise(() => {
        child.kill("SIGKILL")
        return child.exited
      })
  )

interface Row {
  readonly state: string
  readonly seen: number
  /** Entries of which it is known what became of them. */
  readonly told: number
  readonly cursor: string | null
}

/** The job as it is in the file, and what time does there: the lease of who was killed ends, and a mirror's time comes. */
const jobIn = (filename: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<Row>`SELECT state, json_extract(progress, '$.seen') AS seen, page_cursor AS cursor,
        (SELECT SUM(size) FROM registry_import_items WHERE job = id) AS told FROM registry_imports`,
      ([row]) => row
    )
  ).pipe(Effect.provide(Store.layerSqlite({ filename })))
const timePasses = (filename: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`UPDATE registry_imports SET lease_until = NULL, next_at = '1970-01-01T00:00:00.000Z'`
  ).pipe(Effect.provide(Store.layerSqlite({ filename })))

/** Everything an import leaves behind, without the moments at which it did. */
const left = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const servers = (yield* records).map(({ registered_at: _at, updated_at: _changed, ...record }) => record)
  const documents =
    yield* sql`SELECT name, version, path, server_name, origin, source, status, status_message, is_latest, document
    FROM registry_versions ORDER BY name, version`
  return { servers: servers.toSorted((a, b) => (a.path < b.path ? -1 : 1)), documents }
})

/** What changed at the source after the first run: words, addresses, versions and states of some; and some more. */
const changed = (made: ReturnType<typeof corpus>) => [
  ...made.flatMap(({ entry, outcome }, i) => {
    if (outcome !== "created" || i % 3 !== 0) return []
    const { server } = Object(entry)
    const moved = [{ type: "sse", url: `https://moved-${i}.example.com/sse` }]
    const next = [{ description: "Other words" }, { version: "9.0.0" }, { version: "9.0.0", remotes: moved }, {}][i % 4]
    const meta = i % 4 === 3 ? { status: "deleted" } : {}
    return [{ server: { ...server, ...next }, _meta: official(momentOf(ENTRIES + i), meta) }]
  }),
  ...corpus(300, 99).map(({ entry }, i) => ({ ...Object(entry), _meta: official(momentOf(3 * ENTRIES + i)) }))
]

/** Lets processes work until the job waits, each killed a little after it asked for one of these pages. */
const workedOff = (
  filename: string,
  source: SourceRegistry,
  kills: ReadonlyArray<number>,
  ...from: ReadonlyArray<string>
) =>
  Effect.gen(function* () {
    const begun = source.asked.length
    for (const [i, page] of kills.entries()) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* started(filename, ...(i === 0 ? from : []))
          yield* until(
            Effect.sync(() => source.asked.length - begun),
            (asked) => asked >= page
          )
          // In the middle of what it does with the page.
          yield* Effect.sleep(`${5 * (i + 1)} millis`)
        })
      )
      const job = yield* jobIn(filename)
      assert.strictEqual(job?.state, "running", "it was killed in the middle")
      assert.isNotNull(job?.cursor)
      yield* timePasses(filename)
    }
    yield* Effect.scoped(
      Effect.zipRight(
        started(filename),
        until(Effect.delay(jobIn(filename), "200 millis"), (job) => job?.state === "waiting")
      )
    )
    return source.asked.slice(begun)
  })

describe("issue 6: a mirror of two thousand entries whose process is killed", () => {
  it.scopedLive(
    "goes on where it was, in the first run and in that of what changed since: nothing is lost, nothing is there twice",
    () =>
      Effect.gen(function* () {
        const made = corpus(ENTRIES, 4_711)
        const source = yield* sourceRegistry(made.map(({ entry }) => entry))
        source.listsDeleted = true
        const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-killed-")), "a.db")
        const first = yield* workedOff(filename, source, [6, 13], source.url)
        assert.deepInclude(yield* jobIn(filename), { seen: ENTRIES, told: ENTRIES })
        // A page is asked for again only by who comes after a kill.
        assert.isAtMost(first.length, ENTRIES / 100 + 2)

        source.entries = changed(made)
        yield* timePasses(filename)
        const second = yield* workedOff(filename, source, [4])
        const { length } = source.entries
        assert.deepInclude(yield* jobIn(filename), { seen: length, told: length })
        const [since] = second.map((query) => query.get("updated_since"))
        assert.isNotNull(since)
        assert.isTrue(second.every((query) => query.get("updated_since") === since))
        assert.strictEqual(second.filter((query) => query.get("cursor") === null).length, 1, "not from the beginning")

        const killed = yield* Effect.provide(left, over(Store.layerSqlite({ filename })))
        const whole = yield* Effect.gen(function* () {
          const entries = source.entries
          source.entries = made.map(({ entry }) => entry)
          yield* run({ from: source.url })
          source.entries = entries
          yield* run({ from: source.url })
          return yield* left
        }).pipe(Effect.provide(layer()))
        assert.isAbove(whole.servers.length, 800)
        assert.deepStrictEqual(killed, whole)
      }),
    120_000
  )
})
