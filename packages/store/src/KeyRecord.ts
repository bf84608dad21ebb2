/**
 * Which keys a database was written with, so that a process which comes with others finds out before it does harm: table `store_keys`, ids
 * alone. Never holds a key or a digest of one, and opens nothing.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { heldKeys, HELD_FOR, holdersMigration } from "./KeyHolders.ts"
import { migrate, type Migration } from "./Migrations.ts"
import { type DatabaseNewer, KeysMissing, KeysUnknown, type MigrationFailed } from "./StoreError.ts"

/** Times are ISO 8601. `gone_at`: what it sealed counts as lost from then on. */
export const migrations: ReadonlyArray<Migration> = [
  {
    id: "keys-0001-record",
    statements: [
      `CREATE TABLE store_keys (
        purpose TEXT NOT NULL,
        id TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        gone_at TEXT,
        PRIMARY KEY (purpose, id)
      )`
    ]
  },
  holdersMigration
]

/** How many values of one kind a sealing key sealed that lie in the database now. */
export interface Sealed {
  /** In words, plural: `credentials of servers`. */
  readonly kind: string
  readonly keyId: string
  readonly count: number
}

export interface KeyRecordOptions {
  readonly ring: KeyRingApi
  readonly sealed: ReadonlyArray<Sealed>
  /** Takes as lost what none of the keys opens, instead of failing; but nothing that another process has the key of. */
  readonly giveUp: boolean
  /** What to do when it fails: a sentence. */
  readonly remedy: string
}

/** What came of it. */
export interface KeyFindings {
  /** In words, what lies there and can not be opened any more, and never will be. */
  readonly lost: ReadonlyArray<string>
  /** Keys of this purpose were here before, and this process has none of them. */
  readonly strange: { readonly sealing: boolean; readonly signing: boolean }
}

type Purpose = "sealing" | "signing"
const PURPOSES: ReadonlyArray<Purpose> = ["sealing", "signing"]

interface Row {
  readonly purpose: string
  readonly id: string
  readonly gone_at: string | null
}

const idsOf = (keys: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<string> => keys.map(({ id }) => id)

/** One word for each kind, with how many there are. */
const inWords = (sealed: ReadonlyArray<Sealed>): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { count, kind } of sealed) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return [...counts].map(([kind, count]) => `${count} ${kind}`)
}

/** Which keys a value may be sealed with that none here opens, and nothing is wrong with that. */
const givenUp = ({ ring, sealed }: KeyRecordOptions, rows: ReadonlyArray<Row>): ((keyId: string) => boolean) => {
  const gone = new Set([...(ring.retired ?? []), ...idsOf(rows.filter(({ gone_at }) => gone_at !== null))])
  const present = new Set(idsOf(ring.sealing))
  // A database that never noted its keys, and of which these open something, had others that rotations let go.
  const older = rows.length === 0 && sealed.some(({ keyId }) => present.has(keyId))
  return (keyId) => older || gone.has(keyId)
}

const note = (sql: SqlClient.SqlClient, purpose: Purpose, id: string, now: string) => sql`
  INSERT INTO store_keys ${sql.insert({ purpose, id, seen_at: now, gone_at: null })}
  ON CONFLICT (purpose, id) DO UPDATE SET seen_at = excluded.seen_at, gone_at = NULL`

const noteGone = (sql: SqlClient.SqlClient, purpose: Purpose, id: string, now: string) => sql`
  INSERT INTO store_keys ${sql.insert({ purpose, id, seen_at: now, gone_at: now })}
  ON CONFLICT (purpose, id) DO UPDATE SET gone_at = COALESCE(store_keys.gone_at, excluded.gone_at)`

/** None of the purpose that were here, and are not known to be gone, is here now. */
const isStrange = (rows: ReadonlyArray<Row>, ring: KeyRingApi, purpose: Purpose): boolean => {
  const retired = new Set(ring.retired)
  const before = rows.filter((row) => row.purpose === purpose && (row.gone_at === null || retired.has(row.id)))
  const here = new Set([...idsOf(ring[purpose]), ...retired])
  return before.length > 0 && !before.some(({ id }) => here.has(id))
}

const HELD =
  `They are not lost: another process over this database has these keys, or had them ${Duration.toSeconds(HELD_FOR)} seconds ago. ` +
  "Take its keys; or end all that have them, wait that long, and start again"

const judge = (sql: SqlClient.SqlClient, options: KeyRecordOptions) =>
  Effect.gen(function* () {
    const { ring, sealed } = options
    const rows = yield* sql<Row>`SELECT purpose, id, gone_at FROM store_keys`
    const present = new Set(idsOf(ring.sealing))
    const closed = sealed.filter(({ keyId }) => !present.has(keyId))
    const isGivenUp = givenUp(options, rows)
    const held = options.giveUp ? yield* heldKeys : undefined
    const missing = closed.filter(({ keyId }) => !isGivenUp(keyId) && (held === undefined || held.has(keyId)))
    if (missing.length > 0) {
      return yield* new KeysMissing({
        sealed: inWords(missing),
        missing: [...new Set(missing.map(({ keyId }) => keyId))],
        present: [...present],
        remedy: held === undefined ? options.remedy : HELD
      })
    }
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    for (const purpose of PURPOSES) for (const id of idsOf(ring[purpose])) yield* note(sql, purpose, id, now)
    for (const id of new Set(closed.map(({ keyId }) => keyId))) yield* noteGone(sql, "sealing", id, now)
    const findings: KeyFindings = {
      lost: inWords(closed),
      strange: { sealing: isStrange(rows, ring, "sealing"), signing: isStrange(rows, ring, "signing") }
    }
    return findings
  })

/**
 * Compares the keys of this process with those the database was written with, and notes them there. Fails with `KeysMissing`, noting
 * nothing, when something lies sealed there with a key that is not here and that nobody let go: by a rotation, or by giving it up, which is
 * refused while another process has that key. The
 * keys of a rotation that still has an older one, or that let all of them go itself, belong to the database.
 */
export const recordKeys = (
  options: KeyRecordOptions
): Effect.Effect<KeyFindings, KeysMissing | KeysUnknown | MigrationFailed | DatabaseNewer, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* migrate(migrations)
    return yield* Effect.catchTag(judge(sql, options), "SqlError", (error: SqlError) =>
      Effect.fail(new KeysUnknown({ cause: error.cause ?? error }))
    )
  })
