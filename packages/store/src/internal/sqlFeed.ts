/** `ChangeFeed` in SQL: a number per topic, and the last names under each. Looks at all topics with one small query. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type InTurn, makeTurns } from "@mcpgw/domain/Turns"
import type { Changed, ChangeFeedApi, ChangeFeedOptions } from "../ChangeFeed.ts"
import { migrate, type Migration } from "../Migrations.ts"

export const migrations: ReadonlyArray<Migration> = [
  {
    id: "feed-0001-changes",
    statements: [
      "CREATE TABLE store_heads (topic TEXT PRIMARY KEY NOT NULL, revision BIGINT NOT NULL)",
      `CREATE TABLE store_changes (
        topic TEXT NOT NULL, revision BIGINT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (topic, revision)
      )`
    ]
  }
]

/** Changes kept per topic; who is further behind reads everything again. */
const KEPT = 10_000
/** How many are written between two times that older ones are removed. */
const REMOVED_EVERY = 500
/** Changes written by one statement: a statement takes some thousands of values. */
const AT_ONCE = 1_000
/** Changes handed over in one turn, at most. */
const TURN = 1_000

const POLL_MILLIS = 500

/** Where notifications of Postgres travel. */
export const CHANNEL = "mcpgw_changes"

interface Watcher {
  readonly topic: string
  /** The last number handed over. */
  known: number
  /** Said once, not at every look. */
  failing: boolean
  readonly take: (changed: Changed) => Effect.Effect<void, unknown>
}

/** Moves a topic's number forward by `count`, which locks it, and answers where it stands now. */
const advance = (sql: SqlClient.SqlClient, topic: string, count: number): Effect.Effect<number, SqlError> =>
  Effect.map(
    sql<{ readonly revision: number | string }>`
      INSERT INTO store_heads (topic, revision) VALUES (${topic}, ${count})
      ON CONFLICT (topic) DO UPDATE SET revision = store_heads.revision + excluded.revision RETURNING revision`,
    ([head]) => Number(head?.revision ?? count)
  )

/** Writes the names, and says that there are some. `self`: who says it, so that it need not listen to itself. */
const announced = (
  { self, sql }: { readonly sql: SqlClient.SqlClient; readonly self: string },
  topic: string,
  rows: ReadonlyArray<{ readonly topic: string; readonly revision: number; readonly item: string }>
): Effect.Effect<void, SqlError> => {
  const names = sql`INSERT INTO store_changes ${sql.insert(rows)}`
  return Effect.asVoid(
    sql.onDialectOrElse({
      // Told when the transaction commits, and once however often it is said.
      pg: () => sql`WITH names AS (${names}) SELECT pg_notify(${CHANNEL}, ${`${topic} ${self}`})`,
      orElse: () => names
    })
  )
}

const noted = (
  writer: { readonly sql: SqlClient.SqlClient; readonly self: string },
  topic: string,
  items: ReadonlyArray<string>,
  head: number
) =>
  Effect.gen(function* () {
    const first = head - items.length + 1
    const rows = items.map((item, i) => ({ topic, revision: first + i, item }))
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      yield* announced(writer, topic, rows.slice(i, i + AT_ONCE))
    }
    if (Math.floor(head / REMOVED_EVERY) > Math.floor((first - 1) / REMOVED_EVERY)) {
      yield* writer.sql`DELETE FROM store_changes WHERE topic = ${topic} AND revision <= ${head - KEPT}`
    }
  })

/** The numbers of this process's own writes, until a look has passed them. */
const keyOf = (topic: string, revision: number): string => `${revision} ${topic}`

interface Turn {
  readonly changed: Changed
  /** The last number of the turn. */
  readonly until: number
}

/** What is new to `watcher`, whose topic stands at `head`. */
const turnOf = (sql: SqlClient.SqlClient, own: ReadonlySet<string>, { known, topic }: Watcher, head: number) =>
  Effect.gen(function* () {
    const everything: Turn = { changed: "everything", until: head }
    // A number that went back: another store has been put in this one's place.
    if (head < known) return everything
    const rows = yield* sql<{ readonly revision: number | string; readonly item: string }>`
      SELECT revision, item FROM store_changes WHERE topic = ${topic} AND revision > ${known}
      ORDER BY revision LIMIT ${TURN}`
    const found = rows.map(({ item, revision }) => ({ item, revision: Number(revision) }))
    const last = found.at(-1)
    if (last === undefined || found[0]?.revision !== known + 1) return everything
    const foreign = found.filter(({ revision }) => !own.has(keyOf(topic, revision)))
    return { changed: [...new Set(foreign.map(({ item }) => item))], until: last.revision } satisfies Turn
  })

