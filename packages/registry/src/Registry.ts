/**
 * **Registry** — which servers there are. Hot side: one immutable snapshot, swapped by reference. Cold side: changes, stored
 * before they take effect; those of other processes over the same store are followed. Knows nothing of callers' rights or of HTTP.
 *
 * A change costs one row written and one copy of the snapshot's Map (about 20 ns an entry); nothing else grows with the count.
 */
import { normalizePath } from "@mcpgw/domain/Ids"
import type { Health, RegisteredServer, Registration, ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { makeTurns } from "@mcpgw/domain/Turns"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { inventoryNote, keptTools } from "./Inventory.ts"
import { type Core, keptRecord, refresh, sameContent, takeChanged } from "./internal/follow.ts"
import { makeSnapshotCell } from "./internal/snapshotCell.ts"
import { makeRecord, patchRecord } from "./Registration.ts"
import type { Patch } from "./Registration.ts"
import { ServerChanged, ServerExists, ServerNotFound, StoreUnavailable } from "./RegistryError.ts"
import type { InvalidServer } from "./RegistryError.ts"
import { RegistryStore } from "./RegistryStore.ts"
import type { PutCondition } from "./RegistryStore.ts"
import type { RegistryChange, Snapshot } from "./Snapshot.ts"

export type { RegistryChange, Snapshot } from "./Snapshot.ts"

/** Changes of one record as it was read, and of no other: `ServerChanged` when another one is there by now, here or in the store. */
export interface ExactChanges {
  readonly update: (
    patch: Patch
  ) => Effect.Effect<RegisteredServer, ServerChanged | ServerNotFound | InvalidServer | StoreUnavailable>
  readonly toggle: (
    enabled: boolean
  ) => Effect.Effect<RegisteredServer, ServerChanged | ServerNotFound | StoreUnavailable>
  readonly remove: Effect.Effect<RegisteredServer, ServerChanged | ServerNotFound | StoreUnavailable>
}

export interface RegistryApi {
  /** Hot: what holds now. */
  readonly snapshot: () => Snapshot
  /** Hot: one server by path; slashes around it do not count. */
  readonly get: (path: string) => RegisteredServer | undefined
  /** Refuses a path taken already, in whatever case its letters are. */
  readonly register: (
    registration: Registration,
    by: string
  ) => Effect.Effect<RegisteredServer, ServerExists | InvalidServer | StoreUnavailable>
  /**
   * Changes the named fields and leaves every other as it was; an empty text takes an optional field away.
   * A new address makes the server's health unknown again. What others change at the same time is kept: the change is made upon it.
   */
  readonly update: (
    path: string,
    patch: Patch
  ) => Effect.Effect<RegisteredServer, ServerNotFound | InvalidServer | StoreUnavailable>
  /** Removes whatever holds there now. */
  readonly remove: (path: string) => Effect.Effect<RegisteredServer, ServerNotFound | StoreUnavailable>
  /** Health of a server switched off is `disabled`; of one switched on, unknown until it is checked. */
  readonly toggle: (
    path: string,
    enabled: boolean
  ) => Effect.Effect<RegisteredServer, ServerNotFound | StoreUnavailable>
  /**
   * For a change that was decided by what its maker read, such as who may make it and what `If-Match` said. `read`: the record as a snapshot
   * held it. After `ServerChanged` the snapshot holds the newer one.
   */
  readonly exactly: (read: ServerRecord) => ExactChanges
  /** What the store holds there, taken into the snapshot first when another process wrote it. */
  readonly reread: (path: string) => Effect.Effect<RegisteredServer | undefined, StoreUnavailable>
  /**
   * In memory only: health is observed, not stored. Nothing happens for a path that is gone; a result that arrives after the
   * server was switched off or on does not undo that.
   */
  readonly setHealth: (path: string, health: Health) => Effect.Effect<void>
  /**
   * Stores the tool inventory when it differs from what is known: the first `MAX_TOOLS` of `tools`, and `listed`, how many the server
   * lists (as many as were given, when absent), as `num_tools`. Nothing happens for a path that is gone.
   */
  readonly setTools: (
    path: string,
    tools: ReadonlyArray<Tool>,
    listed?: number
  ) => Effect.Effect<void, StoreUnavailable>
  /** Every change from when it first runs, in order; a slow reader loses none (its queue slides only past 10,000). */
  readonly changes: Stream.Stream<RegistryChange>
  /** The same, from the moment this effect returns: what is read from a snapshot taken after it and the stream misses nothing. */
  readonly subscribe: Effect.Effect<Stream.Stream<RegistryChange>, never, Scope.Scope>
}

export class Registry extends Context.Tag("@mcpgw/registry/Registry")<Registry, RegistryApi>() {
  /** Loads every stored server, then keeps snapshot and store in step. */
  static get layer(): Layer.Layer<Registry, StoreUnavailable, RegistryStore> {
    return layer
  }
}

const nowIso: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

type Kind = "registered" | "updated" | "toggled" | "tools"

/** Stored first, then effective. Undefined: another process has written meanwhile, and what it wrote is in the snapshot now. */
const commit = (core: Core, record: ServerRecord, kind: Kind, when: PutCondition) =>
  Effect.flatMap(core.store.put(record, when), (done): Effect.Effect<RegisteredServer | undefined, StoreUnavailable> =>
    done ? core.cell.put(record, kind) : Effect.as(refresh(core, record.path), undefined)
  )

/** How often a change is made anew upon what another process wrote in between. */
const TRIES = 50

const busy = new StoreUnavailable({ cause: "other processes keep changing the server" })

/** Makes the change upon what is found, once more while another process is ahead: so the two never lose one another's fields. */
const upon = <E1, E2>(
  core: Core,
  found: Effect.Effect<RegisteredServer, E1>,
  kind: Kind,
  change: (record: ServerRecord) => Effect.Effect<ServerRecord | undefined, E2>
): Effect.Effect<RegisteredServer, StoreUnavailable | E1 | E2> =>
  Effect.gen(function* () {
    for (let i = 0; i < TRIES; i++) {
      const server = yield* found
      const record = yield* change(server.record)
      if (record === undefined) return server
      const done = yield* commit(core, record, kind, "unchanged")
      if (done !== undefined) return done
    }
    return yield* busy
  })

const find = ({ cell }: Core, path: string): Effect.Effect<RegisteredServer, ServerNotFound> =>
  Effect.suspend(() => {
    const server = cell.get(path)
    return server === undefined
      ? Effect.fail(new ServerNotFound({ path: normalizePath(path) }))
      : Effect.succeed(server)
  })

/** The server whose record was read, while that one holds. */
const findExactly = (core: Core, read: ServerRecord): Effect.Effect<RegisteredServer, ServerNotFound | ServerChanged> =>
  Effect.filterOrFail(
    find(core, read.path),
    ({ record }) => record === read,
    () => new ServerChanged({ path: read.path })
  )

const register = (core: Core, registration: Registration, by: string) =>
  Effect.gen(function* () {
    const record = yield* makeRecord(registration, by, yield* nowIso)
    const existing = core.taken.get(record.path.toLowerCase())
    if (existing !== undefined) return yield* new ServerExists({ path: existing })
    const server = yield* commit(core, record, "registered", "absent")
    if (server === undefined) return yield* new ServerExists({ path: record.path })
    core.taken.set(record.path.toLowerCase(), record.path)
    return server
  })

type Found<E> = Effect.Effect<RegisteredServer, E>

const update = <E>(core: Core, found: Found<E>, patch: Patch) =>
  Effect.gen(function* () {
    const now = yield* nowIso
    return yield* upon(core, found, "updated", (before) =>
      Effect.gen(function* () {
        const record = yield* patchRecord(before, patch, now)
        return (yield* sameContent(record, before)) ? undefined : record
      })
    )
  })

const remove = <E>(core: Core, found: Found<E>): Effect.Effect<RegisteredServer, StoreUnavailable | E> =>
  Effect.gen(function* () {
    for (let i = 0; i < TRIES; i++) {
      const server = yield* found
      const gone = server.record.path
      if (!(yield* core.store.remove(gone, "unchanged"))) {
        yield* refresh(core, gone)
        continue
      }
      core.taken.delete(gone.toLowerCase())
      yield* core.cell.remove(gone)
      return server
    }
    return yield* busy
  })

const toggle = <E>(core: Core, found: Found<E>, enabled: boolean) =>
  Effect.gen(function* () {
    const now = yield* nowIso
    return yield* upon(core, found, "toggled", (record) =>
      Effect.succeed(record.is_enabled === enabled ? undefined : { ...record, is_enabled: enabled, updated_at: now })
    )
  })

const setTools = (core: Core, path: string, tools: ReadonlyArray<Tool>, listed: number) =>
  Effect.gen(function* () {
    const now = yield* nowIso
    let seen: ServerRecord | undefined
    yield* upon(core, find(core, path), "tools", (record) =>
      Effect.gen(function* () {
        const next = { ...record, tool_list: keptTools(tools), num_tools: Math.max(listed, tools.length) }
        seen = (yield* sameContent(next, record)) ? undefined : { ...next, updated_at: now }
        return seen
      })
    )
    const note = seen === undefined ? undefined : inventoryNote(seen)
    if (note !== undefined) yield* Effect.logWarning(`${path}: ${note}`)
  }).pipe(Effect.catchTag("ServerNotFound", () => Effect.void))

const make: Effect.Effect<RegistryApi, StoreUnavailable, RegistryStore | Scope.Scope> = Effect.gen(function* () {
  const store = yield* RegistryStore
  const inTurn = makeTurns()
  /** One writer at a time, and none is stopped between the store and the snapshot. */
  const write = <A, E>(effect: Effect.Effect<A, E>) => inTurn(Effect.uninterruptible(effect))
  const loaded = yield* Deferred.make<Core>()
  // Before anything is read, so that nothing is missed in between.
  yield* store.watch((changed) => Effect.flatMap(Deferred.await(loaded), (core) => write(takeChanged(core, changed))))
  const records = (yield* store.all).map(keptRecord)
  const cell = yield* makeSnapshotCell(records)
  const core: Core = { cell, store, taken: new Map(records.map(({ path }) => [path.toLowerCase(), path])) }
  yield* Deferred.succeed(loaded, core)
  return {
    snapshot: cell.snapshot,
    get: cell.get,
    register: (registration, by) => write(register(core, registration, by)),
    update: (path, patch) => write(update(core, find(core, path), patch)),
    remove: (path) => write(remove(core, find(core, path))),
    toggle: (path, enabled) => write(toggle(core, find(core, path), enabled)),
    exactly: (read) => {
      const found = findExactly(core, read)
      return {
        update: (patch) => write(update(core, found, patch)),
        toggle: (enabled) => write(toggle(core, found, enabled)),
        remove: write(remove(core, found))
      }
    },
    reread: (path) => write(Effect.map(refresh(core, normalizePath(path)), () => cell.get(path))),
    setHealth: cell.observe,
    setTools: (path, tools, listed = tools.length) => write(setTools(core, path, tools, listed)),
    changes: cell.changes,
    subscribe: cell.subscribe
  }
})

const layer: Layer.Layer<Registry, StoreUnavailable, RegistryStore> = Layer.scoped(Registry, make)
