/** Access tokens of identity providers on the data plane: which count, and what they say of the caller (contracts.md §2.5, A-06, A-07, S-02). */
import { describe, expect, it } from "@effect/vitest"
import { IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SignJWT } from "jose"
import { Accounts } from "../src/Accounts.ts"
import { IdentityProviders } from "../src/IdentityProviders.ts"
import * as ProviderVerifiers from "../src/ProviderVerifiers.ts"
import { type Kind, PUBLIC } from "./support/Login.ts"
import { fixture, type ScriptedProvider, scriptedProvider, SETTINGS } from "./support/ScriptedProvider.ts"

const verifiersOf = (kind: Kind, provider: ScriptedProvider, more: Readonly<Record<string, string>> = {}) =>
  ProviderVerifiers.make(PUBLIC).pipe(
    Effect.provide(
      Layer.mergeAll(
        Accounts.layerMemory,
        IdentityProviders.layer({
          file: undefined,
          settings: new Map(Object.entries({ AUTH_PROVIDER: kind, ...SETTINGS[kind], ...more })),
          variable: () => Effect.succeed(undefined)
        }),
        IssuerFetch.layerOf(provider.fetch)
      )
    )
  )

/** The claims, or why not. */
const outcome = (verifiers: ReadonlyArray<Verifier>, value: string): Effect.Effect<Claims | string> => {
  const credential = { kind: "bearer", value, header: "authorization" } as const
  const verifier = verifiers.find((candidate) => candidate.recognises(credential))
  if (verifier === undefined) return Effect.succeed("nobody's")
  return verifier.verify(credential).pipe(
    Effect.catchTags({
      Unauthenticated: ({ reason }) => Effect.succeed(reason),
      AuthUnavailable: ({ problem }) => Effect.succeed(`unavailable: ${problem}`)
    })
  )
}

const token = (provider: ScriptedProvider, name: string, more: Readonly<Record<string, unknown>> = {}) =>
  Effect.promise(() => provider.token(name, more))

const row = (
  kind: Kind,
  title: string,
  name: string,
  expected: Partial<Claims> | string,
  more: Readonly<Record<string, unknown>> = {},
  settings: Readonly<Record<string, string>> = {},
  discovery = "discovery"
): void =>
  it.live(`${kind}: ${title}`, () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider(kind, discovery))
      const verifiers = yield* verifiersOf(kind, provider, settings)
      const told = yield* outcome(verifiers, yield* token(provider, name, more))
      if (typeof expected === "string") expect(told).toBe(expected)
      else expect(told).toMatchObject({ ...expected, method: "oidc" })
    })
  )

const RESOURCE = { audience: expect.arrayContaining([PUBLIC]) }

