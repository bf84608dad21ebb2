/**
 * The registry's current snapshot: read by reference, one change at a time, each published in order. Whoever was handed a snapshot keeps it as
 * it was; as long as nobody asks, changes copy nothing. Knows nothing of the store.
 */
import { normalizePath } from "@mcpgw/domain/Ids"
import type { ServerPath } from "@mcpgw/domain/Ids"
import { NEVER_CHECKED } from "@mcpgw/domain/Server"
import type { Health, RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { makeTurns } from "@mcpgw/domain/Turns"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RegistryChange, Snapshot } from "../Snapshot.ts"

/** How many changes a reader may lag behind before it misses the oldest. */
const CHANGES_KEPT = 10_000

const DISABLED: Health = { status: "disabled", last_checked_iso: null }

const initialHealth = (record: ServerRecord): Health => (record.is_enabled ? NEVER_CHECKED : DISABLED)

/** Health after a record changed: kept, unless it speaks of another address or another switch position. */
const healthAfter = (before: RegisteredServer | undefined, record: ServerRecord): Health =>
  before === undefined ||
  before.record.is_enabled !== record.is_enabled ||
  before.record.proxy_pass_url !== record.proxy_pass_url ||
  before.record.mcp_endpoint !== record.mcp_endpoint ||
  before.record.sse_endpoint !== record.sse_endpoint
    ? initialHealth(record)
    : before.health

export interface SnapshotCell {
  readonly snapshot: () => Snapshot
  readonly get: (path: string) => RegisteredServer | undefined
  /** Lets a stored record take effect. */
  readonly put: (
    record: ServerRecord,
    kind: "registered" | "updated" | "toggled" | "tools"
  ) => Effect.Effect<RegisteredServer>
  readonly remove: (path: ServerPath) => Effect.Effect<void>
  /** A status that contradicts the server's switch is a late result and is dropped; one already known makes no event. */
  readonly observe: (path: string, health: Health) => Effect.Effect<void>
  readonly changes: Stream.Stream<RegistryChange>
  readonly subscribe: Effect.Effect<Stream.Stream<RegistryChange>, never, Scope.Scope>
}

/** Starts with `records` at revision 0. */
export const makeSnapshotCell = (records: ReadonlyArray<ServerRecord>): Effect.Effect<SnapshotCell> =>
  Effect.gen(function* () {
    const published = yield* PubSub.sliding<RegistryChange>(CHANGES_KEPT)
    const turn = makeTurns()
    let servers = new Map<string, RegisteredServer>(
      records.map((record) => [record.path, { record, health: initialHealth(record) }])
    )
    let revision = 0
    let handedOut: Snapshot | undefined

    const replace = (path: ServerPath, server: RegisteredServer | undefined, event: RegistryChange | undefined) => {
      if (handedOut !== undefined) {
        servers = new Map(servers)
        handedOut = undefined
      }
      if (server === undefined) servers.delete(path)
      else servers.set(path, server)
      if (event === undefined) return Effect.void
      revision++
      return PubSub.publish(published, event)
    }

    const inTurn = <A>(body: () => Effect.Effect<A>) => Effect.uninterruptible(turn(Effect.suspend(body)))

    const get = (path: string) => servers.get(path) ?? servers.get(normalizePath(path))

    return {
      snapshot: () => (handedOut ??= { revision, servers }),
      get,
      put: (record, kind) =>
        inTurn(() => {
          const path = record.path
          const server = { record, health: healthAfter(servers.get(path), record) }
          return Effect.as(replace(path, server, { kind, path, server }), server)
        }),
      remove: (path) => inTurn(() => Effect.asVoid(replace(path, undefined, { kind: "removed", path }))),
      observe: (path, health) =>
        inTurn(() => {
          const before = get(path)
          if (before === undefined || before.record.is_enabled === (health.status === "disabled")) return Effect.void
          const server = { record: before.record, health }
          const same = before.health.status === health.status
          const event = same ? undefined : { kind: "health" as const, path: before.record.path, server }
          return Effect.asVoid(replace(before.record.path, server, event))
        }),
      changes: Stream.fromPubSub(published),
      subscribe: Stream.fromPubSub(published, { scoped: true })
    }
  })
