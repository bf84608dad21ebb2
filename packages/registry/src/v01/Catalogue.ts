/**
 * **Catalogue** — the registry as the official registry protocol shows it: published documents, and servers that have none, in one order. Asks
 * whether something is visible of its caller and knows no rights itself; changes no server.
 */
import type { RegisteredServer } from "@mcpgw/domain/Server"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { makePages } from "../internal/cataloguePages.ts"
import { Registry, type RegistryApi, type RegistryChange } from "../Registry.ts"
import type { StoreUnavailable } from "../RegistryError.ts"
import { NAMESPACE } from "./Names.ts"
import { indexOf, registeredEntry, registeredVersion } from "./RegisteredEntries.ts"
import { type VersionEntry, type VersionFilter, Versions, type VersionsApi } from "./Versions.ts"

/** An entry, with its server when there is one behind this gateway. */
export interface CatalogueEntry extends VersionEntry {
  readonly server: RegisteredServer | undefined
}

/** A server by display name and path: what rights are given by. */
export type Named = Readonly<Record<"server_name" | "path", string>>
export type Visible = (server: Named) => boolean

export interface Page {
  readonly entries: ReadonlyArray<CatalogueEntry>
  /** Where the next page begins; undefined on the last one. */
  readonly nextCursor: string | undefined
}

export interface PageRequest extends VersionFilter {
  /** Undefined: the first page. */
  readonly cursor: string | undefined
  readonly limit: number
}

export interface CatalogueApi {
  /** By name and version, byte by byte: what is published meanwhile neither repeats an entry nor leaves out one that stays. */
  readonly page: (request: PageRequest, visible: Visible) => Effect.Effect<Page, StoreUnavailable>
  /** Every visible version of a name, the newest first. A server of ours is also found by `io.mcpgateway/` and its path as it is. */
  readonly ofName: (name: string, visible: Visible) => Effect.Effect<ReadonlyArray<CatalogueEntry>, StoreUnavailable>
}

export class Catalogue extends Context.Tag("@mcpgw/registry/Catalogue")<Catalogue, CatalogueApi>() {
  /** Follows the registry: what is removed shows as deleted, and as it was when it is back. */
  static get layer(): Layer.Layer<Catalogue, never, Registry | Versions> {
    return layer
  }
}

/** The server of an entry as the catalogue shows it. */
const withServer =
  (registry: RegistryApi) =>
  (entry: VersionEntry): CatalogueEntry => ({ ...entry, server: registry.get(entry.path) })

const isVisible = (visible: Visible) => (entry: CatalogueEntry) =>
  visible(entry.server?.record ?? { server_name: entry.serverName, path: entry.path })

/** Newest first; of the same moment, the latest. */
const byAge = (a: VersionEntry, b: VersionEntry): number =>
  a.publishedAt === b.publishedAt ? Number(b.isLatest) - Number(a.isLatest) : a.publishedAt < b.publishedAt ? 1 : -1

const registeredAs = (registry: RegistryApi, name: string): RegisteredServer | undefined =>
  indexOf(registry.snapshot()).byName.get(name) ??
  (name.startsWith(`${NAMESPACE}/`) ? registry.get(name.slice(NAMESPACE.length)) : undefined)

const ofName = (registry: RegistryApi, versions: VersionsApi, name: string, visible: Visible) =>
  Effect.gen(function* () {
    const stored = yield* versions.ofName(name)
    const kept = stored.filter(({ origin, path }) => origin !== "registered" || registry.get(path) === undefined)
    if (kept.length > 0) return kept.map(withServer(registry)).filter(isVisible(visible)).sort(byAge)
    const server = registeredAs(registry, name)
    if (server === undefined || !visible(server.record)) return []
    const published = yield* versions.withDocuments([server.record.path])
    return published.size > 0 ? [] : [{ ...registeredEntry(server), server }]
  })

/** Keeps the versions in step with the servers that are there. A store that is away is told of in the log; the next change goes on. */
const follow = (versions: VersionsApi, known: Map<string, RegisteredServer>) => (change: RegistryChange) =>
  Effect.gen(function* () {
    if (change.kind !== "removed") {
      known.set(change.path, change.server)
      if (change.kind === "registered") yield* versions.back(change.path)
      return
    }
    const server = known.get(change.path)
    known.delete(change.path)
    if (server !== undefined) yield* versions.gone(change.path, registeredVersion(server.record))
  }).pipe(
    Effect.catchAll((error) => Effect.logWarning(`The published versions of ${change.path} were not updated`, error))
  )

const layer: Layer.Layer<Catalogue, never, Registry | Versions> = Layer.scoped(
  Catalogue,
  Effect.gen(function* () {
    const registry = yield* Registry
    const versions = yield* Versions
    const changes = yield* registry.subscribe
    const known = new Map(registry.snapshot().servers)
    yield* Effect.forkScoped(Stream.runForEach(changes, follow(versions, known)))
    const page = makePages(registry, versions, withServer(registry))
    return { page, ofName: (name, visible) => ofName(registry, versions, name, visible) }
  })
)
