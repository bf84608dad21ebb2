/**
 * Signing in at an identity provider (contracts.md §2.6): to it and back. What goes wrong is told in one of our own sentences, as JSON to who
 * asks for JSON and as a page to a browser; nothing of what the provider or the link said is shown.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { problem } from "@mcpgw/api/ApiError"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import { type LoginErrorCode, type LoginRefusal, type LoginRefused, loginSentences } from "@mcpgw/identity/LoginRefused"
import { pageHeaders } from "@mcpgw/identity/oauth/html"
import { signInFailedPage } from "@mcpgw/identity/oauth/pages"
import { Sessions } from "@mcpgw/identity/Sessions"
import * as Effect from "effect/Effect"
import { acceptsJson, webHeaders } from "./headers.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

/** `Set-Cookie` may stand several times, which the platform's headers can not hold. */
const withCookies = (status: number, location: string, cookies: ReadonlyArray<string>) => {
  const headers = new Headers({ location, "cache-control": "no-store" })
  for (const cookie of cookies) headers.append("set-cookie", cookie)
  return HttpServerResponse.raw(new Response(null, { status, headers }))
}

const queryOf = (request: Request): string => {
  const at = request.url.indexOf("?")
  return at === -1 ? "" : request.url.slice(at + 1)
}

/** Sends a browser to a provider. */
export const login = (name: string, request: Request) =>
  Effect.gen(function* () {
    const federated = yield* FederatedLogin
    const trail = yield* RequestTrail
    trail.rule = "api:oauth2_login"
    // As it was sent: the router drops repeated slashes, also those of the query.
    const sent = yield* federated.begin(name, new URLSearchParams(queryOf(request)).get("return_to") ?? undefined)
    return withCookies(302, sent.location, sent.cookies)
  }).pipe(Effect.catchTag("LoginRefused", (failure) => refusal(request, failure, "oauth2_init_failed", name)))

/** The browser is back. */
export const callback = (name: string, request: Request) =>
  Effect.gen(function* () {
    const federated = yield* FederatedLogin
    const sessions = yield* Sessions
    const trail = yield* RequestTrail
    trail.rule = "api:oauth2_callback"
    const headers = webHeaders(request)
    const from = {
      cookies: headers.get("cookie") ?? undefined,
      browser: headers.get("user-agent") ?? undefined,
      remote: trail.remote
    }
    const arrived = yield* federated.finish(name, queryOf(request), from)
    trail.decision = "allow"
    trail.username = arrived.account.username
    trail.claims = yield* Effect.catchAll(sessions.find(arrived.value), () => Effect.succeed(undefined))
    return withCookies(303, arrived.location, arrived.cookies)
  }).pipe(Effect.catchTag("LoginRefused", (failure) => refusal(request, failure, codeOf(failure.reason), name)))

/** The replaced system's spelling. */
export const alias = (name: string, request: Request) => {
  const query = queryOf(request)
  const location = `/oauth2/login/${encodeURIComponent(name)}${query === "" ? "" : `?${query}`}`
  return withCookies(302, location, [])
}

const codeOf = (reason: LoginRefusal): LoginErrorCode =>
  reason === "denied" || reason === "provider_error" ? "oauth2_error" : "oauth2_callback_failed"

const STATUS: Readonly<Record<LoginRefusal, number>> = {
  unknown_provider: 404,
  bad_return_path: 400,
  missing_parameters: 400,
  bad_transaction: 400,
  bad_state: 400,
  provider_mismatch: 400,
  denied: 403,
  provider_error: 503,
  provider_unavailable: 503,
  not_proven: 403,
  bad_claims: 403,
  account_disabled: 403,
  busy: 429,
  unavailable: 503
}

const refusal = (request: Request, { reason, returnTo }: LoginRefused, code: LoginErrorCode, provider: string) =>
  Effect.gen(function* () {
    const { forget, providers } = yield* FederatedLogin
    const status = STATUS[reason]
    const trail = yield* RequestTrail
    trail.rule = `${trail.rule ?? "api:oauth2"}:${reason}`
    const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    if (trail.rule.startsWith("api:oauth2_callback")) headers.append("set-cookie", forget)
    if (status === 429 || status === 503) headers.set("retry-after", "5")
    const sentence = loginSentences[reason]
    if (acceptsJson(request)) {
      headers.set("content-type", "application/json")
      const body = { ...problem(sentence), code }
      return HttpServerResponse.raw(new Response(JSON.stringify(body), { status, headers }))
    }
    headers.set("content-type", "text/html; charset=utf-8")
    for (const [name, value] of Object.entries(pageHeaders())) headers.set(name, value)
    const known = providers.find(({ name }) => name === provider)
    const again = known === undefined ? undefined : `/oauth2/login/${known.name}${returnQuery(returnTo)}`
    return HttpServerResponse.raw(
      new Response(signInFailedPage(sentence, again, signInAgain(returnTo)), { status, headers })
    )
  })

/** Where other ways of signing in are offered: an application's own page, or ours. */
const signInAgain = (returnTo: string | undefined): string =>
  returnTo?.startsWith("/oauth/interaction/") === true ? returnTo : `/login${returnQuery(returnTo)}`

const returnQuery = (returnTo: string | undefined): string =>
  returnTo === undefined ? "" : `?return_to=${encodeURIComponent(returnTo)}`

/** Where people can sign in, as the contract spells it. */
export const providers = Effect.map(FederatedLogin, (federated) => ({
  providers: federated.providers.map(({ displayName, name }) => ({ name, display_name: displayName }))
}))
