/** Laws of this and other packages run over a real PostgreSQL, each over a schema of its own. For tests only. */
import type * as PgClient from "@effect/sql-pg/PgClient"
import * as server from "@mcpgw/testkit/Postgres"
import type { TestPostgres } from "@mcpgw/testkit/postgres/server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Store from "../../src/Store.ts"

type StoreLayer = Store.StoreLayer<PgClient.PgClient>

export interface Postgres {
  /** A store with nothing in it, another at each build. */
  readonly fresh: StoreLayer
  /** A store with nothing in it at first, the same at each build. */
  readonly kept: Effect.Effect<StoreLayer>
  readonly server: () => TestPostgres
}

/** Looks for others' writes only when told to: a clock that jumps by days would make it look for ever. */
const at = (url: string): StoreLayer => Store.layerPostgres({ url: Redacted.make(url), pollMillis: 0 })

/** Defines tests over one server; skipped, with the reason printed, where there can be none. */
export const overPostgres = (define: (postgres: Postgres) => void): void =>
  server.overPostgres((server) => {
    const kept = Effect.map(
      Effect.promise(() => server().createSchema()),
      at
    )
    define({ fresh: Layer.fresh(Layer.unwrapEffect(kept)), kept, server })
  })
