/**
 * One page of the catalogue: published versions out of the store and servers without one out of the snapshot, merged by their order. Reads
 * documents of what is shown only.
 */
import type { RegisteredServer } from "@mcpgw/domain/Server"
import * as Effect from "effect/Effect"
import type { RegistryApi } from "../Registry.ts"
import type { StoreUnavailable } from "../RegistryError.ts"
import type { CatalogueApi, CatalogueEntry, PageRequest, Visible } from "../v01/Catalogue.ts"
import { cursorOf, keyOfCursor } from "../v01/Names.ts"
import { firstAfter, indexOf, REGISTERED_VERSION, registeredEntry } from "../v01/RegisteredEntries.ts"
import type { VersionEntry, VersionHead, VersionsApi } from "../v01/Versions.ts"

/** Rows read at once when many of them are not shown to the caller. */
const AT_ONCE = 1_000

type Found<A> = Effect.Effect<ReadonlyArray<A>, StoreUnavailable>

/** The first `wanted` published versions the caller may see. */
const published = (
  registry: RegistryApi,
  versions: VersionsApi,
  request: PageRequest,
  start: string,
  wanted: number,
  visible: Visible
): Found<VersionHead> =>
  Effect.gen(function* () {
    const found: Array<VersionHead> = []
    let after = start
    let size = wanted
    for (;;) {
      const heads = yield* versions.page(request, after, size)
      for (const head of heads) {
        const server = registry.get(head.path)
        const isShown = head.origin !== "registered" || server === undefined
        if (isShown && visible(server?.record ?? { server_name: head.serverName, path: head.path })) found.push(head)
      }
      const last = heads.at(-1)
      if (found.length >= wanted || last === undefined) return found.slice(0, wanted)
      after = last.key
      size = AT_ONCE
    }
  })

const matches = ({ search, updatedSince, version }: PageRequest) => {
  const part = search?.toLowerCase()
  const isVersion = version === undefined || version === "latest" || version === REGISTERED_VERSION
  return (name: string, { record }: RegisteredServer): boolean =>
    isVersion &&
    (part === undefined || name.toLowerCase().includes(part)) &&
    (updatedSince === undefined || record.updated_at >= updatedSince)
}

/** The first `wanted` servers without a published document the caller may see. */
const registered = (
  registry: RegistryApi,
  versions: VersionsApi,
  request: PageRequest,
  start: string,
  wanted: number,
  visible: Visible
): Found<CatalogueEntry> =>
  Effect.gen(function* () {
    const { sorted } = indexOf(registry.snapshot())
    const isMatch = matches(request)
    const found: Array<CatalogueEntry> = []
    let next = firstAfter(sorted, start)
    while (found.length < wanted && next < sorted.length) {
      const candidates: Array<RegisteredServer> = []
      for (; candidates.length < wanted && next < sorted.length; next++) {
        const place = sorted[next]
        if (place !== undefined && isMatch(place.name, place.server) && visible(place.server.record)) {
          candidates.push(place.server)
        }
      }
      const taken = yield* versions.withDocuments(candidates.map(({ record }) => record.path))
      for (const server of candidates) {
        if (!taken.has(server.record.path)) found.push({ ...registeredEntry(server), server })
      }
    }
    return found.slice(0, wanted)
  })

export const makePages =
  (
    registry: RegistryApi,
    versions: VersionsApi,
    withServer: (entry: VersionEntry) => CatalogueEntry
  ): CatalogueApi["page"] =>
  (request, visible) =>
    Effect.gen(function* () {
      const { cursor, limit } = request
      const start = cursor === undefined ? "" : keyOfCursor(cursor)
      const wanted = limit + 1
      const stored = yield* published(registry, versions, request, start, wanted, visible)
      const own = yield* registered(registry, versions, request, start, wanted, visible)
      const merged = [...stored, ...own].sort((a, b) => (a.key < b.key ? -1 : 1))
      const shown = merged.slice(0, limit)
      const inStore = new Set(stored.map(({ key }) => key))
      const read = yield* versions.at(shown.filter(({ key }) => inStore.has(key)).map(({ key }) => key))
      const entries = new Map(own.map((entry) => [entry.key, entry] as const))
      for (const entry of read) entries.set(entry.key, withServer(entry))
      const last = shown.at(-1)
      return {
        entries: shown.map(({ key }) => entries.get(key)).filter((entry) => entry !== undefined),
        nextCursor: merged.length > limit && last !== undefined ? cursorOf(last) : undefined
      }
    })
