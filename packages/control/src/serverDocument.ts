/**
 * One server as a JSON document with a strong `ETag` (RFC 9110 §8.8): read, made, replaced, patched, removed. What was compared with
 * `If-Match` is what is changed, whatever others do at the same time, in this process or in another.
 *
 * The tag has two halves. The first stands for what an edit changes, the whole for every byte: `If-None-Match` compares all of it, `If-Match`
 * the first half alone, so that a rating or a check of the tools takes nobody's edit away (RFC 9110 §13.1.1 wants lost updates prevented, and
 * there is none).
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Conflict, PreconditionFailed, PreconditionRequired, problem } from "@mcpgw/api/ApiError"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { ServerChanged } from "@mcpgw/registry/RegistryError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { type Actor, authorize, caller, findServer } from "./access.ts"
import { type Fields, fieldsOf, jsonFieldsOf } from "./body.ts"
import { checkIn, firstCheck } from "./checks.ts"
import { answerHeader } from "./headers.ts"
import { healthView } from "./healthView.ts"
import { documentEditOf, READ_ONLY, registrationOf } from "./serverFields.ts"
import { detailsFor } from "./serverReads.ts"
import { asker, editInTurn, inTurn, registerAs, removeInTurn } from "./serverWrites.ts"

type Request = HttpServerRequest.HttpServerRequest

/** What a member that was set to nothing goes back to. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  description: "",
  tags: [],
  is_python: false,
  license: "N/A",
  supported_transports: ["streamable-http"],
  auth_provider: "",
  auth_type: "",
  auth_scheme: "",
  auth_header_name: "",
  health_interval_seconds: 0,
  headers: [],
  visibility: "private",
  mcp_endpoint: "",
  sse_endpoint: ""
}

/** The credential is in no document, so that one that is put back whole does not take it away. */
const PATCH_DEFAULTS: Readonly<Record<string, unknown>> = { ...DEFAULTS, num_stars: 0, auth_credential: "" }

interface Shown {
  readonly body: string
  readonly etag: string
}

/** Characters of each half of a tag. */
const HALF = 16

const halfOf = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, HALF)

/** The document as this caller is shown it: who sees less has another representation, and another tag. */
const shown = (who: Actor, server: Pick<RegisteredServer, "record">): Shown => {
  const details = detailsFor(who, server)
  const body = JSON.stringify(details)
  // These change by themselves: by ratings, and by checks.
  const { num_stars: _stars, num_tools: _tools, tool_list: _list, updated_at: _at, ...edited } = details
  return { body, etag: `"${halfOf(JSON.stringify(edited))}${halfOf(body)}"` }
}

/** What it shows depends on who asks. */
const VARY = { vary: "authorization, x-authorization, cookie", "cache-control": "private, no-cache" }

const answer = ({ body, etag }: Shown, status = 200) =>
  HttpServerResponse.text(body, { status, contentType: "application/json", headers: { etag, ...VARY } })

const tags = (header: string): ReadonlyArray<string> => header.split(",").map((tag) => tag.trim())

/** Strong comparison, of what an edit changes: a weak tag never matches. */
const matches = (header: string, etag: string): boolean =>
  header.trim() === "*" ||
  tags(header).some((tag) => tag.length === etag.length && tag.slice(0, HALF + 1) === etag.slice(0, HALF + 1))

