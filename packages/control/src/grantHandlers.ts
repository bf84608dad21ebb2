/** What a person has allowed clients to do, and taking it back. With a session only: a client's token must not say what clients may do. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Api } from "@mcpgw/api/Api"
import { Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { CurrentPrincipal } from "@mcpgw/api/Authentication"
import { AuthorizationServer } from "@mcpgw/identity/AuthorizationServer"
import * as Effect from "effect/Effect"
import { unavailable } from "./accountFailures.ts"
import { RequestTrail } from "./RequestTrail.ts"

const sessionOnly = new Forbidden(problem("Sign in to see and change what clients may do", "A token can not"))

const person: Effect.Effect<string, Forbidden, CurrentPrincipal> = Effect.flatMap(CurrentPrincipal, ({ claims }) =>
  claims.method === "session_cookie" ? Effect.succeed(claims.username) : sessionOnly
)

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()

const list = Effect.gen(function* () {
  const server = yield* AuthorizationServer
  const consents = yield* Effect.catchTag(server.consentsOf(yield* person), "GrantsUnavailable", unavailable)
  return {
    grants: consents.map((consent) => ({
      id: consent.id,
      client_id: consent.clientId,
      client_name: consent.clientName,
      resource: consent.resource,
      redirect: consent.redirect,
      scopes: consent.scopes,
      created_at: iso(consent.createdAt),
      used_at: iso(consent.usedAt)
    }))
  }
})

const withdraw = (id: string) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const server = yield* AuthorizationServer
    trail.rule = "api:withdraw_grant"
    const withdrawn = yield* Effect.catchTag(server.withdraw(yield* person, id), "GrantsUnavailable", unavailable)
    if (!withdrawn) return yield* new NotFound(problem("You have no grant of that id"))
    trail.decision = "allow"
    return { success: true, id } as const
  })

export const layer = HttpApiBuilder.group(Api, "grants", (handlers) =>
  handlers.handle("list", () => list).handle("withdraw", ({ path }) => withdraw(path.id), { uninterruptible: true })
)
