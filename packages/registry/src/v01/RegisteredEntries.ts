/**
 * Servers without a published document as entries of the official registry protocol: each is its version 1.0.0 (contracts.md §2.15). Pure;
 * never says where a server itself is reached.
 */
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import type { Snapshot } from "../Snapshot.ts"
import { nameOfPath, sortKey } from "./Names.ts"
import { SERVER_SCHEMA, type ServerJson } from "@mcpgw/domain/ServerJson"
import type { NewVersion, VersionEntry } from "./Versions.ts"

/** The version such a server has. */
export const REGISTERED_VERSION = "1.0.0"

const LONGEST_TEXT = 100

/** No longer than the schema lets it be, and never cut within a character. */
const short = (text: string): string => {
  const points = [...text.trim()]
  return text.trim().length <= LONGEST_TEXT ? text.trim() : `${fit(points)}…`
}

const fit = (points: ReadonlyArray<string>): string => {
  let text = ""
  for (const point of points) {
    if (text.length + point.length > LONGEST_TEXT - 1) break
    text += point
  }
  return text.trimEnd()
}

/** Without `remotes`: those depend on who serves it. */
export const registeredDocument = (record: ServerRecord): ServerJson => {
  const title = short(record.server_name)
  return {
    $schema: SERVER_SCHEMA,
    name: nameOfPath(record.path),
    title,
    description: short(record.description) || title,
    version: REGISTERED_VERSION
  }
}

/** What a server was shown as, to be kept when it is gone. */
export const registeredVersion = (record: ServerRecord): NewVersion => ({
  document: registeredDocument(record),
  path: record.path,
  serverName: record.server_name,
  origin: "registered"
})

export const registeredEntry = ({ record }: RegisteredServer): VersionEntry => {
  const document = registeredDocument(record)
  return {
    key: sortKey(document.name, document.version),
    name: document.name,
    version: document.version,
    path: record.path,
    serverName: record.server_name,
    origin: "registered",
    source: null,
    status: "active",
    statusMessage: null,
    statusChangedAt: record.registered_at,
    publishedAt: record.registered_at,
    updatedAt: record.updated_at,
    isLatest: true,
    gone: false,
    document
  }
}

/** A server's place among the entries. */
interface Place {
  readonly key: string
  readonly name: string
  readonly server: RegisteredServer
}

export interface RegisteredIndex {
  readonly sorted: ReadonlyArray<Place>
  readonly byName: ReadonlyMap<string, RegisteredServer>
}

const named = new WeakMap<ServerRecord, Pick<Place, "key" | "name">>()

const nameOf = (record: ServerRecord): Pick<Place, "key" | "name"> => {
  const known = named.get(record)
  if (known !== undefined) return known
  const name = nameOfPath(record.path)
  const made = { name, key: sortKey(name, REGISTERED_VERSION) }
  named.set(record, made)
  return made
}

const indexes = new WeakMap<Snapshot["servers"], RegisteredIndex>()

/** Made once for a snapshot. */
export const indexOf = ({ servers }: Pick<Snapshot, "servers">): RegisteredIndex => {
  const known = indexes.get(servers)
  if (known !== undefined) return known
  const sorted = Array.from(servers.values(), (server) => ({ ...nameOf(server.record), server })).sort((a, b) =>
    a.key < b.key ? -1 : 1
  )
  const made = { sorted, byName: new Map(sorted.map(({ name, server }) => [name, server])) }
  indexes.set(servers, made)
  return made
}

/** Position of the first place after `key`. */
export const firstAfter = (sorted: ReadonlyArray<Place>, key: string): number => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.key ?? "") <= key) low = middle + 1
    else high = middle
  }
  return low
}
