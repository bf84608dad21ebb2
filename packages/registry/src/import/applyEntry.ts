/**
 * One entry of another registry into this one. Touches no server that was not imported from there, removes none, switches none on unless it was
 * asked to, and switches one off whose address or headers changed: whoever switched it on had looked at others.
 */
import type { Registration, ServerRecord } from "@mcpgw/domain/Server"
import type { ServerJson } from "@mcpgw/domain/ServerJson"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isDeepStrictEqual } from "node:util"
import { makeRecord, type Patch } from "../Registration.ts"
import { Registry } from "../Registry.ts"
import type { StoreUnavailable } from "../RegistryError.ts"
import { pathOfName } from "../v01/Names.ts"
import { type VersionEntry, Versions } from "../v01/Versions.ts"
import { readEntry, registrationOf, type SourceEntry, type Variables } from "./Importable.ts"
import { anothers, DELETED, isOlder, type ItemReport, OLDER, report } from "./itemReport.ts"
import { type Rehearsal, rehearsed } from "./rehearsal.ts"

export interface ApplyOptions extends Variables {
  /** The source's address. */
  readonly source: string
  readonly enable: boolean
  /** Given: changes nothing and says what would become of it. */
  readonly rehearsal: Rehearsal | undefined
  /** Display names in use, in lower case, and whose they are: of two servers with one name, rights by name would mean both. */
  readonly names: Map<string, string>
}

/** Who registered a server that came from there. */
export const importedBy = (source: string): string => `import:${source}`

type Applied = Effect.Effect<ItemReport, StoreUnavailable, Registry | Versions>

/** What is known here of an entry. */
interface Known {
  readonly path: string
  readonly record: ServerRecord | undefined
  readonly versions: ReadonlyArray<VersionEntry>
  /** It was imported from this source before. */
  readonly isOurs: boolean
}

const knownOf = ({ name }: ServerJson, source: string) =>
  Effect.gen(function* () {
    const path = pathOfName(name)
    const record = (yield* Registry).get(path)?.record
    const versions = (yield* (yield* Versions).ofName(name)).filter(({ origin }) => origin !== "registered")
    const wasImported = versions.some((version) => version.origin === "imported" && version.source === source)
    // Registered, and stopped before its document was kept. Of two names with one path the other's is no document of this one.
    const wasBegun =
      record?.registered_by === importedBy(source) && !(yield* (yield* Versions).withDocuments([path])).has(path)
    const isOurs = wasImported || wasBegun
    const known: Known = { path, record, versions, isOurs }
    return known
  })

const named = (registration: Registration, document: ServerJson, { names }: ApplyOptions): Registration => {
  const owner = names.get(registration.server_name.toLowerCase())
  return owner === undefined || owner === registration.path
    ? registration
    : { ...registration, server_name: document.name }
}

const patchOf = (before: Registration | undefined, after: Registration): Patch => {
  const { is_enabled: _off, path: _path, ...fields } = after
  const old = new Map<string, unknown>(Object.entries(before ?? {}))
  const gone = before?.mcp_endpoint !== undefined && after.mcp_endpoint === undefined ? { mcp_endpoint: "" } : {}
  const goneSse = before?.sse_endpoint !== undefined && after.sse_endpoint === undefined ? { sse_endpoint: "" } : {}
  const changed = Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => before === undefined || !isDeepStrictEqual(old.get(key), value))
  )
  return { ...changed, ...gone, ...goneSse }
}

/** What whoever switched it on relied on. */
const RELIED_ON = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint", "headers", "supported_transports"] as const

const changesTrust = (patch: Patch): boolean => RELIED_ON.some((field) => patch[field] !== undefined)

/** What is kept of that version, and whether it is just that. */
const kept = ({ document, status, statusMessage }: SourceEntry, { versions }: Known) => {
  const before = versions.find(({ version }) => version === document.version)
  const isSame = before !== undefined && isDeepStrictEqual(before.document, document)
  const isSameStatus = before?.status === status && (before.statusMessage ?? "") === (statusMessage ?? "")
  return { before, isSame, isSameStatus, changes: !isSame || !isSameStatus }
}

/** Stores the document, or a new one for its version, and the status. True: something changed. */
const keep = (entry: SourceEntry, known: Known, { source }: ApplyOptions, serverName: string) =>
  Effect.gen(function* () {
    const store = yield* Versions
    const { document, status, statusMessage } = entry
    const { before, changes, isSame, isSameStatus } = kept(entry, known)
    if (before === undefined) {
      const message = statusMessage === undefined ? {} : { statusMessage }
      const fresh = { document, path: known.path, serverName, origin: "imported", source, status, ...message } as const
      yield* Effect.catchTag(store.publish(fresh), "VersionExists", () => Effect.void)
      return true
    }
    if (!isSame) yield* Effect.catchTag(store.replace(document, serverName), "VersionNotFound", () => Effect.void)
    if (!isSameStatus) {
      yield* store
        .setStatus(document.name, document.version, status, statusMessage)
        .pipe(Effect.catchTags({ NothingChanged: () => Effect.void, VersionNotFound: () => Effect.void }))
    }
    return changes
  })

