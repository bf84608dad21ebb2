/** Collaborators at rest: a row each, with the registration they belong to. Rows of earlier registrations at a path go with the next write there. */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Migrations"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Collaborator, Registered, Row } from "../Collaborators.ts"
import { migrations } from "../Migrations.ts"
import { StoreUnavailable } from "../RegistryError.ts"

/** `key`: one for each collaborator of a server, whatever the spelling. */
export interface Keyed extends Collaborator {
  readonly key: string
}

export interface CollaboratorStore {
  /** Has `take` run when another process has written, until the scope closes. */
  readonly watch: (take: Effect.Effect<void, StoreUnavailable>) => Effect.Effect<void, StoreUnavailable, Scope.Scope>
  readonly all: Effect.Effect<ReadonlyArray<Row>, StoreUnavailable>
  /** All at once: those who are not named are gone. */
  readonly replace: (
    server: Registered,
    collaborators: ReadonlyArray<Keyed>,
    by: string
  ) => Effect.Effect<void, StoreUnavailable>
  readonly put: (server: Registered, collaborator: Keyed, by: string) => Effect.Effect<void, StoreUnavailable>
  /** False: there was none. */
  readonly remove: (server: Registered, key: string) => Effect.Effect<boolean, StoreUnavailable>
  /** On every server. */
  readonly forget: (key: string) => Effect.Effect<void, StoreUnavailable>
}

export const makeMemoryStore = (): CollaboratorStore => {
  let rows: ReadonlyArray<Row & Keyed> = []
  const others = ({ path, registered_at }: Registered, key: string) =>
    rows.filter((row) => row.path !== path || (row.registered_at === registered_at && row.key !== key))
  const row = ({ path, registered_at }: Registered, one: Keyed) => ({ ...one, path, registered_at })
  return {
    watch: () => Effect.void,
    all: Effect.sync(() => rows),
    replace: (server, collaborators) =>
      Effect.sync(() => {
        const rest = rows.filter(({ path }) => path !== server.path)
        rows = [...rest, ...collaborators.map((one) => row(server, one))]
      }),
    put: (server, one) => Effect.sync(() => void (rows = [...others(server, one.key), row(server, one)])),
    remove: ({ path, registered_at }, key) =>
      Effect.sync(() => {
        const rest = rows.filter((one) => one.path !== path || one.registered_at !== registered_at || one.key !== key)
        const found = rest.length < rows.length
        rows = rest
        return found
      }),
    forget: (key) => Effect.sync(() => void (rows = rows.filter((one) => one.key !== key)))
  }
}

const unavailable = (cause: SqlError): StoreUnavailable => new StoreUnavailable({ cause })

/** Topic of the feed; its items say what was changed, and all is read again. */
const TOPIC = "collaborators"

export const makeSqlStore: Effect.Effect<
  CollaboratorStore,
  MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient | ChangeFeed
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const feed = yield* ChangeFeed
  yield* migrate(migrations)
  const insert = ({ path, registered_at }: Registered, { key, kind, name, role }: Keyed, added_by: string) =>
    Effect.gen(function* () {
      const added_at = new Date(yield* Clock.currentTimeMillis).toISOString()
      const row = { path, member: key, registered_at, kind, name, role, added_by, added_at }
      yield* sql`INSERT INTO registry_collaborators ${sql.insert(row)}
        ON CONFLICT (path, member) DO UPDATE SET registered_at = excluded.registered_at, kind = excluded.kind,
          name = excluded.name, role = excluded.role, added_by = excluded.added_by, added_at = excluded.added_at`
    })
  const whole = <A>(item: string, effect: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreUnavailable> =>
    Effect.mapError(
      feed.write(TOPIC, [item], () => effect),
      unavailable
    )
  return {
    watch: (take) =>
      Effect.mapError(
        feed.watch(TOPIC, () => take),
        unavailable
      ),
    all: Effect.mapError(
      sql<Row>`SELECT path, registered_at, kind, name, role FROM registry_collaborators`,
      unavailable
    ),
    replace: (server, collaborators, by) =>
      whole(
        server.path,
        Effect.zipRight(
          sql`DELETE FROM registry_collaborators WHERE path = ${server.path}`,
          Effect.forEach(collaborators, (one) => insert(server, one, by), { discard: true })
        )
      ),
    put: (server, one, by) =>
      whole(
        server.path,
        Effect.zipRight(
          sql`DELETE FROM registry_collaborators
            WHERE path = ${server.path} AND registered_at <> ${server.registered_at}`,
          insert(server, one, by)
        )
      ),
    remove: ({ path, registered_at }, key) =>
      whole(
        path,
        Effect.map(
          sql`DELETE FROM registry_collaborators
              WHERE path = ${path} AND registered_at = ${registered_at} AND member = ${key} RETURNING member`,
          (rows) => rows.length > 0
        )
      ),
    forget: (key) => whole(key, Effect.asVoid(sql`DELETE FROM registry_collaborators WHERE member = ${key}`))
  }
})