/** Weak comparison, as `If-None-Match` is defined. */
const matchesWeakly = (header: string, etag: string): boolean =>
  header.trim() === "*" || tags(header).some((tag) => tag.replace(/^W\//, "") === etag)

const stale = new PreconditionFailed(
  problem("The server changed meanwhile", "Read it again and send its ETag in If-Match")
)

const needed = new PreconditionRequired(
  problem("If-Match is needed", "Read the server and send its ETag in If-Match, or * to replace it whatever it is")
)

/** Refuses a change of another version than the one that is there. */
const ifMatch = (request: Request, who: Actor, server: RegisteredServer): Effect.Effect<void, PreconditionFailed> => {
  const { "if-match": wanted, "if-none-match": none } = request.headers
  if (wanted === undefined && none === undefined) return Effect.void
  const { etag } = shown(who, server)
  if (none !== undefined && matchesWeakly(none, etag)) return stale
  return wanted === undefined || matches(wanted, etag) ? Effect.void : stale
}

export const get = (request: Request, path: string) =>
  Effect.gen(function* () {
    const who = yield* caller
    const document = shown(who, yield* findServer(who, path))
    const none = request.headers["if-none-match"]
    return none !== undefined && matchesWeakly(none, document.etag)
      ? HttpServerResponse.empty({ status: 304, headers: { etag: document.etag, ...VARY } })
      : answer(document)
  })

const taken = (path: string) =>
  new Conflict(problem(`Service with path '${path}' already exists`, `PUT or PATCH /api/servers${path} changes it`))

const registered = (who: Actor, fields: Fields) =>
  Effect.gen(function* () {
    const registration = yield* registrationOf(fields, yield* asker(who))
    return yield* registerAs(who, registration)
  })

export const create = (request: Request, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* caller
    const made = inTurn(registered(who, yield* fieldsOf(request)))
    const server = yield* Effect.catchTag(made, "ServerExists", ({ path }) => taken(path))
    const now = server.record.is_enabled ? yield* firstCheck(scope, server) : server
    yield* answerHeader("location", `/api/servers${server.record.path}`)
    yield* answerHeader("etag", shown(who, now).etag)
    const service = detailsFor(who, now)
    const body = { message: "Service registered successfully", service, health: healthView(now) }
    return HttpServerResponse.text(JSON.stringify(body), { status: 201, contentType: "application/json" })
  })

const recheck = (scope: Scope.Scope, { health, record }: RegisteredServer) =>
  record.is_enabled && health.status === "unknown" ? checkIn(scope, record.path) : Effect.void

/** Members that mean nothing are refused; those that only the registry sets are left out. */
const settable = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !READ_ONLY.includes(name)))

/**
 * What a document leaves out goes back to its default; whether a server is on is only changed by saying so. Its stars are what it was rated
 * meanwhile, whatever the document says.
 */
const whole = (fields: Fields): Fields => {
  const { num_stars: _, ...set } = settable(fields)
  return { ...DEFAULTS, ...set }
}

/** Null takes a member back to its default (RFC 7396). One that has none is needed, and nothing stands for it. */
const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value === null ? (PATCH_DEFAULTS[name] ?? null) : value])
  )

/** The path, which a document of a server that is there may leave out; one that can be none is judged as it is. */
const needs = (record: ServerRecord, { path = "" }: Fields): Fields =>
  typeof path === "string" ? { path: record.path } : { path }

const replaced = (request: Request, who: Actor, server: RegisteredServer, fields: Fields) =>
  Effect.gen(function* () {
    yield* authorize(who, "modify_service", server.record)
    if (request.headers["if-match"] === undefined && request.headers["if-none-match"] === undefined)
      return yield* needed
    yield* ifMatch(request, who, server)
    // What a document must hold is checked as for a new one.
    yield* registrationOf({ ...settable(fields), ...needs(server.record, fields) }, yield* asker(who))
    const edit = yield* documentEditOf(whole(fields), server.record, yield* asker(who))
    return yield* editInTurn(who, server.record, edit)
  })

export const put = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const who = yield* caller
    const fields = yield* fieldsOf(request)
    const [server, status] = yield* inTurn(
      Effect.gen(function* () {
        if (registry.get(path) === undefined) {
          if (request.headers["if-match"] !== undefined) return yield* stale
          const made = yield* Effect.catchTag(
            registered(who, { ...settable(fields), path: fields["path"] ?? normalizePath(path) }),
            "ServerExists",
            // Another process was first: what it made is what this would replace.
            (failure): Effect.Effect<never, Conflict | ServerChanged> =>
              registry.get(path) === undefined ? taken(failure.path) : new ServerChanged({ path: failure.path })
          )
          return [made, 201] as const
        }
        return [yield* replaced(request, who, yield* findServer(who, path), fields), 200] as const
      })
    )
    yield* recheck(scope, server)
    return answer(shown(who, server), status)
  })

export const patch = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* caller
    const fields = withoutNulls(yield* jsonFieldsOf(request))
    const server = yield* inTurn(
      Effect.gen(function* () {
        const now = yield* findServer(who, path)
        yield* ifMatch(request, who, now)
        const edit = yield* documentEditOf(fields, now.record, yield* asker(who))
        return yield* editInTurn(who, now.record, edit)
      })
    )
    yield* recheck(scope, server)
    return answer(shown(who, server))
  })

export const del = (request: Request, path: string) =>
  inTurn(
    Effect.gen(function* () {
      const who = yield* caller
      const server = yield* findServer(who, path)
      yield* ifMatch(request, who, server)
      yield* removeInTurn(who, server.record)
      return { message: "Service removed successfully", service_path: server.record.path }
    })
  )
