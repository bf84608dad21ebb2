/** Signing in at an identity provider, over HTTP: redirects, cookies, what a failure looks like, and what is left on record. */
import { describe, expect, it } from "@effect/vitest"
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import { environmentProviders } from "@mcpgw/identity/ProvidersEnvironment"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { make } from "../src/ControlPlane.ts"
import { type Answer, call, layer } from "./support/plane.ts"

const SETTINGS: Readonly<Record<string, string>> = {
  AUTH_PROVIDER: "github",
  GITHUB_CLIENT_ID: "client",
  GITHUB_CLIENT_SECRET: "s3cret"
}
const identityProviders = Either.getOrThrow(environmentProviders((name) => SETTINGS[name]))

const github: FetchFunction = async (url) => {
  if (url.endsWith("/access_token"))
    return Response.json({ access_token: "gho_x", token_type: "bearer", scope: "read:user" })
  return Response.json({ id: 583_231, login: "octocat", name: "The Octocat" })
}

const test = (name: string, fetch: FetchFunction, body: (ask: Ask) => Effect.Effect<void, unknown, AuditRows>): void =>
  it.live(name, () =>
    Effect.scoped(
      Effect.gen(function* () {
        const plane = yield* make
        yield* body((path, headers = {}) => call(plane, "GET", path, { headers }))
      }).pipe(Effect.provide(layer({ identityProviders, fetch })))
    )
  )

type Ask = (path: string, headers?: Readonly<Record<string, string>>) => Effect.Effect<Answer>

const cookieOf = ({ headers }: Answer): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0] ?? "")
    .join("; ")

/** What GitHub sends the browser back with. */
const backFrom = ({ headers }: Answer, change: Readonly<Record<string, string>> = {}): string => {
  const state = new URL(headers.get("location") ?? "").searchParams.get("state") ?? ""
  return `/oauth2/callback/github?${new URLSearchParams({ code: "c", state, ...change }).toString()}`
}

const rows = Effect.flatMap(AuditRows, (audit) => audit.read)