const register = (entry: SourceEntry, known: Known, registration: Registration, options: ApplyOptions): Applied =>
  Effect.gen(function* () {
    const { enable, names, rehearsal, source } = options
    const wanted = { ...registration, is_enabled: enable }
    const valid = makeRecord(wanted, importedBy(source), "1970-01-01T00:00:00.000Z")
    if (Either.isLeft(valid)) {
      return report(entry, known.path, "refused", { field: valid.left.field, reason: valid.left.problem })
    }
    if (rehearsal !== undefined) {
      const isTaken = rehearsal.taken.has(known.path.toLowerCase())
      return isTaken ? anothers(entry, known.path) : report(entry, known.path, "created")
    }
    const made = yield* Effect.either((yield* Registry).register(wanted, importedBy(source)))
    if (Either.isLeft(made)) {
      if (made.left._tag === "StoreUnavailable") return yield* made.left
      return anothers(entry, known.path)
    }
    names.set(wanted.server_name.toLowerCase(), known.path)
    yield* keep(entry, known, options, wanted.server_name)
    return report(entry, known.path, "created")
  })

const switchedOff = { reason: "switched off, since its address or headers changed: look at it and switch it on" }

const update = (entry: SourceEntry, known: Known, registration: Registration, options: ApplyOptions): Applied =>
  Effect.gen(function* () {
    const { enable, rehearsal, source } = options
    const registry = yield* Registry
    const last = known.versions.filter(({ origin }) => origin === "imported").find(({ isLatest }) => isLatest)
    const before = last && Either.getOrUndefined(registrationOf(last.document, source, options))
    const patch = patchOf(before && named(before, last.document, options), registration)
    const turnsOff = !enable && known.record?.is_enabled === true && changesTrust(patch)
    const isSame = Object.keys(patch).length === 0
    if (rehearsal !== undefined) {
      const changes = !isSame || kept(entry, known).changes
      return report(entry, known.path, changes ? "updated" : "unchanged", turnsOff ? switchedOff : {})
    }
    // The server first: what is done is found by comparing with the documents that are kept, so that a run which breaks off here does it again.
    if (!isSame) {
      const changed = yield* Effect.either(
        registry.update(known.path, { ...patch, ...(turnsOff ? { is_enabled: false } : {}) })
      )
      if (Either.isLeft(changed)) {
        if (changed.left._tag === "StoreUnavailable") return yield* changed.left
        return report(entry, known.path, "refused", { field: "server", reason: changed.left.message })
      }
    }
    const isKept = yield* keep(entry, known, options, known.record?.server_name ?? registration.server_name)
    return report(entry, known.path, isKept || !isSame ? "updated" : "unchanged", turnsOff ? switchedOff : {})
  })

/** what its registry deleted is switched off here and shows as deleted; nothing is removed. */
const follow = (entry: SourceEntry, known: Known, options: ApplyOptions): Applied =>
  Effect.gen(function* () {
    const { path, record } = known
    const isOn = record?.is_enabled === true
    if (options.rehearsal !== undefined) {
      return report(entry, path, kept(entry, known).changes || isOn ? "removed" : "unchanged")
    }
    const isKept = yield* keep(entry, known, options, record?.server_name ?? entry.document.name)
    // Its older versions are not asked about: without the latest none of them is to be offered.
    const { name } = entry.document
    yield* (yield* Versions)
      .setStatus(name, undefined, "deleted", entry.statusMessage)
      .pipe(Effect.catchTags({ NothingChanged: () => Effect.void, VersionNotFound: () => Effect.void }))
    if (isOn) yield* Effect.catchTag((yield* Registry).toggle(path, false), "ServerNotFound", () => Effect.void)
    return report(entry, path, isKept || isOn ? "removed" : "unchanged")
  })

const apply = (entry: SourceEntry, options: ApplyOptions): Applied =>
  Effect.gen(function* () {
    const { document } = entry
    const known = yield* knownOf(document, options.source)
    const { isOurs, path, record, versions } = known
    if (entry.status === "deleted") {
      if (isOurs && record !== undefined) return yield* follow(entry, known, options)
      return report(entry, path, "skipped", DELETED)
    }
    if (versions.some(({ gone }) => gone)) {
      return report(entry, path, "skipped", { reason: "it was removed here; register it to have it back" })
    }
    const isTaken = record !== undefined || versions.length > 0
    if (isTaken && !isOurs) return anothers(entry, path)
    if (versions.some(({ status, version }) => status !== "deleted" && isOlder(entry, version))) {
      return report(entry, path, "skipped", OLDER)
    }
    const found = registrationOf(document, options.source, options)
    if (Either.isLeft(found)) return report(entry, path, "refused", found.left)
    const registration = named(found.right, document, options)
    return yield* record === undefined
      ? register(entry, known, registration, options)
      : update(entry, known, registration, options)
  })

/** Says what became of an entry; only a store that is away stops a run. */
export const applyEntry = (given: unknown, options: ApplyOptions): Applied => {
  const read = readEntry(given)
  if (Either.isRight(read)) {
    const { rehearsal } = options
    // A registry that does not know `version=latest` sends the others, too, in any order.
    if (read.right.isLatest === false) return Effect.succeed(report(read.right, null, "skipped", OLDER))
    const applied = apply(read.right, options)
    return rehearsal === undefined ? applied : rehearsed(read.right, options, rehearsal, applied)
  }
  const { field, name = null, reason, version = null } = read.left
  return Effect.succeed({ name, version, path: null, outcome: "refused", field, reason })
}

/** Display names in use now. */
export const namesInUse: Effect.Effect<Map<string, string>, never, Registry> = Effect.map(
  Registry,
  (registry) =>
    new Map(
      Array.from(registry.snapshot().servers.values(), ({ record }) => [record.server_name.toLowerCase(), record.path])
    )
)
