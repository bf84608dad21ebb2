/**
 * What a dry run has planned so far, so that it says of each entry what a real run would say after the entries before it. Kept for one run, in
 * memory; changes nothing.
 */
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { Registry } from "../Registry.ts"
import type { SourceEntry } from "./Importable.ts"

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
export const isSameEntry = (a: SourceEntry, b: SourceEntry): boolean =>
  a.status === b.status &&
  (a.statusMessage ?? "") === (b.statusMessage ?? "") &&
  isDeepStrictEqual(a.document, b.document)
