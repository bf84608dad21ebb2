/**
 * Takes what other processes have stored into the snapshot, with the same events as if it had been done here. Never writes to the store.
 * Whoever calls holds the writers' permit: what is read is not older than what a writer here has just put into the snapshot.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { Changed } from "@mcpgw/store/ChangeFeed"
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { keptTools, sameTools } from "../Inventory.ts"
import type { RegistryStoreApi, StoreUnavailable } from "../RegistryStore.ts"
import type { SnapshotCell } from "./snapshotCell.ts"

/** What a registry works on. */
export interface Core {
  readonly cell: SnapshotCell
  readonly store: RegistryStoreApi
  /** Lower-case path to path: two servers that differ in case only would be told apart by nobody. */
  readonly taken: Map<string, string>
}

const sameBesideTools = (a: ServerRecord, b: ServerRecord): boolean =>
  isDeepStrictEqual(
    { ...a, tool_list: [], num_tools: 0, updated_at: "" },
    { ...b, tool_list: [], num_tools: 0, updated_at: "" }
  )

/** Equal in all but when they were last changed. */
export const sameContent = (a: ServerRecord, b: ServerRecord): Effect.Effect<boolean> =>
  a.num_tools === b.num_tools && sameBesideTools(a, b) ? sameTools(a.tool_list, b.tool_list) : Effect.succeed(false)

/** A record as the snapshot holds it: one of an older version may hold more tools. */
export const keptRecord = (record: ServerRecord): ServerRecord => ({
  ...record,
  tool_list: keptTools(record.tool_list)
})

const kindOf = (before: ServerRecord | undefined, after: ServerRecord) => {
  if (before === undefined) return "registered"
  if (before.is_enabled !== after.is_enabled) return "toggled"
  return sameBesideTools(before, after) ? "tools" : "updated"
}

/** `stored`: what the store holds under the path. */
const takeIn = ({ cell, taken }: Core, path: string, stored: ServerRecord | undefined): Effect.Effect<void> =>
  Effect.gen(function* () {
    const before = cell.get(path)?.record
    if (stored === undefined) {
      if (before === undefined) return
      taken.delete(before.path.toLowerCase())
      return yield* cell.remove(before.path)
    }
    const after = keptRecord(stored)
    if (before !== undefined && before.updated_at === after.updated_at && (yield* sameContent(before, after))) return
    taken.set(after.path.toLowerCase(), after.path)
    yield* cell.put(after, kindOf(before, after))
  })

/** One path. */
export const refresh = (core: Core, path: string): Effect.Effect<void, StoreUnavailable> =>
  Effect.flatMap(core.store.get(path), (stored) => takeIn(core, path, stored))

/** What the feed hands over. */
export const takeChanged = (core: Core, changed: Changed): Effect.Effect<void, StoreUnavailable> =>
  Effect.gen(function* () {
    if (changed !== "everything") {
      return yield* Effect.forEach(changed, (path) => refresh(core, path), { discard: true })
    }
    const records = new Map<string, ServerRecord>((yield* core.store.all).map((record) => [record.path, record]))
    const paths = new Set<string>([...core.cell.snapshot().servers.keys(), ...records.keys()])
    for (const path of paths) yield* takeIn(core, path, records.get(path))
  })
