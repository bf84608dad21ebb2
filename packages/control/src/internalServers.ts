/**
 * The administrators' routes of the replaced system for servers (contracts.md §2.8): the same changes as by every other route, by an
 * administrator's name and password too. What the policy's UI permissions do not give an administrator is refused here as well.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { advice, BadRequest, Conflict, fieldProblem, NotFound } from "@mcpgw/api/ApiError"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { mapInSlices } from "@mcpgw/registry/EventLoop"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Actor, authorize } from "./access.ts"
import { administratorOf } from "./administrator.ts"
import { type Fields, formFieldsOf } from "./body.ts"
import { checked, firstCheck, state, told } from "./checks.ts"
import { healthView } from "./healthView.ts"
import { answered } from "./longAnswer.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { editOf, FORM, registrationOf } from "./serverFields.ts"
import { serversByName } from "./serverList.ts"
import { detailsFor } from "./serverReads.ts"
import { asker, editInTurn, inTurn, registerAs, removeAs, switchAs } from "./serverWrites.ts"
import { serverItem, toolView } from "./views.ts"
import { received } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Servers whose tools are gone through between two turns of the event loop. */
const SERVERS_AT_ONCE = 4

/** The administrator, with a name for what they do in the audit record. */
const administrator = (request: Request, rule: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = rule
    return yield* administratorOf(request)
  })

const taken = ({ path }: { readonly path: string }) =>
  new Conflict(
    advice(
      "Service registration failed",
      `A service with path '${path}' already exists`,
      "Use overwrite=true to change it, or another path"
    )
  )

/** Edits what is registered there; undefined when nothing is. */
const overwritten = (who: Actor, fields: Fields, path: string) =>
  Effect.gen(function* () {
    const server = (yield* Registry).get(path)
    if (server === undefined) return undefined
    yield* authorize(who, "register_service", server.record)
    const edit = yield* editOf(fields, server.record, yield* asker(who))
    return yield* editInTurn(who, server.record, { ...edit, is_enabled: true })
  }).pipe(inTurn)

const BAD_OVERWRITE = { field: "overwrite", held: "something else", expected: "it may be true or false" }

const register = (request: Request, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* administrator(request, "api:internal_register")
    const { overwrite = true, ...fields } = yield* formFieldsOf(request, { ...FORM, overwrite: "boolean" })
    // Read whole in any case: an overwriting registration is held to what a registration must have.
    const registration = yield* registrationOf(
      { enabled: true, ...fields },
      yield* asker(who),
      typeof overwrite === "boolean" ? [] : [BAD_OVERWRITE]
    )
    const known = overwrite ? yield* overwritten(who, fields, registration.path) : undefined
    const server = known ?? (yield* Effect.catchTag(registerAs(who, registration), "ServerExists", taken))
    const now = yield* firstCheck(scope, server)
    const service = detailsFor(who, now)
    return yield* answered({ message: "Service registered successfully", service, health: healthView(now) }, 201)
  })

const unknown = (path: string) =>
  new NotFound(
    advice(
      "Service not found",
      `No service is registered at path '${path}'`,
      "GET /api/internal/list tells the paths there are"
    )
  )

/** The server whose path stands in the body. */
const named = (request: Request) =>
  Effect.gen(function* () {
    const { service_path: path } = yield* formFieldsOf(request)
    if (typeof path !== "string" || path.trim() === "") {
      return yield* new BadRequest(fieldProblem("service_path", "nothing", "it must be the path of a service"))
    }
    const server = (yield* Registry).get(path.trim())
    return server ?? (yield* unknown(path.trim().slice(0, 200)))
  })

const remove = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* administrator(request, "api:internal_remove")
    const { record } = yield* removeAs(who, (yield* named(request)).record.path)
    return { message: "Service removed successfully", service_path: record.path }
  })

const toggle = (request: Request, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* administrator(request, "api:internal_toggle")
    const { path } = (yield* named(request)).record
    const switched = yield* switchAs(who, path, ({ is_enabled }) => !is_enabled)
    const enabled = switched.record.is_enabled
    const trail = yield* RequestTrail
    trail.rule = `${trail.rule}:${enabled ? "on" : "off"}`
    const server = enabled ? (yield* checked(scope, path)).server : switched
    const message = told(`Toggle request for ${path} processed.`, server)
    return { message, service_path: path, new_enabled_state: enabled, ...state(server) }
  })

const healthcheck = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.readOnly = true
    yield* administrator(request, "api:internal_healthcheck")
    const { servers } = (yield* Registry).snapshot()
    return Object.fromEntries([...servers.values()].map((server) => [server.record.path, state(server)]))
  })

const service = (server: RegisteredServer) => {
  const { display_name, ...item } = serverItem(server, () => true)
  return { server_name: display_name, ...item, tool_list: server.record.tool_list.map(toolView) }
}

const list = (request: Request) =>
  Effect.gen(function* () {
    yield* administrator(request, "api:internal_list")
    const services = yield* mapInSlices(serversByName(yield* Registry), SERVERS_AT_ONCE, service)
    return yield* answered({ services, total_count: services.length })
  })

const whole = { uninterruptible: true }

/** Health checks it starts end with the layer's scope. */
export const layer = HttpApiBuilder.group(Api, "internalServers", (handlers) =>
  Effect.map(Effect.scope, (scope) =>
    handlers
      .handleRaw("register", ({ request }) => received(request, register(request, scope)), whole)
      .handleRaw("remove", ({ request }) => received(request, remove(request)), whole)
      .handleRaw("toggle", ({ request }) => received(request, toggle(request, scope)), whole)
      .handle("healthcheck", ({ request }) => healthcheck(request))
      .handle("list", ({ request }) => list(request))
  )
)
