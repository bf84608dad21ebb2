/**
 * **MachineClients** — which groups a machine of an identity provider has, by issuer and client id, for tokens that say nothing of groups
 * themselves. All of it is in memory, because tokens are judged by it; a change made elsewhere is taken within a second.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { AccountsUnavailable } from "./Accounts.ts"
import { type MachineClientStore, makeMemoryStore, makeSqlStore, toldToOthers } from "./internal/machineClientStore.ts"
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

type SqlLayer = Layer.Layer<
  MachineClients,
  AccountsUnavailable | MigrationFailed | DatabaseNewer | SqlError,
  SqlClient.SqlClient | ChangeFeed
>

export class MachineClients extends Context.Tag("@mcpgw/identity/MachineClients")<MachineClients, MachineClientsApi>() {
  /** Forgets at exit; for tests. */
  static get layerMemory(): Layer.Layer<MachineClients> {
    return memory
  }

  /** Table `machine_clients`; runs this package's migrations. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

/** Topic of the feed. */
const TOPIC = "machine-clients"

const keyOf = (issuer: string, clientId: string): string => JSON.stringify([issuer, clientId])

/** `follow`: runs what it is given whenever another process has changed some. */
const make = <E = never, R = never>(
  store: MachineClientStore,
  follow: (look: Effect.Effect<unknown, AccountsUnavailable>) => Effect.Effect<void, E, R> = () => Effect.void
): Effect.Effect<MachineClientsApi, AccountsUnavailable | E, R> =>
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
    yield* follow(look)
    yield* look
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
const memory: Layer.Layer<MachineClients> = Layer.effect(
  MachineClients,
  Effect.suspend(() => Effect.orDie(make(makeMemoryStore())))
)

const layerSql: SqlLayer = Layer.scoped(
  MachineClients,
  Effect.gen(function* () {
    yield* migrate(migrations)
    const feed = yield* ChangeFeed
    const store = toldToOthers(makeSqlStore(yield* SqlClient.SqlClient), feed, TOPIC)
    return yield* make<SqlError, Scope.Scope>(store, (look) => feed.watch(TOPIC, () => Effect.asVoid(look)))
  })
)
