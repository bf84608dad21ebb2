import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Accounts } from "../src/Accounts.ts"
import { FederatedLogin } from "../src/FederatedLogin.ts"
import { Sessions } from "../src/Sessions.ts"
import { type Kind, layerWith, leave, PUBLIC, signIn } from "./support/Login.ts"
import { fixture, scriptedProvider } from "./support/ScriptedProvider.ts"

interface Expected {
  readonly username: string
  readonly email: string | undefined
  readonly groups: ReadonlyArray<string>
  /** Begins so: where the browser is sent. */
  readonly authorize: string
  readonly asked: ReadonlyArray<string>
  readonly logout: string | undefined
}

const back = encodeURIComponent(`${PUBLIC}/`)

const EXPECTED: Readonly<Record<Kind, Expected>> = {
  keycloak: {
    username: "ada",
    email: "ada@example.org",
    groups: ["mcp-registry-admin", "mcp-servers-unrestricted"],
    authorize: "https://keycloak.example/realms/mcp-gateway/protocol/openid-connect/auth?",
    asked: ["/protocol/openid-connect/token", "/protocol/openid-connect/certs"],
    logout: "https://keycloak.example/realms/mcp-gateway/protocol/openid-connect/logout?id_token_hint="
  },
  cognito: {
    username: "grace@example.org",
    email: "grace@example.org",
    groups: ["mcp-registry-developer"],
    authorize: "https://us-east-1abcdefghi.auth.us-east-1.amazoncognito.com/oauth2/authorize?",
    asked: ["/.well-known/openid-configuration", "/oauth2/token", "/.well-known/jwks.json"],
    logout: `https://us-east-1abcdefghi.auth.us-east-1.amazoncognito.com/logout?client_id=1example23456789abcdefghij&logout_uri=${back}`
  },
  entra: {
    username: "AbeLi@example.org",
    email: "AbeLi@example.org",
    groups: ["0760b6cf-170e-4a14-91b3-4b78e0739963", "Tools.Use"],
    authorize: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/oauth2/v2.0/authorize?",
    asked: ["/v2.0/.well-known/openid-configuration", "/oauth2/v2.0/token", "/discovery/v2.0/keys"],
    logout: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/oauth2/v2.0/logout?id_token_hint="
  },
  okta: {
    username: "saml@example.org",
    email: "saml@example.org",
    groups: ["Everyone", "mcp-registry-user"],
    authorize: "https://dev-1234567.okta.example/oauth2/default/v1/authorize?",
    asked: ["/oauth2/default/.well-known/openid-configuration", "/v1/token", "/v1/keys"],
    logout: "https://dev-1234567.okta.example/oauth2/default/v1/logout?id_token_hint="
  },
  auth0: {
    username: "jane.doe",
    email: "jane.doe@example.org",
    groups: ["mcp-registry-user"],
    authorize: "https://tenant.auth0.example/authorize?",
    asked: ["/.well-known/openid-configuration", "/oauth/token", "/.well-known/jwks.json"],
    logout: "https://tenant.auth0.example/oidc/logout?id_token_hint="
  },
  google: {
    username: "jsmith@example.org",
    email: "jsmith@example.org",
    groups: [],
    authorize: "https://accounts.google.com/o/oauth2/v2/auth?",
    asked: ["/.well-known/openid-configuration", "/token", "/oauth2/v3/certs"],
    logout: undefined
  },
  github: {
    username: "octocat",
    email: "octocat@example.org",
    groups: ["example-org", "example-org/tool-users"],
    authorize: "https://github.com/login/oauth/authorize?",
    asked: [
      "/login/oauth/access_token",
      "/user",
      "/user/emails",
      "/user/orgs?per_page=100",
      "/user/teams?per_page=100"
    ],
    logout: undefined
  }
}

const kinds = Object.entries(EXPECTED)
const isKind = (name: string): name is Kind => name in EXPECTED

