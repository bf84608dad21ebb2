/** The tables of this package itself, the policy's, the keys' and the feed's, of every earlier version brought to the newest over both stores. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { migrations as feed } from "../src/internal/sqlFeed.ts"
import { migrations as keys } from "../src/KeyRecord.ts"
import { migrations as policy } from "../src/PolicySourceSql.ts"
import * as Store from "../src/Store.ts"
import { migrationsSuite, type Sample } from "./suites/migrationsSuite.ts"
import { overPostgres } from "./suites/postgres.ts"

/** Its number is the database's to give. */
const policies: ReadonlyArray<Sample> = [
  { table: "policy_revisions", row: { text: "{}", written_by: "ann", written_at: "2026-01-01T00:00:00.000Z" } }
]

const REVISION = 4_102_444_800_123

const changes: ReadonlyArray<Sample> = [
  { table: "store_heads", row: { topic: "registry", revision: REVISION } },
  { table: "store_changes", row: { topic: "registry", revision: REVISION, item: "/a" } }
]

const recorded: ReadonlyArray<Sample> = [
  { table: "store_heads", row: { topic: "registry", revision: REVISION } },
  { table: "store_changes", row: { topic: "registry", revision: REVISION, item: "/a" } },
  {
    table: "store_keys",
    row: { purpose: "sealing", id: "abc", seen_at: "2026-01-01T00:00:00.000Z", gone_at: "2026-01-02T00:00:00.000Z" }
  },
  { table: "store_key_holders", row: { holder: "a", id: "abc", seen_at: "2026-01-01T00:00:00.000Z" } }
]

/** As a store was before it had a feed. */
const withoutFeed = (store: Store.StoreLayer): Store.StoreLayer =>
  Layer.tap(store, (context) =>
    Effect.gen(function* () {
      const sql = Context.get(context, SqlClient.SqlClient)
      for (const table of ["store_heads", "store_changes"]) yield* sql`DROP TABLE ${sql(table)}`
      yield* sql`DELETE FROM store_migrations WHERE owner = 'feed'`
    }).pipe(Effect.orDie)
  )

migrationsSuite("policy, SQLite", policy, policies, () => Store.layerMemory)
migrationsSuite("keys, SQLite", keys, recorded, () => Store.layerMemory)
migrationsSuite("feed, SQLite", feed, changes, () => withoutFeed(Store.layerMemory))
overPostgres(({ fresh }) => {
  migrationsSuite("policy, PostgreSQL", policy, policies, () => fresh)
  migrationsSuite("keys, PostgreSQL", keys, recorded, () => fresh)
  migrationsSuite("feed, PostgreSQL", feed, changes, () => withoutFeed(fresh))
})
