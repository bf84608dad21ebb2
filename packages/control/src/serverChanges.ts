/**
 * Registering, switching, editing, removing and refreshing servers by the replaced system's routes (contracts.md §2.8). A change holds for
 * the next request.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { BadRequest, problem } from "@mcpgw/api/ApiError"
import type { HealthView } from "@mcpgw/api/ServerShapes"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { authorize, caller, findServer } from "./access.ts"
import { decodeOnly, formFieldsOf } from "./body.ts"
import { checked, checkIn, firstCheck, state, told } from "./checks.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { isForm } from "./form.ts"
import { acceptsJson } from "./headers.ts"
import { healthView } from "./healthView.ts"
import { answered } from "./longAnswer.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { editOf, FORM, registrationOf } from "./serverFields.ts"
import { detailsFor } from "./serverReads.ts"
import { asker, editInTurn, inTurn, registerAs, removeAs, switchAs } from "./serverWrites.ts"

type Request = HttpServerRequest.HttpServerRequest

export const register = (request: Request, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = "api:register_service"
    const who = yield* caller
    const registration = yield* registrationOf(yield* formFieldsOf(request, FORM), yield* asker(who))
    const server = yield* Effect.catchTag(
      registerAs(who, registration),
      "ServerExists",
      ({ message, path }) =>
        new BadRequest(problem(`Service with path '${path}' already exists or failed to save`, message))
    )
    const now = server.record.is_enabled ? yield* firstCheck(scope, server) : server
    const service = detailsFor(who, now)
    return yield* answered({ message: "Service registered successfully", service, health: healthView(now) }, 201)
  })

/** The caller, and the server as it is now, which they may do that to. */
const authorized = (path: string, permission: "modify_service" | "toggle_service") =>
  Effect.gen(function* () {
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, permission, record)
    return { who, record }
  })

const ON = /^(on|true|1|yes)$/i

const Switch = Schema.Struct({
  enabled: Schema.Union(
    Schema.Boolean,
    Schema.String.pipe(Schema.pattern(/^(on|true|1|yes|off|false|0|no)$/i))
  ).annotations({
    message: () => ({ message: "it must be true or false", override: true })
  })
})
const decodeSwitch = decodeOnly(Switch, ["enabled"])

/**
 * In a form `on` and its like switch on; anything else, and nothing, as a box that is not ticked sends, switches off (contracts.md §2.8). JSON has no
 * such boxes, so it says which.
 */
const wantsOn = (request: Request) =>
  Effect.gen(function* () {
    const fields = yield* formFieldsOf(request)
    const { enabled } = isForm(request) ? fields : yield* decodeSwitch(fields)
    return enabled === true || (typeof enabled === "string" && ON.test(enabled))
  })

export const toggle = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const { who } = yield* authorized(path, "toggle_service")
    const enabled = yield* wantsOn(request)
    const trail = yield* RequestTrail
    const switched = yield* switchAs(who, path, () => enabled)
    trail.rule = `${trail.rule}:${enabled ? "on" : "off"}`
    const { path: service_path } = switched.record
    const server = enabled ? (yield* checked(scope, service_path)).server : switched
    return {
      message: told(`Toggle request for ${service_path} processed.`, server),
      service_path,
      new_enabled_state: enabled,
      ...state(server)
    }
  })

export const edit = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const { loginRedirect } = yield* ControlPlaneConfig
    yield* authorized(path, "modify_service")
    const fields = yield* formFieldsOf(request, FORM)
    const { server, who } = yield* inTurn(
      Effect.gen(function* () {
        const { record, who } = yield* authorized(path, "modify_service")
        const patch = yield* editOf(fields, record, yield* asker(who))
        return { who, server: yield* editInTurn(who, record, patch) }
      })
    )
    if (server.record.is_enabled && server.health.status === "unknown") yield* checkIn(scope, server.record.path)
    if (!acceptsJson(request)) return HttpServerResponse.redirect(loginRedirect, { status: 303 })
    return yield* answered({ message: "Service updated successfully", service: detailsFor(who, server) })
  })

export const remove = (path: string) =>
  Effect.gen(function* () {
    const who = yield* caller
    const { record } = yield* removeAs(who, path)
    return { message: "Service removed successfully", service_path: record.path }
  })

/** The contract's sentence for the server that it is true of; what is wrong with any other. */
const cameOf = (path: string, { detail, status }: HealthView): string =>
  status === "healthy" ? `Service ${path} refreshed successfully` : `Service ${path} was checked: ${status}. ${detail}`

const goesOn = (path: string): string => `Service ${path} is still being checked: what is told is what was known before`

export const refresh = (path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "health_check_service", record)
    if (!record.is_enabled) return yield* new BadRequest(problem("Cannot refresh disabled service"))
    const { finished, server } = yield* checked(scope, record.path)
    const health = healthView(server)
    const message = told(finished ? cameOf(record.path, health) : goesOn(record.path), server)
    return { message, service_path: record.path, ...state(server), health }
  })