describe("contracts §1.2, A-22: one sign-in at each provider", () => {
  for (const [kind, expected] of kinds) {
    it.live(`${kind}: account, groups, session, and the way out`, () =>
      Effect.gen(function* () {
        if (!isKind(kind)) throw new Error(kind)
        const provider = yield* Effect.promise(() => scriptedProvider(kind))
        const program = Effect.gen(function* () {
          const login = yield* FederatedLogin
          expect(login.providers.map(({ name }) => name)).toEqual([kind])
          const sent = yield* login.begin(kind, "/console?tab=1")
          expect(sent.location).toContain(expected.authorize)
          const { searchParams } = new URL(sent.location)
          expect(searchParams.get("response_type")).toBe("code")
          expect(searchParams.get("redirect_uri")).toBe(`${PUBLIC}/oauth2/callback/${kind}`)
          expect(searchParams.get("code_challenge_method")).toBe("S256")
          expect(searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/)
          expect(searchParams.get("state")).toMatch(/^[\w-]{43}$/)
          expect(searchParams.has("nonce")).toBe(kind !== "github")
          const arrived = yield* signIn(provider, kind, "/console?tab=1")
          expect(arrived).toMatchObject({ location: "/console?tab=1", created: true })
          expect(arrived.account).toMatchObject({
            username: expected.username,
            email: expected.email,
            groups: expected.groups,
            provider: kind
          })
          expect(arrived.cookies[1]).toBe(
            `__Host-mcp_gateway_session=${arrived.value}; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure`
          )
          expect(provider.asked.map((url) => expected.asked.findIndex((end) => url.endsWith(end)))).toEqual(
            expected.asked.map((_, index) => index)
          )
          const sessions = yield* Sessions
          const claims = yield* sessions.find(arrived.value)
          expect(claims).toMatchObject({
            username: expected.username,
            groups: expected.groups,
            method: "session_cookie"
          })
          const origin = yield* sessions.originOf(arrived.value)
          const out = origin === undefined ? undefined : yield* login.logoutUrl(origin, "/")
          if (expected.logout === undefined) expect(out).toBeUndefined()
          else expect(out).toContain(expected.logout)
          expect((yield* signIn(provider, kind)).created).toBe(false)
        })
        yield* Effect.provide(program, layerWith([kind], provider.fetch))
      })
    )
  }
})

describe("what a sign-in does to the account (contracts §2.6)", () => {
  const at = <A, E>(
    kind: Kind,
    body: (
      provider: Awaited<ReturnType<typeof scriptedProvider>>
    ) => Effect.Effect<A, E, Accounts | FederatedLogin | Sessions>
  ) =>
    Effect.flatMap(
      Effect.promise(() => scriptedProvider(kind)),
      (provider) => Effect.provide(body(provider), layerWith([kind], provider.fetch))
    )

  it.live("groups are refreshed at each, and sessions that hold other groups end", () =>
    at("keycloak", (provider) =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const first = yield* signIn(provider, "keycloak")
        const same = yield* signIn(provider, "keycloak")
        expect(yield* sessions.find(first.value)).toBeDefined()
        provider.mischief = { idToken: { groups: ["mcp-registry-user"] } }
        const third = yield* signIn(provider, "keycloak")
        expect(yield* sessions.find(first.value)).toBeUndefined()
        expect(yield* sessions.find(same.value)).toBeUndefined()
        expect((yield* sessions.find(third.value))?.groups).toEqual(["mcp-registry-user"])
      })
    )
  )

  it.live("what the ID token leaves open, user info answers; what is signed comes first", () =>
    at("keycloak", (provider) =>
      Effect.gen(function* () {
        provider.mischief = {
          idToken: { groups: undefined, email: undefined },
          userInfo: { groups: ["from-user-info"], preferred_username: "mallory" }
        }
        const { account } = yield* signIn(provider, "keycloak")
        expect(account).toMatchObject({ username: "ada", email: "ada@example.org", groups: ["from-user-info"] })
      })
    )
  )

  it.live("user info about somebody else is refused", () =>
    at("keycloak", (provider) =>
      Effect.gen(function* () {
        provider.mischief = { idToken: { groups: undefined }, userInfo: { sub: "somebody-else" } }
        expect((yield* Effect.flip(signIn(provider, "keycloak"))).reason).toBe("not_proven")
      })
    )
  )

  it.live("S-14: an equal name or e-mail is a new account beside the local one", () =>
    at("keycloak", (provider) =>
      Effect.gen(function* () {
        const accounts = yield* Accounts
        yield* accounts.put({ username: "ada", groups: ["mcp-registry-admin"] }, "a long enough passphrase")
        yield* accounts.put({ username: "ada@example.org", groups: ["mcp-registry-admin"] }, "a long enough passphrase")
        provider.mischief = { idToken: { groups: [] }, userInfo: { groups: [] } }
        const { account } = yield* signIn(provider, "keycloak")
        expect(account).toMatchObject({ username: "ada@keycloak", groups: [] })
      })
    )
  )

  it.live("an e-mail address nobody verified is neither kept nor a name", () =>
    at("google", (provider) =>
      Effect.gen(function* () {
        provider.mischief = { idToken: { email_verified: false, email: "ceo@example.org" } }
        const { account } = yield* signIn(provider, "google")
        expect(account).toMatchObject({ username: "10769150350006150715113082367", email: undefined })
      })
    )
  )

  it.live("a disabled account is not let in", () =>
    at("okta", (provider) =>
      Effect.gen(function* () {
        const { account } = yield* signIn(provider, "okta")
        yield* Effect.flatMap(Accounts, (accounts) => accounts.disable(account.username, true))
        expect(yield* Effect.flip(signIn(provider, "okta", "/x"))).toMatchObject({
          reason: "account_disabled",
          returnTo: "/x"
        })
      })
    )
  )

  it.live("groups that can not be read refuse the sign-in", () =>
    at("okta", (provider) =>
      Effect.gen(function* () {
        provider.mischief = { idToken: { groups: [{ name: "mcp-registry-admin" }] } }
        expect((yield* Effect.flip(signIn(provider, "okta"))).reason).toBe("bad_claims")
      })
    )
  )
})

