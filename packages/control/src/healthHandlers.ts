/** Health on the API (contracts.md §2.11): to whoever may see the server, and never to a stranger. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { Forbidden, problem, Unavailable } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import { caller } from "./access.ts"
import { authenticate } from "./authentication.ts"
import { answerHeader, ownOriginOnly } from "./headers.ts"
import { HealthWatch } from "./healthWatch.ts"
import { CAPACITY, closedSocket, eventStream, REFUSED, socketSink, UNKNOWN } from "./healthSinks.ts"
import type { SocketData } from "./healthSocket.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { standingRoles } from "./roles.ts"

const map = Effect.gen(function* () {
  const hub = yield* HealthWatch
  return HttpServerResponse.text(hub.mapFor(yield* caller), { contentType: "application/json" })
})

const full = new Unavailable(problem("Server at capacity", "Too many watch already; try again later"))

const events = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    const hub = yield* HealthWatch
    const { claims } = yield* caller
    yield* ownOriginOnly(request)
    const refused = Effect.zipRight(answerHeader("retry-after", "10"), full)
    if (!hub.hasRoom(claims)) return yield* refused
    const roles = yield* standingRoles(claims)
    // Asked again where it joins without a wait: while the account was looked up others have joined.
    if (!hub.hasRoom(claims)) return yield* refused
    return HttpServerResponse.raw(eventStream((sink) => hub.join(claims, roles, sink)))
  })

const stats = Effect.gen(function* () {
  const hub = yield* HealthWatch
  const trail = yield* RequestTrail
  trail.rule = "api:health_stats"
  if (!(yield* caller).isAdmin) {
    return yield* new Forbidden(problem("This endpoint is only available to admin users"))
  }
  return hub.stats()
})

export const layer = HttpApiBuilder.group(Api, "health", (handlers) =>
  handlers
    .handleRaw("map", () => map)
    .handleRaw("events", ({ request }) => events(request))
    .handle("stats", () => stats)
)

const asRefused = ({ detail, error }: { readonly error: string; readonly detail: string }, status: number): Response =>
  Response.json({ error, detail }, { status })

/**
 * The handshake of the socket. A page of another origin is refused before anything else (design.md §6); the others learn from the close
 * code what they lack.
 */
export const openSocket = (web: Request) =>
  Effect.gen(function* () {
    const request = HttpServerRequest.fromWeb(web)
    const hub = yield* HealthWatch
    const trail = yield* RequestTrail
    yield* ownOriginOnly(request)
    const { claims } = yield* Effect.provideService(authenticate, HttpServerRequest.HttpServerRequest, request)
    trail.rule = "api:health_watch"
    if (!hub.hasRoom(claims)) return closedSocket(CAPACITY)
    trail.decision = "allow"
    const roles = yield* standingRoles(claims)
    let leave = (): void => {}
    const data: SocketData = {
      // Asked again where it joins without a wait: since then others have joined.
      opened: (socket) => {
        if (hub.hasRoom(claims)) leave = hub.join(claims, roles, socketSink(socket))
        else socket.close(...CAPACITY)
      },
      closed: () => leave()
    }
    return data
  }).pipe(
    Effect.catchTags({
      Unauthorized: () =>
        Effect.map(RequestTrail, ({ rule }) => closedSocket(rule === "auth:missing" ? UNKNOWN : REFUSED)),
      Forbidden: (refused) => Effect.succeed(asRefused(refused, 403)),
      TooManyRequests: (refused) => Effect.succeed(asRefused(refused, 429)),
      Unavailable: (refused) => Effect.succeed(asRefused(refused, 503))
    })
  )