describe("contracts §2.6: federated sign-in over HTTP", () => {
  test("there and back: a session, and a row", github, (ask) =>
    Effect.gen(function* () {
      const sent = yield* ask("/oauth2/login/github?return_to=/console")
      expect(sent.status).toBe(302)
      expect(sent.headers.get("location")).toContain("https://github.com/login/oauth/authorize?")
      expect(sent.headers.getSetCookie()[0]).toMatch(
        /^__Host-mcpgw_login=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/
      )
      const arrived = yield* ask(backFrom(sent), { cookie: cookieOf(sent) })
      expect(arrived.status).toBe(303)
      expect(arrived.headers.get("location")).toBe("/console")
      expect(arrived.headers.get("cache-control")).toBe("no-store")
      const [forgotten, session] = arrived.headers.getSetCookie()
      expect(forgotten).toContain("__Host-mcpgw_login=; Path=/; Max-Age=0")
      const value = /^__Host-mcp_gateway_session=([^;]+);/.exec(session ?? "")?.[1] ?? ""
      const me = yield* ask("/api/auth/me", { cookie: `mcp_gateway_session=${value}` })
      expect(me.body).toMatchObject({ username: "octocat", groups: [], is_admin: false })
      expect(yield* rows).toMatchObject([
        { rule: "api:oauth2_callback", decision: "allow", outcome: "ok", username: "octocat", status: 303 }
      ])
    })
  )

  test("contracts §1.2: signing out under the older spelling ends the session", github, (ask) =>
    Effect.gen(function* () {
      const sent = yield* ask("/oauth2/login/github")
      const arrived = yield* ask(backFrom(sent), { cookie: cookieOf(sent) })
      const cookie = cookieOf(arrived)
      expect((yield* ask("/api/auth/me", { cookie })).status).toBe(200)
      const foreign = yield* ask("/oauth2/logout/github", { cookie, "sec-fetch-site": "cross-site" })
      expect([foreign.status, (yield* ask("/api/auth/me", { cookie })).status]).toEqual([403, 200])
      const out = yield* ask("/oauth2/logout/github?redirect_uri=https://evil.example", { cookie, accept: "text/html" })
      expect([out.status, out.headers.get("location")]).toEqual([303, "/"])
      expect((yield* ask("/api/auth/me", { cookie })).status).toBe(401)
    })
  )

  test("the contract's list of providers, and its older spelling of the way to one", github, (ask) =>
    Effect.gen(function* () {
      expect((yield* ask("/api/auth/providers")).body).toEqual({
        providers: [{ name: "github", display_name: "GitHub" }]
      })
      const alias = yield* ask("/api/auth/auth/github?return_to=%2Fconsole")
      expect([alias.status, alias.headers.get("location")]).toEqual([302, "/oauth2/login/github?return_to=%2Fconsole"])
      const odd = yield* ask("/api/auth/auth/%2F%2Fevil.example")
      expect(odd.headers.get("location") ?? "/oauth2/login/").toMatch(/^\/oauth2\/login\//)
    })
  )

  test(
    "what goes wrong is told in the contract's words, to a script and to a browser, and never in a provider's",
    github,
    (ask) =>
      Effect.gen(function* () {
        const sent = yield* ask("/oauth2/login/github?return_to=/console")
        const cookie = cookieOf(sent)
        const table: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, number, string]> = [
          ["/oauth2/login/nowhere", {}, 404, "There is no such identity provider"],
          [
            "/oauth2/login/github?return_to=//evil.example",
            {},
            400,
            "return_to may hold a path of this gateway, such as /"
          ],
          ["/oauth2/callback/github", { cookie }, 400, "Missing required OAuth2 parameters"],
          [backFrom(sent), {}, 400, "Invalid or expired OAuth2 session"],
          [backFrom(sent, { state: "x" }), { cookie }, 400, "Invalid state parameter"],
          [
            `${backFrom(sent, { error: "access_denied", error_description: "<b>call us</b>" }).replace("code=c&", "")}`,
            { cookie },
            403,
            "The identity provider did not let you in, or you declined"
          ]
        ]
        for (const [path, headers, status, words] of table.slice(0, -1)) {
          const told = yield* ask(path, headers)
          expect([told.status, told.body]).toMatchObject([status, { error: words }])
          const shown = yield* ask(path, { ...headers, accept: "text/html" })
          expect([shown.status, shown.headers.get("content-type")]).toEqual([status, "text/html; charset=utf-8"])
          expect(shown.text).toContain(`>${words}.</p>`)
        }
        const [path, headers, status, words] = table.at(-1) ?? ["", {}, 0, ""]
        const shown = yield* ask(path, { ...headers, accept: "text/html" })
        expect(shown.status).toBe(status)
        expect(shown.text).toContain(words)
        expect(shown.text).not.toContain("call us")
        expect(shown.text).toContain('href="/oauth2/login/github?return_to=%2Fconsole"')
        expect(shown.text).toContain('href="/login?return_to=%2Fconsole"')
        const elsewhere = yield* ask("/oauth2/login/nowhere", { accept: "text/html" })
        expect(elsewhere.text).toContain('href="/login"')
        const page = "/oauth/interaction/an-application"
        const fromPage = yield* ask(`/oauth2/login/github?return_to=${page}`)
        const declined = backFrom(fromPage, { error: "access_denied" }).replace("code=c&", "")
        const back = yield* ask(declined, { cookie: cookieOf(fromPage), accept: "text/html" })
        expect(back.text).toContain(`href="${page}"`)
        expect(shown.headers.get("content-security-policy")).toMatch(/^default-src .none.; style-src .sha256-/)
        expect(shown.headers.getSetCookie()[0]).toContain("__Host-mcpgw_login=; Path=/; Max-Age=0")
      })
  )

  test(
    "a provider that can not be reached is 503 with a sentence, and nothing of why",
    () => Promise.reject(new Error("ECONNREFUSED 10.0.0.7")),
    (ask) =>
      Effect.gen(function* () {
        const sent = yield* ask("/oauth2/login/github")
        const told = yield* ask(backFrom(sent), { cookie: cookieOf(sent) })
        expect([told.status, told.headers.get("retry-after")]).toEqual([503, "5"])
        expect(told.body).toMatchObject({ code: "oauth2_callback_failed" })
        expect(told.text).not.toContain("10.0.0.7")
        expect(told.headers.getSetCookie().join()).not.toContain("session")
      })
  )
})
