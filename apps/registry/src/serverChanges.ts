/**
 * Registering, switching, editing, removing and refreshing servers (contracts.md §2.8). A change holds for the next request; a health check
 * is waited for only where the answer tells its result, and never longer than `CHECK_WITHIN`.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { BadRequest, fieldProblem, NotFound, problem, Unavailable } from "@mcpgw/api/ApiError"
import { normalizePath } from "@mcpgw/domain/Ids"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import { inventoryNote } from "@mcpgw/registry/Inventory"
import { Registry } from "@mcpgw/registry/Registry"
import type { InvalidServer } from "@mcpgw/registry/RegistryError"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryStore"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { authorize, authorizeName, type Caller, caller, findServer } from "./access.ts"
import { fieldsOf } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { acceptsJson } from "./headers.ts"
import { answered } from "./longAnswer.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { type Asker, editOf, FORM, registrationOf } from "./serverFields.ts"
import { forgetSecrets, invalidSecret, vaultDown, withSecrets } from "./serverSecrets.ts"
import { detailsFor } from "./serverReads.ts"
import { healthView } from "./healthView.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Longest wait for a health check that an answer waits for. */
const CHECK_WITHIN = "15 seconds"

/** The same for a registration, which holds whatever the check says. */
const FIRST_CHECK_WITHIN = "2 seconds"

const invalid = ({ field, held, problem: expected }: InvalidServer) =>
  new BadRequest(fieldProblem(field, held, expected))

const storeDown = (failure: StoreUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(Effect.logError(failure.message, failure.cause), new Unavailable(problem(failure.message)))

const gone = () => new NotFound(problem("Service path not registered"))

const failures = { StoreUnavailable: storeDown, ServerNotFound: gone }

/** Starts a check that outlives the request; one that fails has nobody to answer to. */
const checkIn = (scope: Scope.Scope, path: string) =>
  Effect.gen(function* () {
    const monitor = yield* HealthMonitor
    return yield* monitor.probeNow(path).pipe(
      Effect.tapErrorCause((cause) => Effect.logDebug(`Health check of ${path} ended without a result`, cause)),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
  })

/** Checks and waits, then tells what the registry knows: the inventory may have changed with the health. */
const checked = (scope: Scope.Scope, path: string) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const fiber = yield* checkIn(scope, path)
    const result = yield* Fiber.await(fiber).pipe(Effect.interruptible, Effect.timeoutOption(CHECK_WITHIN))
    if (result._tag === "None")
      yield* Effect.logWarning(`Health check of ${path} is still running after ${CHECK_WITHIN}`)
    const server = registry.get(path)
    return server ?? (yield* gone())
  })

/** Checks and waits a little; the server as it is known then. */
const firstCheck = (scope: Scope.Scope, server: RegisteredServer) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const fiber = yield* checkIn(scope, server.record.path)
    yield* Fiber.await(fiber).pipe(Effect.interruptible, Effect.timeoutOption(FIRST_CHECK_WITHIN))
    return registry.get(server.record.path) ?? server
  })

const state = ({ health, record }: RegisteredServer) => ({
  status: health.status,
  last_checked_iso: health.last_checked_iso,
  num_tools: record.num_tools
})

/** Whose registration or edit this is. */
const asker = ({ isAdmin }: Caller) =>
  Effect.map(ControlPlaneConfig, ({ allowedUpstreams }): Asker => ({ vouches: isAdmin, allowed: allowedUpstreams }))

/** The contract's sentence, and what else someone who looks should know. */
const told = (sentence: string, { record }: RegisteredServer): string => {
  const note = inventoryNote(record)
  return note === undefined ? sentence : `${sentence.replace(/\.$/, "")}; ${note}`
}

export const register = (request: Request, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const trail = yield* RequestTrail
    trail.rule = "api:register_service"
    const who = yield* caller
    const registration = yield* registrationOf(yield* fieldsOf(request, FORM), yield* asker(who))
    const { server_name } = registration
    // The name as it will be stored: a permission is never asked for another spelling.
    const path = normalizePath(registration.path)
    // Both count, each by itself: a name opens no foreign path, and a path no foreign name.
    yield* authorizeName(who, "register_service", { server_name: server_name.trim(), path })
    yield* authorize(who, "register_service", { server_name: path.slice(1), path })
    const change = { given: registration, before: undefined, path, vouches: who.isAdmin }
    const server = yield* withSecrets(change, (inPlace) =>
      registry.register({ ...registration, ...inPlace }, who.claims.username)
    ).pipe(
      Effect.catchTags({
        InvalidSecret: invalidSecret,
        VaultUnavailable: vaultDown,
        InvalidServer: invalid,
        ServerExists: (exists) =>
          new BadRequest(problem(`Service with path '${path}' already exists or failed to save`, exists.message)),
        StoreUnavailable: storeDown
      })
    )
    const now = server.record.is_enabled ? yield* firstCheck(scope, server) : server
    const service = detailsFor(who, now)
    return yield* answered({ message: "Service registered successfully", service, health: healthView(now) }, 201)
  })

/** `on` and its like switch on; anything else, and nothing, switches off. */
const isOn = (value: unknown): boolean => value === true || /^(on|true|1|yes)$/i.test(String(value ?? ""))

export const toggle = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "toggle_service", record)
    const enabled = isOn((yield* fieldsOf(request))["enabled"])
    const switched = yield* Effect.catchTags(registry.toggle(record.path, enabled), failures)
    const server = enabled ? yield* checked(scope, record.path) : switched
    return {
      message: told(`Toggle request for ${record.path} processed.`, server),
      service_path: record.path,
      new_enabled_state: enabled,
      ...state(server)
    }
  })

export const edit = (request: Request, path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const { loginRedirect } = yield* ControlPlaneConfig
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "modify_service", record)
    const patch = yield* editOf(yield* fieldsOf(request, FORM), record, yield* asker(who))
    // A display name carries permissions: nobody may rename a server into one they could not modify.
    if (patch.server_name !== undefined) {
      yield* authorizeName(who, "modify_service", { server_name: patch.server_name.trim(), path: record.path })
    }
    const change = { given: patch, before: record, path: record.path, vouches: who.isAdmin }
    const server = yield* withSecrets(change, (inPlace) => registry.update(record.path, { ...patch, ...inPlace })).pipe(
      Effect.catchTags({
        ...failures,
        InvalidServer: invalid,
        InvalidSecret: invalidSecret,
        VaultUnavailable: vaultDown
      })
    )
    if (server.record.is_enabled && server.health.status === "unknown") yield* checkIn(scope, record.path)
    if (!acceptsJson(request)) return HttpServerResponse.redirect(loginRedirect, { status: 303 })
    return yield* answered({ message: "Service updated successfully", service: detailsFor(who, server) })
  })

export const remove = (path: string) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "modify_service", record)
    yield* Effect.catchTags(registry.remove(record.path), failures)
    yield* forgetSecrets(record)
    return { message: "Service removed successfully", service_path: record.path }
  })

export const refresh = (path: string, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const who = yield* caller
    const { record } = yield* findServer(who, path)
    yield* authorize(who, "health_check_service", record)
    if (!record.is_enabled) return yield* new BadRequest(problem("Cannot refresh disabled service"))
    const server = yield* checked(scope, record.path)
    const message = told(`Service ${record.path} refreshed successfully`, server)
    return { message, service_path: record.path, ...state(server) }
  })
