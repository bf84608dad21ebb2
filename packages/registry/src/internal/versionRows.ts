/** Rows of `registry_versions` and what they mean. Pure. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { sortKey } from "../v01/Names.ts"
import { ServerJson } from "@mcpgw/domain/ServerJson"
import type { NewVersion, VersionEntry, VersionHead } from "../v01/Versions.ts"

/** A row without its document. */
const HeadRow = Schema.Struct({
  sort_key: Schema.String,
  name: Schema.String,
  version: Schema.String,
  path: Schema.String,
  server_name: Schema.String,
  origin: Schema.Literal("published", "imported", "registered"),
  source: Schema.NullOr(Schema.String),
  status: Schema.Literal("active", "deprecated", "deleted"),
  kept_status: Schema.NullOr(Schema.Literal("active", "deprecated", "deleted")),
  status_message: Schema.NullOr(Schema.String),
  status_changed_at: Schema.String,
  published_at: Schema.String,
  updated_at: Schema.String,
  is_latest: Schema.Number
})
type HeadRow = typeof HeadRow.Type

/** The columns of a head, for `SELECT`. */
export const HEAD_COLUMNS: ReadonlyArray<string> = Object.keys(HeadRow.fields)

const Document = Schema.parseJson(ServerJson)
const decodeHead = Schema.decodeUnknownEither(HeadRow)
const decodeRow = Schema.decodeUnknownEither(Schema.Struct({ ...HeadRow.fields, document: Document }), {
  onExcessProperty: "preserve"
})

const shaped = (row: HeadRow): VersionHead => ({
  key: row.sort_key,
  name: row.name,
  version: row.version,
  path: row.path,
  serverName: row.server_name,
  origin: row.origin,
  source: row.source,
  status: row.status,
  statusMessage: row.status_message,
  statusChangedAt: row.status_changed_at,
  publishedAt: row.published_at,
  updatedAt: row.updated_at,
  isLatest: row.is_latest === 1,
  gone: row.kept_status !== null
})

/** Undefined: not a row this version wrote. */
export const headOf = (row: unknown): VersionHead | undefined =>
  Either.getOrUndefined(Either.map(decodeHead(row), shaped))

export const entryOf = (row: unknown): VersionEntry | undefined =>
  Either.getOrUndefined(Either.map(decodeRow(row), (read) => ({ ...shaped(read), document: read.document })))

/** The row of a document published at `now`. */
export const newRow = (given: NewVersion, now: string) => {
  const { document, path, serverName, origin } = given
  const { name, version } = document
  return {
    sort_key: sortKey(name, version),
    name,
    name_lower: name.toLowerCase(),
    version,
    path,
    server_name: serverName,
    origin,
    source: given.source ?? null,
    document: JSON.stringify(document),
    status: given.status ?? "active",
    kept_status: null,
    status_message: given.statusMessage ?? null,
    status_changed_at: now,
    published_at: now,
    updated_at: now,
    is_latest: 0
  }
}
