/**
 * **Versions** — published documents and their versions at rest, and what became of servers that are gone. Knows nothing of callers' rights.
 * One contract suite runs over every layer.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeVersions } from "../internal/versionStore.ts"
import type { StoreUnavailable } from "../RegistryError.ts"
import type { ServerJson } from "@mcpgw/domain/ServerJson"
import type { NothingChanged, VersionExists, VersionNotFound } from "./VersionError.ts"

/** */
export type Status = "active" | "deprecated" | "deleted"

/** `registered`: what a server without a published document was shown as; kept only to say that it is gone. */
export type Origin = "published" | "imported" | "registered"

/** A version without its document. */
export interface VersionHead {
  /** Place in the order entries are listed in. */
  readonly key: string
  readonly name: string
  readonly version: string
  /** Where its server is, or would be. */
  readonly path: string
  /** Display name, by which rights are given beside the path. */
  readonly serverName: string
  readonly origin: Origin
  /** Registry it was imported from; null: none. */
  readonly source: string | null
  readonly status: Status
  readonly statusMessage: string | null
  /** ISO 8601, UTC, as the others. */
  readonly statusChangedAt: string
  readonly publishedAt: string
  readonly updatedAt: string
  readonly isLatest: boolean
  /** Shown as deleted because its server was removed here. */
  readonly gone: boolean
}

export interface VersionEntry extends VersionHead {
  readonly document: ServerJson
}

/** What is asked of a list; absent: everything. */
export interface VersionFilter {
  /** Part of the name, in any case. */
  readonly search?: string
  /** `latest` or an exact one. */
  readonly version?: string
  /** ISO 8601, UTC; inclusive. */
  readonly updatedSince?: string
  readonly includeDeleted: boolean
}

/** A document to be kept. */
export interface NewVersion {
  readonly document: ServerJson
  readonly path: string
  readonly serverName: string
  readonly origin: Origin
  readonly source?: string
  /** `active` when absent. */
  readonly status?: Status
  readonly statusMessage?: string
}

export interface VersionsApi {
  /** Up to `limit` heads after the place `after`, in order. */
  readonly page: (
    filter: VersionFilter,
    after: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<VersionHead>, StoreUnavailable>
  /** The entries at these places, in no order; what can not be read is left out and logged. */
  readonly at: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<VersionEntry>, StoreUnavailable>
  /** Every version of a name. */
  readonly ofName: (name: string) => Effect.Effect<ReadonlyArray<VersionEntry>, StoreUnavailable>
  /** Those of these paths that have published documents. */
  readonly withDocuments: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, StoreUnavailable>
  readonly publish: (version: NewVersion) => Effect.Effect<VersionEntry, VersionExists | StoreUnavailable>
  /** Replaces the document of a version; its name and version stay. */
  readonly replace: (
    document: ServerJson,
    serverName: string
  ) => Effect.Effect<VersionEntry, VersionNotFound | StoreUnavailable>
  /** Of one version, or with `undefined` of all, or of none when one can not be changed. */
  readonly setStatus: (
    name: string,
    version: string | undefined,
    status: Status,
    message: string | undefined
  ) => Effect.Effect<ReadonlyArray<VersionEntry>, VersionNotFound | NothingChanged | StoreUnavailable>
  /** The server at `path` is gone: its versions show as deleted. `shownAs`: what it was shown as, if it had no document. */
  readonly gone: (path: string, shownAs: NewVersion) => Effect.Effect<void, StoreUnavailable>
  /** There is a server at `path` again: its versions show as what they are. */
  readonly back: (path: string) => Effect.Effect<void, StoreUnavailable>
}

export class Versions extends Context.Tag("@mcpgw/registry/Versions")<Versions, VersionsApi>() {
  /** Tables `registry_versions` and `registry_version_names` of the SQL store, documents as JSON. */
  static get layerSql(): Layer.Layer<Versions, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return layerSql
  }
}

const layerSql: Layer.Layer<Versions, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> = Layer.effect(
  Versions,
  Effect.suspend(() => makeVersions)
)