describe("Entra ID with several tenants (A-21)", () => {
  const TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
  const other = "11111111-2222-3333-4444-555555555555"
  const settings = { ENTRA_TENANT_ID: "organizations", ENTRA_ALLOWED_TENANTS: TENANT }
  const shared = <A, E>(
    body: (provider: Awaited<ReturnType<typeof scriptedProvider>>) => Effect.Effect<A, E, FederatedLogin>
  ) =>
    Effect.flatMap(
      Effect.promise(() => scriptedProvider("entra", "discovery_organizations")),
      (provider) => Effect.provide(body(provider), layerWith(["entra"], provider.fetch, settings))
    )

  it.live("lets in people of the tenants named, whose tokens name them as issuer", () =>
    shared((provider) =>
      Effect.gen(function* () {
        expect((yield* signIn(provider, "entra")).account.username).toBe("AbeLi@example.org")
      })
    )
  )

  it.live("refuses people of another tenant, whose ID token is as good", () =>
    shared((provider) =>
      Effect.gen(function* () {
        provider.mischief = { idToken: { tid: other, iss: `https://login.microsoftonline.com/${other}/v2.0` } }
        expect((yield* Effect.flip(signIn(provider, "entra"))).reason).toBe("not_proven")
        provider.mischief = { idToken: { tid: TENANT, iss: `https://login.microsoftonline.com/${other}/v2.0` } }
        expect((yield* Effect.flip(signIn(provider, "entra"))).reason).toBe("not_proven")
      })
    )
  )
})

describe("a provider that is not well", () => {
  it.live("can not be reached: said in words, and asked again after a while, not at every click", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      provider.mischief = { answer: () => Promise.reject(new Error("refused")) }
      yield* Effect.gen(function* () {
        for (let i = 0; i < 5; i++) {
          const refused = yield* Effect.flip(leave(provider, "okta", "/x"))
          expect(refused).toMatchObject({ reason: "provider_unavailable", returnTo: "/x" })
        }
        expect(provider.asked).toHaveLength(1)
      }).pipe(Effect.provide(layerWith(["okta"], provider.fetch)))
    })
  )

  const document = (name: string, change: Readonly<Record<string, unknown>>): void =>
    it.live(`A-21: a discovery document ${name} is not believed`, () =>
      Effect.gen(function* () {
        const provider = yield* Effect.promise(() => scriptedProvider("okta"))
        const good = fixture("okta", "discovery")
        provider.mischief = {
          answer: (url) => (url.includes(".well-known") ? Response.json({ ...good, ...change }) : undefined)
        }
        yield* Effect.gen(function* () {
          expect((yield* Effect.flip(leave(provider, "okta"))).reason).toBe("provider_unavailable")
        }).pipe(Effect.provide(layerWith(["okta"], provider.fetch)))
      })
    )
  it.live("A-20: is sought below the issuer, then where OAuth servers have it, and only there", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      const good = fixture("okta", "discovery")
      const found = `https://dev-1234567.okta.example/.well-known/oauth-authorization-server/oauth2/default`
      provider.mischief = {
        answer: (url) => {
          if (url === found) return Response.json(good)
          return url.includes("/.well-known/") ? new Response("", { status: 404 }) : undefined
        }
      }
      yield* Effect.gen(function* () {
        yield* leave(provider, "okta")
        expect(provider.asked).toEqual([
          "https://dev-1234567.okta.example/oauth2/default/.well-known/openid-configuration",
          found
        ])
      }).pipe(Effect.provide(layerWith(["okta"], provider.fetch)))
    })
  )

  document("of another issuer", { issuer: "https://evil.example" })
  document("whose issuer differs in a slash", { issuer: "https://dev-1234567.okta.example/oauth2/default/" })
  document("without an issuer", { issuer: undefined })
  document("with an endpoint that is not encrypted", { token_endpoint: "http://dev-1234567.okta.example/token" })
  document("that sends browsers to a script", { authorization_endpoint: "javascript:alert(1)" })

  it.live("S-16: a slow or huge answer ends the sign-in", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      yield* Effect.gen(function* () {
        const leaves: ReadonlyArray<readonly [string, () => Promise<Response>]> = [
          ["/v1/token", () => new Promise(() => undefined)],
          ["/v1/keys", async () => Response.json({ keys: [{ kty: "RSA", n: "x".repeat(200_000) }] })]
        ]
        for (const [leaf, answer] of leaves) {
          provider.mischief = { answer: (url) => (url.endsWith(leaf) ? answer() : undefined) }
          expect((yield* Effect.flip(signIn(provider, "okta"))).reason).toBe("provider_unavailable")
        }
      }).pipe(Effect.provide(layerWith(["okta"], provider.fetch)))
    })
  )
})
