/**
 * Changes of published documents by the official registry protocol: administrators only. They change what is shown; no server is registered,
 * switched or removed by them.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import { StatusUpdate } from "@mcpgw/api/RegistryProtocol"
import { fieldProblems as problemsOf } from "@mcpgw/domain/FieldProblems"
import { publishable, readServerJson, SERVER_SCHEMA, type ServerJson } from "@mcpgw/domain/ServerJson"
import { Registry } from "@mcpgw/registry/Registry"
import type { VersionEntry } from "@mcpgw/registry/v01/Versions"
import { Versions } from "@mcpgw/registry/v01/Versions"
import { pathOfName } from "@mcpgw/registry/v01/Names"
import { indexOf } from "@mcpgw/registry/v01/RegisteredEntries"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { fieldsOf } from "./body.ts"
import { invalid, invalidDocument, notFound, Refused } from "./protocolAnswer.ts"
import { entriesOf, protocolCaller } from "./protocolReads.ts"
import { serverResponse } from "./protocolView.ts"
import { remoteIssues } from "./publishedRemotes.ts"
import { PublicUrls } from "./publicUrls.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

const notAdmin = new Forbidden(problem("Only administrators publish, edit and change the status of servers here"))

/** The administrator who asks; the record says for what. */
const administrator = (rule: string, name?: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const who = yield* protocolCaller
    trail.rule = rule
    if (!who.isAdmin) return yield* notAdmin
    trail.decision = "allow"
    if (name !== undefined) trail.server = yield* serverAt(name)
    return who
  })

/** Where the server of that name is, or would be. */
const serverAt = (name: string) =>
  Effect.map(Registry, (registry) => indexOf(registry.snapshot()).byName.get(name)?.record.path ?? pathOfName(name))

const documentIn = (request: Request) =>
  Effect.gen(function* () {
    const read = readServerJson(yield* fieldsOf(request))
    return Either.isLeft(read) ? yield* invalidDocument(read.left) : publishable(read.right)
  })

/** Nothing of a document is dropped without a word: what could not be shown of it is refused. */
const showable = (document: ServerJson, path: string) =>
  Effect.gen(function* () {
    if (!(yield* PublicUrls).throughGateway || (yield* Registry).get(path) !== undefined) return
    const issues = remoteIssues(document, path)
    if (issues.length > 0) return yield* invalidDocument(issues)
  })

const shown = (entry: VersionEntry) =>
  Effect.gen(function* () {
    const server = (yield* Registry).get(entry.path)
    return serverResponse(yield* PublicUrls, { ...entry, server })
  })

/** Rights on a server that is here are given by its name here, not by the document's. */
const displayName = (document: ServerJson, path: string) =>
  Effect.map(Registry, (registry) => registry.get(path)?.record.server_name ?? document.title ?? document.name)

export const publish = (request: Request) =>
  Effect.gen(function* () {
    yield* administrator("api:v01_publish")
    const document = yield* documentIn(request)
    const path = yield* serverAt(document.name)
    const trail = yield* RequestTrail
    trail.server = path
    yield* showable(document, path)
    const serverName = yield* displayName(document, path)
    return yield* shown(yield* (yield* Versions).publish({ document, path, serverName, origin: "published" }))
  })

/**
 * A server without a document has the one it is shown by from then on. Answers its entries; those of a name that is none are refused.
 */
const published = (name: string) =>
  Effect.gen(function* () {
    const who = yield* protocolCaller
    const entries = yield* entriesOf(who, name, true)
    const own = entries.find(({ origin, server }) => origin === "registered" && server !== undefined)
    if (own === undefined) return entries[0]?.name ?? name
    const { document, path, serverName } = own
    const made = yield* (yield* Versions).publish({ document, path, serverName, origin: "published" })
    return made.name
  })

const mismatch = (location: string, message: string) =>
  new Refused({ status: 400, detail: message, errors: [{ location, message }] })

export const edit = (name: string, version: string, request: Request) =>
  Effect.gen(function* () {
    yield* administrator("api:v01_edit", name)
    const document = yield* documentIn(request)
    if (document.name !== name) return yield* mismatch("body.name", "the name of a server can not be changed")
    if (document.version !== version) return yield* mismatch("body.version", "the version must be that of the path")
    const path = yield* serverAt(name)
    yield* showable(document, path)
    yield* published(name)
    const serverName = yield* displayName(document, path)
    return yield* shown(yield* (yield* Versions).replace(document, serverName))
  })

const decodeStatus = Schema.decodeUnknownEither(StatusUpdate, { errors: "all" })

const statusIn = (request: Request) =>
  Effect.gen(function* () {
    const read = decodeStatus(yield* fieldsOf(request))
    if (Either.isRight(read)) {
      if (read.right.status !== "active" || (read.right.statusMessage ?? "") === "") return read.right
      return yield* mismatch("body.statusMessage", "a message belongs to deprecated and deleted, not to active")
    }
    // Each field once, whatever alternatives it has.
    const fields = new Set(problemsOf(read.left).map(({ path }) => String(path[0] ?? "status")))
    return yield* invalid(
      [...fields].map((field) => {
        const may =
          field === "status" ? "must be active, deprecated or deleted" : "must be text of at most 500 characters"
        return { location: `body.${field}`, message: may }
      })
    )
  })

const setStatus = (name: string, version: string | undefined, { status, statusMessage }: typeof StatusUpdate.Type) =>
  Effect.gen(function* () {
    const kept = yield* published(name)
    return yield* (yield* Versions).setStatus(kept, version, status, statusMessage)
  })

const theOne = (entries: ReadonlyArray<VersionEntry>) => {
  const [entry] = entries
  return entry === undefined ? Effect.fail(notFound("Server version")) : shown(entry)
}

export const status = (name: string, version: string, request: Request) =>
  Effect.gen(function* () {
    yield* administrator("api:v01_status", name)
    return yield* theOne(yield* setStatus(name, version, yield* statusIn(request)))
  })

export const allStatus = (name: string, request: Request) =>
  Effect.gen(function* () {
    yield* administrator("api:v01_status", name)
    const changed = yield* setStatus(name, undefined, yield* statusIn(request))
    return { updatedCount: changed.length, servers: yield* Effect.forEach(changed, shown) }
  })

export const remove = (name: string, version: string) =>
  Effect.gen(function* () {
    yield* administrator("api:v01_delete", name)
    return yield* theOne(yield* setStatus(name, version, { status: "deleted" }))
  })

/** Whoever is let in may ask; nothing is kept. */
export const validate = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.readOnly = true
    yield* protocolCaller
    const read = readServerJson(yield* fieldsOf(request))
    const issues = Either.isRight(read) ? [] : read.left
    return {
      valid: issues.length === 0,
      issues: issues.map((issue) => ({ type: "schema", ...issue, severity: "error", reference: SERVER_SCHEMA }))
    }
  })
