/**
 * What a dry run has planned so far, so that it says of each entry what a real run would say after the entries before it. Kept for one run, in
 * memory; changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isDeepStrictEqual } from "node:util"
import { Registry } from "../Registry.ts"
import { pathOfName } from "../v01/Names.ts"
import { registrationOf, type SourceEntry, type Variables } from "./Importable.ts"
import { anothers, DELETED, isOlder, type ItemReport, OLDER, type Outcome, report } from "./itemReport.ts"

export interface Rehearsal {
  /** Entries that would have been taken, by the path they would be at, in lower case. */
  readonly planned: Map<string, SourceEntry>
  /** Paths of the servers that are here, in lower case, by which two are one. */
  readonly taken: ReadonlySet<string>
}

export const rehearsal: Effect.Effect<Rehearsal, never, Registry> = Effect.map(Registry, (registry) => ({
  planned: new Map(),
  taken: new Set(Array.from(registry.snapshot().servers.keys(), (path) => path.toLowerCase()))
}))

/** Says an entry the same as one before? */
const isSameEntry = (a: SourceEntry, b: SourceEntry): boolean =>
  a.status === b.status &&
  (a.statusMessage ?? "") === (b.statusMessage ?? "") &&
  isDeepStrictEqual(a.document, b.document)

/** What would become of an entry whose path an entry of the same dry run would have taken. */
const again = (
  entry: SourceEntry,
  before: SourceEntry,
  options: Variables & { readonly source: string }
): ItemReport => {
  const path = pathOfName(entry.document.name)
  const isDeleted = entry.status === "deleted"
  if (before.document.name !== entry.document.name) {
    return isDeleted ? report(entry, path, "skipped", DELETED) : anothers(entry, path)
  }
  const isSame = isSameEntry(before, entry)
  if (isDeleted) return report(entry, path, isSame ? "unchanged" : "removed")
  if (before.status !== "deleted" && isOlder(entry, before.document.version)) {
    return report(entry, path, "skipped", OLDER)
  }
  const found = registrationOf(entry.document, options.source, options)
  if (Either.isLeft(found)) return report(entry, path, "refused", found.left)
  return report(entry, path, isSame ? "unchanged" : "updated")
}

const TAKEN: ReadonlySet<Outcome> = new Set(["created", "updated", "unchanged", "removed"])

/** What would become of it, after what would have become of those before; `first`: when it is the first at its path. */
export const rehearsed = <E, R>(
  entry: SourceEntry,
  options: Variables & { readonly source: string },
  { planned }: Rehearsal,
  first: Effect.Effect<ItemReport, E, R>
): Effect.Effect<ItemReport, E, R> =>
  Effect.suspend(() => {
    const key = pathOfName(entry.document.name).toLowerCase()
    const before = planned.get(key)
    const item = before === undefined ? first : Effect.succeed(again(entry, before, options))
    return Effect.tap(item, ({ outcome }) => Effect.sync(() => TAKEN.has(outcome) && planned.set(key, entry)))
  })
