/**
 * The control plane as one function from request to response: routes of `@mcpgw/api`, handlers, audit. Built once over the services of its
 * scope; owns no listener, so that a gateway can mount it lazily beside the data plane. Traces nothing.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import type { AuthLayer } from "@mcpgw/auth/AuthLayer"
import type { Revocations } from "@mcpgw/auth/Revocations"
import type { DiscoveryIndex } from "@mcpgw/discovery/DiscoveryIndex"
import type { HealthMonitor } from "@mcpgw/health/HealthMonitor"
import type { AccountDirectory } from "@mcpgw/identity/AccountDirectory"
import { AccountPages, servesPages } from "@mcpgw/identity/AccountPages"
import type { Accounts } from "@mcpgw/identity/Accounts"
import type { GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import type { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import type { Agents } from "@mcpgw/identity/Agents"
import type { ApiKeys } from "@mcpgw/identity/ApiKeys"
import type { MachineClients } from "@mcpgw/identity/MachineClients"
import type { OAuthClients } from "@mcpgw/identity/OAuthClients"
import { AuthorizationServer, type OAuthNote, servesOAuth } from "@mcpgw/identity/AuthorizationServer"
import type { MachineTokens } from "@mcpgw/identity/MachineTokens"
import type { ProviderLogout } from "@mcpgw/identity/ProviderLogout"
import type { Sessions } from "@mcpgw/identity/Sessions"
import type { Tokens } from "@mcpgw/identity/Tokens"
import type { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import type { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import type { Ratings } from "@mcpgw/registry/Ratings"
import type { Collaborators } from "@mcpgw/registry/Collaborators"
import type { Registry } from "@mcpgw/registry/Registry"
import type { Imports } from "@mcpgw/registry/import/Imports"
import type { Catalogue } from "@mcpgw/registry/v01/Catalogue"
import type { Versions } from "@mcpgw/registry/v01/Versions"
import { AuditSink } from "@mcpgw/telemetry/AuditSink"
import type { Vault } from "@mcpgw/vault/Vault"
import { Metrics } from "@mcpgw/telemetry/Metrics"
import { StrangerRows } from "@mcpgw/telemetry/StrangerRows"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as agentHandlers from "./agentHandlers.ts"
import * as accountHandlers from "./accountHandlers.ts"
import * as accountsHandlers from "./accountsHandlers.ts"
import { auditRow } from "./auditRow.ts"
import * as authentication from "./authentication.ts"
import * as authHandlers from "./authHandlers.ts"
import * as clientHandlers from "./clientHandlers.ts"
import * as credentialHandlers from "./credentialHandlers.ts"
import * as connectConfigHandlers from "./connectConfigHandlers.ts"
import * as collaboratorHandlers from "./collaboratorHandlers.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { failures } from "./failures.ts"
import * as healthHandlers from "./healthHandlers.ts"
import type { SocketPlane } from "./healthSocket.ts"
import { HealthWatch, makeHealthWatch } from "./healthWatch.ts"
import * as grantHandlers from "./grantHandlers.ts"
import * as groupFormHandlers from "./groupFormHandlers.ts"
import * as groupHandlers from "./groupHandlers.ts"
import * as keyHandlers from "./keyHandlers.ts"
import * as importHandlers from "./importHandlers.ts"
import * as internalHandlers from "./internalHandlers.ts"
import * as internalServers from "./internalServers.ts"
import * as policyHandlers from "./policyHandlers.ts"
import { makeTrail, noteTrail, RequestTrail, type Trail } from "./RequestTrail.ts"
import { preflight, readable } from "./protocolCors.ts"
import { resourceDocument } from "./resourceDocument.ts"
import { canonical } from "./routes.ts"
import * as protocolHandlers from "./protocolHandlers.ts"
import * as registryImportHandlers from "./registryImportHandlers.ts"
import * as searchHandlers from "./searchHandlers.ts"
import * as serverHandlers from "./serverHandlers.ts"
import * as systemHandlers from "./systemHandlers.ts"
import * as tokenHandlers from "./tokenHandlers.ts"
import * as userHandlers from "./userHandlers.ts"

/** Everything the control plane works on. */
export type Services =
  | AccountDirectory
  | AccountPages
  | Accounts
  | Agents
  | ApiKeys
  | AuditSink
  | AuthLayer
  | AuthorizationServer
  | Catalogue
  | Collaborators
  | ControlPlaneConfig
  | DiscoveryIndex
  | FederatedLogin
  | GroupDirectory
  | HealthMonitor
  | Imports
  | MachineClients
  | MachineTokens
  | Metrics
  | OAuthClients
  | PolicyWriter
  | ProviderLogout
  | Ratings
  | Registry
  | Revocations
  | ScopePolicy
  | Sessions
  | Tokens
  | Vault
  | Versions

export interface ControlPlane extends SocketPlane {
  /** Answers any request; what it does not serve gets a JSON 404. Never rejects. `remote` is the caller's address. */
  readonly handle: (request: Request, info: { readonly remote: string }) => Promise<Response>
  /** For draining: lets go whoever watches and waits for no answer. */
  readonly closeWatchers: () => void
}

