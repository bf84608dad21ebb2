/** Headers of requests and answers the handlers share: what a browser's origin says, what is accepted, what an answer carries besides. */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Does the caller want JSON? A browser's form and a bare curl do not say so. */
export const acceptsJson = (request: Request): boolean => (request.headers["accept"] ?? "").includes("application/json")

/** The request's headers as the platform's own. */
export const webHeaders = (request: Request): Headers =>
  request.source instanceof globalThis.Request ? request.source.headers : new Headers(request.headers)

/** Adds a header to whatever this request is answered with. */
export const answerHeader = (name: string, value: string): Effect.Effect<void> =>
  HttpApp.appendPreResponseHandler((_request, response) =>
    Effect.succeed(HttpServerResponse.setHeader(response, name, value))
  )

/** Adds `Set-Cookie` values of `SessionCookie` to whatever this request is answered with. */
export const answerCookies = (values: ReadonlyArray<string>): Effect.Effect<void> =>
  HttpApp.appendPreResponseHandler((_request, response) =>
    Effect.succeed(HttpServerResponse.mergeCookies(response, Cookies.fromSetCookie(values)))
  )

/** `none`: an address typed in, or a bookmark. */
const OWN_SITES: ReadonlySet<string> = new Set(["same-origin", "none"])

/**
 * Refuses what another site's page makes a browser send (design.md §6): an `Origin` that is not exactly ours, or a `Sec-Fetch-Site` that
 * names another site or a sibling host. A request without either is no browser's cross-origin request.
 */
export const ownOriginOnly = (request: Request): Effect.Effect<void, Forbidden, ControlPlaneConfig> =>
  Effect.gen(function* () {
    const { publicUrl } = yield* ControlPlaneConfig
    const own = new URL(publicUrl).origin
    const { origin } = request.headers
    const site = request.headers["sec-fetch-site"]
    if ((origin === undefined || origin === own) && (site === undefined || OWN_SITES.has(site))) return
    const trail = yield* RequestTrail
    trail.rule = "csrf:origin"
    return yield* new Forbidden(
      problem("Request from another origin", `Cookies may be used from ${own} only: open this page there`)
    )
  })
