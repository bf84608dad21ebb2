/**
 * **Collaborators** — who works on a server with those who run the gateway: people and groups, as `manager` or `user`. A role belongs to one
 * registration: a server registered anew at the same path begins with none. Read from memory. Decides no right: what a role gives, and to whom,
 * is the API's business; what may be called is the policy's alone.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import { makeTurns } from "@mcpgw/domain/Turns"
import type { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type CollaboratorStore, makeMemoryStore, makeSqlStore } from "./internal/collaboratorStore.ts"
import type { StoreUnavailable } from "./RegistryError.ts"

/** `manager`: sees, edits, switches, checks and deletes the server, and says who else works on it. `user`: sees it. */
export type Role = "manager" | "user"

/** A person by the name of their account here, or a group by its name. */
export interface Collaborator {
  readonly kind: "person" | "group"
  readonly name: string
  readonly role: Role
}

/** One registration of a server. */
export interface Registered {
  readonly path: string
  /** ISO 8601, as in its record. */
  readonly registered_at: string
}

/** Whom a role may belong to. */
export interface Someone {
  /** Name of their account here, if they have one. Case does not count. */
  readonly account: string | undefined
  readonly groups: ReadonlyArray<string>
}

export interface CollaboratorsApi {
  /** Hot: of the roles somebody has on a server, by themselves and by their groups, the higher one. */
  readonly roleOf: (server: Registered, who: Someone) => Role | undefined
  /** Hot: is anybody a collaborator anywhere? */
  readonly isEmpty: () => boolean
  /** Hot: another number after every change, of this process or of others. */
  readonly revision: () => number
  /** Hot: people first, then groups, by name. */
  readonly of: (server: Registered) => ReadonlyArray<Collaborator>
  /** Replaces all collaborators of a server. In force in this process when it answers, in others within a second. */
  readonly set: (
    server: Registered,
    collaborators: ReadonlyArray<Collaborator>,
    by: string
  ) => Effect.Effect<void, StoreUnavailable>
  /** Adds one or changes their role. */
  readonly put: (server: Registered, collaborator: Collaborator, by: string) => Effect.Effect<void, StoreUnavailable>
  /** False: they were none. */
  readonly remove: (
    server: Registered,
    collaborator: Pick<Collaborator, "kind" | "name">
  ) => Effect.Effect<boolean, StoreUnavailable>
  /** Takes somebody off every server: an account that goes leaves nothing to whoever gets its name next. */
  readonly forget: (account: string) => Effect.Effect<void, StoreUnavailable>
}

type SqlLayer = Layer.Layer<
  Collaborators,
  StoreUnavailable | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient | ChangeFeed
>

export class Collaborators extends Context.Tag("@mcpgw/registry/Collaborators")<Collaborators, CollaboratorsApi>() {
  /** Lives and dies with the process. */
  static get layerMemory(): Layer.Layer<Collaborators> {
    return layerMemory
  }

  /** Table `registry_collaborators` of the SQL store. What other processes write is seen within a second. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

/** A collaborator as stored. */
export interface Row extends Collaborator, Registered {}

/** Accounts are one person in any case; groups are what providers spell them. */
const keyOf = ({ kind, name }: Pick<Collaborator, "kind" | "name">): string =>
  kind === "person" ? `person:${name.toLowerCase()}` : `group:${name}`

/** A server's collaborators by key. */
type Members = ReadonlyMap<string, Collaborator>

interface Held {
  readonly registered_at: string
  readonly members: Members
}

const NOBODY: Members = new Map()

const heldFrom = (rows: ReadonlyArray<Row>): ReadonlyMap<string, Held> => {
  const held = new Map<string, { readonly registered_at: string; readonly members: Map<string, Collaborator> }>()
  for (const { kind, name, path, registered_at, role } of rows) {
    const found = held.get(path)
    // Of two registrations at one path the later one is there now.
    const entry =
      found === undefined || found.registered_at < registered_at ? { registered_at, members: new Map() } : found
    if (entry.registered_at === registered_at) entry.members.set(keyOf({ kind, name }), { kind, name, role })
    held.set(path, entry)
  }
  return held
}

const byKindAndName = (a: Collaborator, b: Collaborator): number =>
  a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind === "person" ? -1 : 1

const make = (store: CollaboratorStore): Effect.Effect<CollaboratorsApi, StoreUnavailable, Scope.Scope> =>
  Effect.gen(function* () {
    let held: ReadonlyMap<string, Held> = new Map()
    let seen = ""
    let revision = 0
    const turn = makeTurns()
    const read = Effect.map(store.all, (rows) => {
      const text = JSON.stringify(rows)
      if (text === seen) return
      seen = text
      held = heldFrom(rows)
      revision++
    })
    const inTurn = <A>(change: Effect.Effect<A, StoreUnavailable>) =>
      turn(Effect.uninterruptible(Effect.zipLeft(change, read)))
    yield* store.watch(inTurn(Effect.void))
    yield* read
    const members = ({ path, registered_at }: Registered): Members => {
      const found = held.get(path)
      return found?.registered_at === registered_at ? found.members : NOBODY
    }
    return {
      isEmpty: () => held.size === 0,
      revision: () => revision,
      of: (server) => [...members(server).values()].sort(byKindAndName),
      roleOf: (server, { account, groups }) => {
        const all = members(server)
        if (all.size === 0) return undefined
        const own = account === undefined ? undefined : all.get(keyOf({ kind: "person", name: account }))?.role
        const roles = groups.map((name) => all.get(keyOf({ kind: "group", name }))?.role)
        return [own, ...roles].includes("manager") ? "manager" : [own, ...roles].find((role) => role !== undefined)
      },
      set: (server, collaborators, by) => {
        const distinct = new Map(collaborators.map((one) => [keyOf(one), one]))
        return inTurn(
          store.replace(
            server,
            [...distinct].map(([key, one]) => ({ ...one, key })),
            by
          )
        )
      },
      put: (server, one, by) => inTurn(store.put(server, { ...one, key: keyOf(one) }, by)),
      remove: (server, one) => inTurn(store.remove(server, keyOf(one))),
      forget: (name) => inTurn(store.forget(keyOf({ kind: "person", name })))
    }
  })

const layerMemory: Layer.Layer<Collaborators> = Layer.scoped(
  Collaborators,
  Effect.suspend(() => Effect.orDie(make(makeMemoryStore())))
)

const layerSql: SqlLayer = Layer.scoped(
  Collaborators,
  Effect.suspend(() => Effect.flatMap(makeSqlStore, make))
)
