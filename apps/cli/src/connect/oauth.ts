/**
 * Signing in at the gateway's authorization server (RFC 8252 loopback redirect with PKCE, RFC 8628 device flow), and staying so. The tokens
 * are for the gateway as a whole (RFC 8707). A token that one gateway vouches for is never sent to another: a gateway that calls itself
 * otherwise than it was asked for is refused.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as client from "openid-client"
import { certificateFailure, denied, failed, type Failure, unreachable } from "../Failure.ts"
import { plain } from "../show/table.ts"
import type { OAuthLogin } from "./Logins.ts"
import { openBrowser, startCallback } from "./loopback.ts"
import { isPrivateWay } from "./plainHttp.ts"

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
const SCOPE = "mcp"

/** How long a person may take, milliseconds. */
const PATIENCE = 5 * 60_000

const LOOPBACK = new Set(["localhost", "[::1]"])

/** One name for each gateway: loopback has three. */
export const gatewayKey = (url: string): string => {
  const parsed = new URL(url)
  if (LOOPBACK.has(parsed.hostname)) parsed.hostname = "127.0.0.1"
  return parsed.href.replace(/\/+$/, "")
}

/** In words; nothing of a body but the two fields that RFC 6749 §5.2 makes for this. */
const said = (error: unknown): Failure => {
  if (error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError) {
    const words = error.error_description ?? error.error
    return denied(`The gateway's authorization server refused: ${words}`, "sign in with `mcpgw login`")
  }
  const untrusted = certificateFailure("The gateway", error)
  if (untrusted !== undefined) return untrusted
  if (error instanceof TypeError || (error instanceof Error && error.name === "TimeoutError"))
    return unreachable(
      "The gateway's authorization server does not answer",
      "is the gateway running, and is --url right?"
    )
  return failed(`Signing in did not work: ${error instanceof Error ? error.message : "unknown"}`)
}

const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({ try: run, catch: said })

const insecure = { execute: [client.allowInsecureRequests], algorithm: "oauth2" as const }

/** Over http only where `--url` says http, which is let pass where the way is private or allowed. */
const options = (url: string) => (url.startsWith("http:") ? insecure : { algorithm: "oauth2" as const })

const register = (url: string, redirect: string | undefined) =>
  attempt(() =>
    client.dynamicClientRegistration(
      new URL(url),
      {
        client_name: "mcpgw command line",
        redirect_uris: redirect === undefined ? [] : [redirect],
        grant_types: [redirect === undefined ? DEVICE_CODE : "authorization_code", "refresh_token"],
        response_types: redirect === undefined ? [] : ["code"],
        token_endpoint_auth_method: "none"
      },
      client.None(),
      options(url)
    )
  )

interface Tokens {
  readonly access_token: string
  readonly refresh_token?: string
  readonly expires_in?: number
}

const loginOf = (config: client.Configuration, tokens: Tokens): OAuthLogin => ({
  _tag: "oauth",
  client_id: config.clientMetadata().client_id,
  access_token: Redacted.make(tokens.access_token),
  ...(tokens.refresh_token === undefined ? {} : { refresh_token: Redacted.make(tokens.refresh_token) }),
  expires_at: Date.now() + (tokens.expires_in ?? 300) * 1000
})

/** S-12: a web page, over https or as private as the gateway itself. */
const pageToOpen = (url: string, build: () => URL): Effect.Effect<URL, Failure> =>
  Effect.gen(function* () {
    const address = yield* Effect.try({ try: build, catch: () => denied(`${url} sends to no web page to sign in`) })
    if (isPrivateWay(address.href) || address.origin === new URL(url).origin) return address
    return yield* denied(`${url} sends to ${plain(address.href)} to sign in, which is not encrypted`)
  })

/** `open`: whether a browser is started; its address is printed in any case. */
export const loginWithBrowser = (url: string, open: boolean): Effect.Effect<OAuthLogin, Failure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const state = client.randomState()
      const verifier = client.randomPKCECodeVerifier()
      const callback = yield* startCallback(state)
      const config = yield* register(url, callback.redirect)
      const challenge = yield* attempt(() => client.calculatePKCECodeChallenge(verifier))
      const address = yield* pageToOpen(url, () =>
        client.buildAuthorizationUrl(config, {
          redirect_uri: callback.redirect,
          scope: SCOPE,
          resource: url,
          state,
          code_challenge: challenge,
          code_challenge_method: "S256"
        })
      )
      yield* Console.error(`Sign in with your browser:\n\n  ${address.href}\n`)
      if (open) yield* openBrowser(address.href)
      const answer = yield* callback.answered.pipe(
        Effect.timeoutFail({
          duration: PATIENCE,
          onTimeout: () => failed("Nobody signed in within five minutes", "run `mcpgw login` again, or with --device")
        })
      )
      const checks = { pkceCodeVerifier: verifier, expectedState: state }
      return loginOf(
        config,
        yield* attempt(() => client.authorizationCodeGrant(config, answer, checks, { resource: url }))
      )
    })
  )

export const loginWithDevice = (url: string): Effect.Effect<OAuthLogin, Failure> =>
  Effect.gen(function* () {
    const config = yield* register(url, undefined)
    const given = yield* attempt(() => client.initiateDeviceAuthorization(config, { scope: SCOPE, resource: url }))
    yield* Console.error(
      `On any device, open\n\n  ${plain(given.verification_uri)}\n\nand enter the code  ${plain(given.user_code)}\n`
    )
    const tokens = yield* attempt((signal) =>
      client.pollDeviceAuthorizationGrant(config, given, { resource: url }, { signal })
    )
    return loginOf(config, tokens)
  })

const configurationFor = (url: string, clientId: string) =>
  attempt(() => client.discovery(new URL(url), clientId, undefined, client.None(), options(url)))

/** New tokens for the ones that end; a refresh token is good once. */
export const renew = (url: string, login: OAuthLogin): Effect.Effect<OAuthLogin, Failure> =>
  Effect.gen(function* () {
    const { refresh_token: refresh } = login
    if (refresh === undefined) return yield* denied("Your sign-in has ended", "sign in again with `mcpgw login`")
    const config = yield* configurationFor(url, login.client_id)
    const tokens = yield* attempt(() => client.refreshTokenGrant(config, Redacted.value(refresh), { resource: url }))
    return { refresh_token: refresh, ...loginOf(config, tokens) }
  })

/** Ends the grant at the gateway. */
export const revoke = (url: string, { access_token, client_id, refresh_token }: OAuthLogin) =>
  Effect.gen(function* () {
    const config = yield* configurationFor(url, client_id)
    for (const token of [refresh_token, access_token])
      if (token !== undefined) yield* attempt(() => client.tokenRevocation(config, Redacted.value(token)))
  })
