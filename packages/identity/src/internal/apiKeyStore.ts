/** Where API keys are kept, by the digest of their text. Decides nothing. Times in epoch milliseconds. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Limits } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { ApiKey } from "../ApiKeys.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface StoredKey {
  readonly key: ApiKey
  readonly digest: string
}

type Used = ReadonlyArray<readonly [id: string, at: number]>

/** In the same order in every process: of two that lock rows in different orders a database ends one. */
const inOrder = (used: Used): Used => used.toSorted(([a], [b]) => (a < b ? -1 : 1))

export interface ApiKeyStore {
  readonly insert: (stored: StoredKey) => Effect.Effect<void, SqlError>
  readonly find: (digest: string) => Effect.Effect<ApiKey | undefined, SqlError | ParseError>
  readonly get: (id: string) => Effect.Effect<ApiKey | undefined, SqlError | ParseError>
  /** Newest first. */
  readonly ofOwner: (owner: string) => Effect.Effect<ReadonlyArray<ApiKey>, SqlError | ParseError>
  readonly remove: (id: string) => Effect.Effect<void, SqlError>
  readonly used: (used: Used) => Effect.Effect<void, SqlError>
}

export const makeMemoryStore = (): ApiKeyStore => {
  const keys = new Map<string, StoredKey>()
  return {
    insert: (stored) => Effect.sync(() => void keys.set(stored.key.id, stored)),
    find: (digest) => Effect.sync(() => [...keys.values()].find((stored) => stored.digest === digest)?.key),
    get: (id) => Effect.sync(() => keys.get(id)?.key),
    ofOwner: (owner) =>
      Effect.sync(() =>
        [...keys.values()]
          .map(({ key }) => key)
          .filter((key) => key.owner === owner)
          .toReversed()
      ),
    remove: (id) => Effect.sync(() => void keys.delete(id)),
    used: (used) =>
      Effect.sync(() => {
        for (const [id, lastUsedAt] of used) {
          const stored = keys.get(id)
          if (stored !== undefined) keys.set(id, { ...stored, key: { ...stored.key, lastUsedAt } })
        }
      })
  }
}

interface Row {
  readonly id: string
  readonly owner: string
  readonly name: string
  readonly prefix: string
  readonly member_of: string | null
  readonly limits: string | null
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
}

const Names = Schema.Array(Schema.String)
const given = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const LimitsText: Schema.Schema<Limits, string> = Schema.parseJson(
  Schema.Struct({
    scopes: given(Names),
    servers: given(Names),
    tools: given(Schema.Record({ key: Schema.String, value: Names }))
  })
)
// A limit of a newer version that is not known here must not be passed over.
const decodeLimits = Schema.decodeUnknown(LimitsText, { onExcessProperty: "error" })
const encodeLimits = Schema.encodeSync(LimitsText)

const keyOf = (row: Row): Effect.Effect<ApiKey, ParseError> =>
  Effect.gen(function* () {
    return {
      id: row.id,
      owner: row.owner,
      name: row.name,
      prefix: row.prefix,
      // An unreadable column fails; read as absent it would be a key without limits.
      groups: row.member_of === null ? undefined : yield* decodeGroups(row.member_of),
      limits: row.limits === null ? undefined : yield* decodeLimits(row.limits),
      createdAt: Number(row.created_at),
      expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
      lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at)
    }
  })

const first = ([row]: ReadonlyArray<Row>): Effect.Effect<ApiKey | undefined, ParseError> =>
  row === undefined ? Effect.succeed(undefined) : keyOf(row)

export const makeSqlStore = (sql: SqlClient.SqlClient): ApiKeyStore => ({
  insert: ({ digest, key }) =>
    Effect.asVoid(sql`
      INSERT INTO api_keys (id, digest, owner, name, prefix, member_of, limits, created_at, expires_at)
      VALUES (${key.id}, ${digest}, ${key.owner}, ${key.name}, ${key.prefix},
        ${key.groups === undefined ? null : encodeGroups(key.groups)},
        ${key.limits === undefined ? null : encodeLimits(key.limits)}, ${key.createdAt}, ${key.expiresAt ?? null})`),
  find: (digest) => Effect.flatMap(sql<Row>`SELECT * FROM api_keys WHERE digest = ${digest}`, first),
  get: (id) => Effect.flatMap(sql<Row>`SELECT * FROM api_keys WHERE id = ${id}`, first),
  ofOwner: (owner) =>
    Effect.flatMap(sql<Row>`SELECT * FROM api_keys WHERE owner = ${owner} ORDER BY created_at DESC, id`, (rows) =>
      Effect.forEach(rows, keyOf)
    ),
  remove: (id) => Effect.asVoid(sql`DELETE FROM api_keys WHERE id = ${id}`),
  used: (used) =>
    Effect.forEach(inOrder(used), ([id, at]) => sql`UPDATE api_keys SET last_used_at = ${at} WHERE id = ${id}`, {
      discard: true
    }).pipe(sql.withTransaction, Effect.asVoid)
})