describe("contracts §2.5: each provider's access tokens", () => {
  row("keycloak", "a person's", "access_token", {
    ...RESOURCE,
    username: "ada",
    clientId: "mcp-gateway-web",
    groups: ["mcp-registry-admin", "mcp-servers-unrestricted"],
    scopes: []
  })
  row(
    "keycloak",
    "by another spelling of its issuer",
    "access_token",
    { issuer: "https://keycloak.example/realms/mcp-gateway" },
    { iss: "http://keycloak:8080/realms/mcp-gateway" }
  )
  row("keycloak", "of the machines' client", "access_token", RESOURCE, { aud: "mcp-gateway-m2m" })
  row("keycloak", "meant for another client", "access_token", "wrong_audience", { aud: "another" })
  row("keycloak", "of another realm", "access_token", "nobody's", { iss: "https://keycloak.example/realms/master" })
  row("keycloak", "an ID token", "id_token", "bad_claims")

  row("cognito", "a person's: client_id stands for aud", "access_token", {
    ...RESOURCE,
    username: "a4f8c4d8-9041-70c3-8f0f-2f2b6a1c9d77",
    groups: ["mcp-registry-developer"],
    scopes: []
  })
  row("cognito", "a machine's: scopes of resource servers are scopes", "machine_token", {
    ...RESOURCE,
    clientId: "7machine3456789abcdefghijk",
    groups: [],
    scopes: ["mcp-servers-unrestricted/read", "mcp-servers-unrestricted/execute"]
  })
  row(
    "cognito",
    "a person's without groups: Cognito's own scopes are none",
    "access_token",
    { groups: [], scopes: [] },
    { "cognito:groups": undefined }
  )
  row("cognito", "of another client", "machine_token", "wrong_audience", { client_id: "another" })
  row("cognito", "an ID token", "id_token", "bad_claims", { at_hash: undefined })

  row("entra", "version 2", "access_token", {
    ...RESOURCE,
    username: "AbeLi@example.org",
    groups: ["0760b6cf-170e-4a14-91b3-4b78e0739963", "Tools.Use"],
    scopes: []
  })
  row("entra", "version 1, under its older issuer and the API's URI", "access_token_v1", {
    ...RESOURCE,
    username: "AbeLi@example.org",
    clientId: "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    groups: ["Tools.Use"]
  })
  row(
    "entra",
    "least authority: more groups than it could hold",
    "access_token",
    { groups: [], scopes: [] },
    { groups: undefined, roles: undefined, _claim_names: { groups: "src1" } }
  )
  row("entra", "an ID token, whose audience is the same", "id_token", "bad_claims")
  row("entra", "of another tenant", "access_token", "nobody's", {
    iss: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
  })
  const shared = { ENTRA_TENANT_ID: "organizations", ENTRA_ALLOWED_TENANTS: "9188040d-6c67-4c5b-b112-36a304b66dad" }
  row(
    "entra",
    "of a tenant that is named, among several",
    "access_token",
    { username: "AbeLi@example.org" },
    {},
    shared,
    "discovery_organizations"
  )
  row(
    "entra",
    "of the template all tenants share",
    "access_token",
    "nobody's",
    { iss: "https://login.microsoftonline.com/{tenantid}/v2.0" },
    shared,
    "discovery_organizations"
  )

  row("okta", "a person's", "access_token", {
    ...RESOURCE,
    username: "saml@example.org",
    clientId: "0oabucvyc38HLL1ef0h7",
    groups: ["Everyone", "mcp-registry-user"],
    scopes: []
  })
  row(
    "okta",
    "without groups: scp",
    "access_token",
    { groups: [], scopes: ["mcp/read"] },
    { groups: undefined, scp: ["mcp/read"] }
  )
  row("okta", "an ID token", "id_token", "bad_claims", { aud: "api://default", at_hash: undefined })
  row(
    "okta",
    "an audience that was named replaces the usual one",
    "access_token",
    "wrong_audience",
    {},
    { OKTA_AUDIENCE: "api://mcp" }
  )

  row("auth0", "a person's, with groups under a URL", "access_token", {
    ...RESOURCE,
    username: "auth0|507f1f77bcf86cd799439011",
    groups: ["mcp-registry-user"],
    scopes: []
  })
  row("auth0", "a machine's: what was granted, not what was asked for", "machine_token", {
    ...RESOURCE,
    groups: [],
    scopes: ["mcp-servers-unrestricted/read"]
  })
  row("auth0", "an ID token", "id_token", "wrong_audience")

  it.live("google, github, okta without a server of its own, auth0 without an API: none of their tokens count", () =>
    Effect.gen(function* () {
      const okta = { OKTA_AUTH_SERVER_ID: "", AUTH0_AUDIENCE: "" }
      for (const kind of ["google", "github", "okta", "auth0"] as const) {
        const provider = yield* Effect.promise(() => scriptedProvider(kind))
        const settings = Object.fromEntries(
          Object.entries({ AUTH_PROVIDER: kind, ...SETTINGS[kind], ...okta }).filter(([, value]) => value !== "")
        )
        const layer = IdentityProviders.layer({
          file: undefined,
          settings: new Map(Object.entries(settings)),
          variable: () => Effect.succeed(undefined)
        })
        const made = ProviderVerifiers.make(PUBLIC).pipe(
          Effect.provide(Layer.mergeAll(Accounts.layerMemory, layer, IssuerFetch.layerOf(provider.fetch)))
        )
        expect(yield* made, kind).toEqual([])
      }
    })
  )
})