const handlers = Layer.mergeAll(
  authHandlers.layer,
  accountHandlers.layer,
  accountsHandlers.layer,
  tokenHandlers.layer,
  grantHandlers.layer,
  keyHandlers.layer,
  agentHandlers.layer,
  agentHandlers.layerMachineClients,
  clientHandlers.layer,
  credentialHandlers.layer,
  healthHandlers.layer,
  internalHandlers.layer,
  internalServers.layer,
  userHandlers.layer,
  groupHandlers.layer,
  groupFormHandlers.layer,
  policyHandlers.layer,
  collaboratorHandlers.layer,
  serverHandlers.layer,
  connectConfigHandlers.layer,
  importHandlers.layer,
  searchHandlers.layer,
  protocolHandlers.layer,
  registryImportHandlers.layer,
  systemHandlers.layer
).pipe(Layer.provide(authentication.layer))

const app = Layer.mergeAll(
  HttpApiBuilder.api(Api).pipe(Layer.provide(handlers)),
  HttpApiBuilder.middleware(Api, failures),
  HttpServer.layerContext
).pipe(Layer.provideMerge(Layer.mergeAll(HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer)))

/** Answers may hold tokens and what one caller may see. */
const finish = (response: Response): Response => {
  // Nobody knows for how long a store is away; a client that asks too soon is told so again.
  if (response.status === 503 && !response.headers.has("retry-after")) response.headers.set("retry-after", "5")
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store")
  response.headers.set("x-content-type-options", "nosniff")
  return response
}

/** Of what somebody did who is known, or who was let do it, there is always a row. */
const isKnown = ({ claims, decision }: Trail): boolean => claims !== undefined || decision === "allow"

/** Health checks and the handlers' layers end with the scope. */
export const make: Effect.Effect<ControlPlane, never, Services | Scope.Scope> = Effect.gen(function* () {
  const given = yield* Effect.context<Services>()
  const watch = yield* makeHealthWatch
  const services = Context.add(given, HealthWatch, watch)
  const audit = Context.get(services, AuditSink)
  const authorization = Context.get(services, AuthorizationServer)
  const pages = Context.get(services, AccountPages)
  const { deploymentMode, publicUrl } = Context.get(services, ControlPlaneConfig)
  const strangers = new StrangerRows()
  Context.get(services, Metrics).gauge(
    "mcpgw_api_audit_rows_suppressed_total",
    "Refusals of unknown callers of the API and the authorization server beyond 100 a second, not written",
    () => strangers.turnedAway
  )
  Context.get(services, Metrics).gauge(
    "mcpgw_health_watchers",
    "Clients now told of every change of the servers' health",
    () => watch.stats().connections
  )
  const built = yield* Layer.build(Layer.provide(app, Layer.succeedContext(services)))
  const runtime = yield* Effect.runtime<never>().pipe(HttpMiddleware.withTracerDisabledWhenEffect(() => true))
  const routed = yield* Effect.mapInputContext(HttpApiBuilder.httpApp, (_: Context.Context<never>) => built)
  const run = Runtime.runPromise(runtime)
  const answer = HttpApp.toWebHandlerRuntime(runtime)(
    Effect.mapInputContext(routed, (request: Context.Context<HttpServerRequest | Scope.Scope>) =>
      Context.merge(built, request)
    )
  )
  const record = (trail: Trail, method: string, status: number, began: number): void => {
    const row = auditRow(trail, method, status, performance.now() - began)
    if (row !== undefined && (isKnown(trail) || strangers.admit(trail.at))) audit.append(row)
  }
  return {
    closeWatchers: () => watch.closeAll(),
    openSocket: async (request, { remote }) => {
      const began = performance.now()
      const trail = makeTrail(crypto.randomUUID(), remote, Date.now())
      const opened = await run(
        healthHandlers.openSocket(request).pipe(Effect.provide(services), Effect.provideService(RequestTrail, trail))
      )
      const status = opened instanceof Response ? opened.status : trail.decision === "allow" ? 101 : 401
      record(trail, request.method, status, began)
      return opened instanceof Response ? finish(opened) : opened
    },
    handle: async (request, { remote }) => {
      const began = performance.now()
      const trail = makeTrail(crypto.randomUUID(), remote, Date.now())
      const { pathname } = new URL(request.url)
      const from = { remote, noted: (note: OAuthNote): void => noteTrail(trail, note) }
      const response = finish(
        preflight(request.method, pathname) ??
          resourceDocument(publicUrl, request, pathname, deploymentMode === "with-gateway") ??
          (servesOAuth(pathname)
            ? await authorization.handle(request, from)
            : servesPages(request.method, pathname)
              ? await run(pages.handle(request, from))
              : await answer(canonical(request), Context.make(RequestTrail, trail)))
      )
      readable(request.method, pathname, response)
      record(trail, request.method, response.status, began)
      return response
    }
  }
})