export const makeSqlFeed = ({ notifications = Stream.never, pollMillis = POLL_MILLIS }: ChangeFeedOptions) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* migrate(migrations)
    const watchers = new Set<Watcher>()
    const own = new Set<string>()
    const turn = makeTurns()
    const self = crypto.randomUUID()
    const writers = new Map<string, InTurn>()
    /** Who waits for a topic's row waits here, before it takes a connection that others could use. */
    const writerOf = (topic: string): InTurn => {
      const known = writers.get(topic) ?? makeTurns()
      writers.set(topic, known)
      return known
    }
    let outage: number | undefined

    const headOf = (topic: string) =>
      Effect.map(
        sql<{ readonly revision: number | string }>`SELECT revision FROM store_heads WHERE topic = ${topic}`,
        ([row]) => Number(row?.revision ?? 0)
      )

    const advanceWatcher = (watcher: Watcher, head: number) =>
      Effect.gen(function* () {
        while (watcher.known !== head) {
          const { changed, until } = yield* turnOf(sql, own, watcher, head)
          if (changed.length > 0) yield* watcher.take(changed)
          watcher.known = until
          if (until >= head) break
        }
        watcher.failing = false
      }).pipe(
        Effect.catchAll((cause) => {
          if (watcher.failing) return Effect.void
          watcher.failing = true
          return Effect.logWarning(`What others changed (${watcher.topic}) could not be taken; trying again`, cause)
        })
      )

    const round = Effect.gen(function* () {
      const rows = yield* sql<{
        readonly topic: string
        readonly revision: number | string
      }>`SELECT topic, revision FROM store_heads`
      const heads = new Map(rows.map(({ revision, topic }) => [topic, Number(revision)]))
      for (const watcher of watchers) yield* advanceWatcher(watcher, heads.get(watcher.topic) ?? 0)
      for (const key of own) {
        const [revision = "", topic = ""] = key.split(" ", 2)
        if ([...watchers].every((watcher) => watcher.topic !== topic || watcher.known >= Number(revision)))
          own.delete(key)
      }
    })

    /** Said once when it begins and once when it ends. */
    const looked = round.pipe(
      Effect.matchCauseEffect({
        onSuccess: () => {
          if (outage === undefined) return Effect.void
          outage = undefined
          return Effect.logInfo("The store can be reached again")
        },
        onFailure: (cause) =>
          Effect.gen(function* () {
            if (outage !== undefined) return
            outage = yield* Clock.currentTimeMillis
            yield* Effect.logWarning("The store can not be reached; what is known holds meanwhile", cause)
          })
      })
    )
    const look = turn(looked)

    if (pollMillis > 0) {
      const pause = Effect.flatMap(Random.nextRange(0.8, 1.2), (by) => Effect.sleep(Duration.millis(pollMillis * by)))
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(pause, look)))
      yield* notifications.pipe(
        Stream.filter((said) => !said.endsWith(self)),
        Stream.buffer({ capacity: 1, strategy: "sliding" }),
        Stream.runForEach(() => look),
        Effect.catchAllCause((cause) => Effect.logDebug("Notifications of the store ended", cause)),
        Effect.repeat(Schedule.spaced("2 seconds")),
        Effect.forkScoped
      )
    }

    const write: ChangeFeedApi["write"] = (topic, items, body) =>
      Effect.suspend(() => {
        let keys: ReadonlyArray<string> = []
        const change = Effect.gen(function* () {
          const head = yield* advance(sql, topic, items.length)
          const result = yield* body(head)
          yield* noted({ sql, self }, topic, items, head)
          // Before the commit: others' notifications may come before its answer.
          if (pollMillis > 0) keys = items.map((_, i) => keyOf(topic, head - i))
          for (const key of keys) own.add(key)
          return result
        })
        // Of a commit that failed nobody knows whether it was one, and the numbers may be another's next.
        const disown = Effect.sync(() => keys.forEach((key) => own.delete(key)))
        return Effect.onError(writerOf(topic)(sql.withTransaction(change)), () => disown)
      })

    const watch: ChangeFeedApi["watch"] = (topic, take) =>
      Effect.flatMap(headOf(topic), (known) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => {
              const watcher: Watcher = { topic, known, failing: false, take }
              watchers.add(watcher)
              return watcher
            }),
            (watcher) => Effect.sync(() => watchers.delete(watcher))
          )
        )
      )

    const api: ChangeFeedApi = { write, watch, look, outageSince: () => outage }
    return api
  })
