/**
 * **MachineClients** — which groups a machine of an identity provider has, by issuer and client id, for tokens that say nothing of groups
 * themselves. All of it is in memory, because tokens are judged by it; a change made elsewhere is noticed within seconds.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { AccountsUnavailable } from "./Accounts.ts"
import { type MachineClientStore, makeMemoryStore, makeSqliteStore } from "./internal/machineClientStore.ts"
import { stored } from "./internal/stored.ts"
import { migrations } from "./Migrations.ts"

export interface MachineClient {
  /** `iss` of the provider's tokens, exactly. */
  readonly issuer: string
  readonly clientId: string
  readonly groups: ReadonlyArray<string>
}

export interface MachineClientsApi {
  /** By issuer and client id. */
  readonly list: Effect.Effect<ReadonlyArray<MachineClient>, AccountsUnavailable>
  /** Adds or replaces. */
  readonly put: (client: MachineClient) => Effect.Effect<void, AccountsUnavailable>
  /** False: there is no such client. */
  readonly remove: (issuer: string, clientId: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Hot: the groups; the same object until they change. */
  readonly groupsOf: (issuer: string, clientId: string) => ReadonlyArray<string> | undefined
}

type SqliteLayer = Layer.Layer<
  MachineClients,
  AccountsUnavailable | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient
>

export class MachineClients extends Context.Tag("@mcpgw/identity/MachineClients")<MachineClients, MachineClientsApi>() {
  /** Forgets at exit; for tests. */
  static get layerMemory(): Layer.Layer<MachineClients> {
    return memory
  }

  /** Table `machine_clients`; runs this package's migrations. */
  static get layerSqlite(): SqliteLayer {
    return sqlite
  }
}

const LOOK_EVERY = "3 seconds"

const keyOf = (issuer: string, clientId: string): string => JSON.stringify([issuer, clientId])

const make = (store: MachineClientStore): Effect.Effect<MachineClientsApi, AccountsUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    let known: ReadonlyMap<string, ReadonlyArray<string>> = new Map()
    const look = Effect.map(stored(store.all), (clients) => {
      known = new Map(
        clients.map(({ clientId, groups, issuer }) => {
          const key = keyOf(issuer, clientId)
          const before = known.get(key)
          return [key, before !== undefined && JSON.stringify(before) === JSON.stringify(groups) ? before : groups]
        })
      )
      return clients
    })
    yield* look
    yield* look.pipe(
      Effect.catchAll((cause) => Effect.logWarning("Machine clients could not be read again", cause)),
      Effect.schedule(Schedule.spaced(LOOK_EVERY)),
      Effect.forkScoped
    )
    return {
      list: look,
      put: (client) => Effect.zipRight(stored(store.put(client)), look),
      remove: (issuer, clientId) =>
        Effect.gen(function* () {
          const there = (yield* look).some((client) => client.issuer === issuer && client.clientId === clientId)
          yield* stored(store.remove(issuer, clientId))
          yield* look
          return there
        }),
      groupsOf: (issuer, clientId) => (known.size === 0 ? undefined : known.get(keyOf(issuer, clientId)))
    }
  })

// A map in memory is always readable.
const memory: Layer.Layer<MachineClients> = Layer.scoped(
  MachineClients,
  Effect.suspend(() => Effect.orDie(make(makeMemoryStore())))
)

const sqlite: SqliteLayer = Layer.scoped(
  MachineClients,
  Effect.gen(function* () {
    yield* migrate(migrations)
    return yield* make(makeSqliteStore(yield* SqlClient.SqlClient))
  })
)