describe("a provider of any kind whose access tokens are for our own client", () => {
  it.live("A-07: its ID tokens, which have the same audience, are none", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("google"))
      const aud = "1234987819200.apps.googleusercontent.com"
      const settings = new Map([
        ["MCPGW_OIDC_ISSUER", "https://accounts.google.com"],
        ["MCPGW_OIDC_CLIENT_ID", aud],
        ["MCPGW_OIDC_AUDIENCE", aud]
      ])
      const verifiers = yield* ProviderVerifiers.make(PUBLIC).pipe(
        Effect.provide(
          Layer.mergeAll(
            Accounts.layerMemory,
            IdentityProviders.layer({ file: undefined, settings, variable: () => Effect.succeed(undefined) }),
            IssuerFetch.layerOf(provider.fetch)
          )
        )
      )
      const plain = { at_hash: undefined, preferred_username: "j" }
      expect(yield* outcome(verifiers, yield* token(provider, "id_token", plain))).toMatchObject({ username: "j" })
      expect(yield* outcome(verifiers, yield* token(provider, "id_token", { ...plain, nonce: "n" }))).toBe("bad_claims")
    })
  )
})

describe("A-07: keys", () => {
  const OKTA = "https://dev-1234567.okta.example/oauth2/default"

  it.live("discovery and keys are asked for by the first token, once, however many come", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      const verifiers = yield* verifiersOf("okta", provider)
      expect(provider.asked).toEqual([])
      const tokens = yield* Effect.all(["a", "b", "c"].map((jti) => token(provider, "access_token", { jti })))
      const told = yield* Effect.all(
        tokens.map((value) => outcome(verifiers, value)),
        { concurrency: "unbounded" }
      )
      expect(told.every((claims) => typeof claims !== "string")).toBe(true)
      expect(provider.asked).toEqual([`${OKTA}/.well-known/openid-configuration`, `${OKTA}/v1/keys`])
    })
  )

  it.live("no keys at all is 503, never 401 and never a pass: unreachable, not believed, without a key set, huge", () =>
    Effect.gen(function* () {
      const document = fixture("okta", "discovery")
      const answers: ReadonlyArray<(url: string) => Response | Promise<Response> | undefined> = [
        () => Promise.reject(new Error("refused")),
        () => new Response("", { status: 500 }),
        () => Response.json({ ...document, issuer: "https://evil.example" }),
        () => Response.json({ ...document, jwks_uri: undefined }),
        () => Response.redirect("https://evil.example", 302),
        (url) => (url.endsWith("/keys") ? new Response("x".repeat(2_000_000)) : undefined)
      ]
      for (const answer of answers) {
        const provider = yield* Effect.promise(() => scriptedProvider("okta"))
        const verifiers = yield* verifiersOf("okta", provider)
        const good = yield* token(provider, "access_token")
        provider.mischief = { answer }
        expect(yield* outcome(verifiers, good)).toMatch(/^unavailable: key set not/)
        expect(yield* outcome(verifiers, good)).toMatch(/^unavailable: key set not/)
        expect(provider.asked.length).toBeLessThanOrEqual(2)
      }
    })
  )

  it.live("alg none, and HS256 with a public key for a secret", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      const verifiers = yield* verifiersOf("okta", provider)
      const [, payload = ""] = (yield* token(provider, "access_token")).split(".")
      const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url")
      expect(yield* outcome(verifiers, `${none}.${payload}.`)).toMatch(/^(?:bad_algorithm|malformed)$/)
      const secret = new TextEncoder().encode(JSON.stringify(provider.keys.keys[0]))
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))
      const forged = yield* Effect.promise(() =>
        new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "okta-1" }).sign(secret)
      )
      expect(yield* outcome(verifiers, forged)).toBe("bad_algorithm")
    })
  )
})
