/** Where providers come from: the replaced system's file as it is, settings, both; and what is said of one that can not be used. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { IdentityProvider } from "../src/IdentityProvider.ts"
import { IdentityProviders } from "../src/IdentityProviders.ts"
import { environmentProviders, withoutProvider } from "../src/ProvidersEnvironment.ts"
import { parseProviders } from "../src/ProvidersFile.ts"
import { SETTINGS } from "./support/ScriptedProvider.ts"

type Variables = Readonly<Record<string, string>>

/** The shape of the replaced system's own file (contracts.md §2.6). */
const FILE = `
providers:
  keycloak:
    display_name: "Keycloak"
    client_id: "\${KEYCLOAK_CLIENT_ID}"
    client_secret: "\${KEYCLOAK_CLIENT_SECRET}"
    auth_url: "\${KEYCLOAK_EXTERNAL_URL}/realms/\${KEYCLOAK_REALM}/protocol/openid-connect/auth"
    token_url: "\${KEYCLOAK_URL}/realms/\${KEYCLOAK_REALM}/protocol/openid-connect/token"
    user_info_url: "\${KEYCLOAK_URL}/realms/\${KEYCLOAK_REALM}/protocol/openid-connect/userinfo"
    logout_url: "\${KEYCLOAK_EXTERNAL_URL}/realms/\${KEYCLOAK_REALM}/protocol/openid-connect/logout"
    scopes: ["openid", "email", "profile"]
    response_type: "code"
    grant_type: "authorization_code"
    username_claim: "preferred_username"
    groups_claim: "groups"
    email_claim: "email"
    name_claim: "name"
    enabled: true
  cognito:
    display_name: "AWS Cognito"
    client_id: "\${COGNITO_CLIENT_ID}"
    client_secret: "\${COGNITO_CLIENT_SECRET}"
    auth_url: "https://\${COGNITO_DOMAIN}.auth.\${AWS_REGION}.amazoncognito.com/oauth2/authorize"
    token_url: "https://\${COGNITO_DOMAIN}.auth.\${AWS_REGION}.amazoncognito.com/oauth2/token"
    user_info_url: "https://\${COGNITO_DOMAIN}.auth.\${AWS_REGION}.amazoncognito.com/oauth2/userInfo"
    logout_url: "https://\${COGNITO_DOMAIN}.auth.\${AWS_REGION}.amazoncognito.com/logout"
    scopes: ["openid", "email", "profile", "aws.cognito.signin.user.admin"]
    response_type: "code"
    grant_type: "authorization_code"
    username_claim: "email"
    groups_claim: "cognito:groups"
    email_claim: "email"
    name_claim: "name"
    enabled: "\${COGNITO_ENABLED}"
  github:
    display_name: "GitHub"
    client_id: "\${GITHUB_CLIENT_ID}"
    client_secret: "\${GITHUB_CLIENT_SECRET}"
    auth_url: "https://github.com/login/oauth/authorize"
    token_url: "https://github.com/login/oauth/access_token"
    user_info_url: "https://api.github.com/user"
    scopes: ["read:user", "user:email"]
    username_claim: "login"
    groups_claim: null
    enabled: false
session:
  max_age_seconds: 28800
  cookie_name: "mcp_gateway_session"
registry:
  callback_url: "\${REGISTRY_URL}/auth/callback"
`

const KEYCLOAK: Variables = {
  KEYCLOAK_URL: "http://keycloak:8080",
  KEYCLOAK_EXTERNAL_URL: "http://localhost:8080",
  KEYCLOAK_REALM: "mcp-gateway",
  KEYCLOAK_CLIENT_ID: "mcp-gateway-web",
  KEYCLOAK_CLIENT_SECRET: "kc-hush",
  KEYCLOAK_M2M_CLIENT_ID: "mcp-gateway-m2m"
}

const parsed = (text: string, variables: Variables) => parseProviders("p.yml", text, (name) => variables[name])

const problemsOf = (text: string, variables: Variables = {}) =>
  Effect.map(Effect.flip(parsed(text, variables)), ({ problems }) => problems)

const one = (fields: string): string => `providers:\n  x:\n    enabled: true\n${fields.replaceAll(/^/gm, "    ")}\n`

describe("contracts §2.6: oauth2_providers.yml as it is", () => {
  it.effect("what is enabled is read, with the environment's values; what is not is skipped, whatever it lacks", () =>
    Effect.gen(function* () {
      const { providers, warnings } = yield* parsed(FILE, KEYCLOAK)
      expect(warnings).toEqual([])
      expect(providers.map(({ name }) => name)).toEqual(["keycloak"])
      const [keycloak] = providers
      expect(keycloak).toMatchObject({
        displayName: "Keycloak",
        kind: "keycloak",
        issuer: "http://localhost:8080/realms/mcp-gateway",
        issuerAliases: ["http://keycloak:8080/realms/mcp-gateway"],
        endpoints: {
          authorization: "http://localhost:8080/realms/mcp-gateway/protocol/openid-connect/auth",
          token: "http://keycloak:8080/realms/mcp-gateway/protocol/openid-connect/token",
          jwks: "http://keycloak:8080/realms/mcp-gateway/protocol/openid-connect/certs",
          endSession: "http://localhost:8080/realms/mcp-gateway/protocol/openid-connect/logout"
        },
        api: { audiences: ["account", "mcp-gateway-web", "mcp-gateway-m2m"] }
      })
      const secret = keycloak?.login?.secret
      expect(secret === undefined ? undefined : Redacted.value(secret)).toBe("kc-hush")
      expect(JSON.stringify(providers)).not.toContain("kc-hush")
    })
  )

  it.effect("a default stands where its variable is unset; what is switched off by one is known by name", () =>
    Effect.gen(function* () {
      const text = FILE.replace("    enabled: true", '    enabled: "${KEYCLOAK_ENABLED:-false}"').replace(
        "${KEYCLOAK_REALM}/protocol/openid-connect/auth",
        "${KEYCLOAK_REALM:-other}/protocol/openid-connect/auth"
      )
      const off = yield* parsed(text, KEYCLOAK)
      expect([off.providers, off.disabled]).toEqual([[], ["keycloak", "cognito", "github"]])
      const on = yield* parsed(text, { ...KEYCLOAK, KEYCLOAK_ENABLED: "true" })
      expect(on.providers[0]?.issuer).toBe("http://localhost:8080/realms/mcp-gateway")
      const settings = { KEYCLOAK_CLIENT_ID: "c", GOOGLE_CLIENT_ID: "g" }
      const lookup = (name: string) => new Map(Object.entries(settings)).get(name)
      expect(withoutProvider(lookup, [], off.disabled)).toEqual([
        "KEYCLOAK_CLIENT_ID is set, and the file of providers has keycloak disabled",
        "GOOGLE_CLIENT_ID is set, and neither AUTH_PROVIDER nor the file of providers names google"
      ])
    })
  )

  it.effect("COGNITO_DOMAIN=auto, or unset, follows from the pool's id", () =>
    Effect.gen(function* () {
      for (const domain of [{}, { COGNITO_DOMAIN: "auto" }]) {
        const { providers } = yield* parsed(FILE, {
          ...KEYCLOAK,
          ...SETTINGS.cognito,
          ...domain,
          COGNITO_ENABLED: "true"
        })
        expect(providers[1]).toMatchObject({
          issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
          endpoints: {
            authorization: "https://us-east-1abcdefghi.auth.us-east-1.amazoncognito.com/oauth2/authorize"
          },
          api: { audiences: ["1example23456789abcdefghij", "7machine3456789abcdefghijk"] }
        })
      }
    })
  )

  it.effect("a variable that an enabled provider needs and is not set: file, provider, field and variable", () =>
    Effect.gen(function* () {
      const { KEYCLOAK_CLIENT_SECRET: _, ...rest } = KEYCLOAK
      expect(yield* problemsOf(FILE, rest)).toEqual([
        'p.yml: providers.keycloak.client_secret: held "${KEYCLOAK_CLIENT_SECRET}"; KEYCLOAK_CLIENT_SECRET has to be set, or the provider disabled'
      ])
    })
  )

  const wrong = (name: string, fields: string, problem: RegExp): void =>
    it.effect(`${name} stops the start`, () =>
      Effect.gen(function* () {
        const problems = yield* problemsOf(one(fields))
        expect(problems.join("\n")).toMatch(problem)
        expect(problems.join("\n")).not.toContain("hush")
      })
    )
  const client = "client_id: c\nclient_secret: hush"
  wrong("no client", "issuer: https://x.example", /providers\.x\.client_id: held nothing; it may hold/)
  wrong("no issuer for ID tokens", client, /providers\.x\.issuer: held nothing; it may hold the issuer's URL/)
  wrong("an issuer that is no URL", `${client}\nissuer: x.example`, /issuer: held "x\.example"; it may hold an http/)
  wrong("an unknown kind", `${client}\nkind: ldap`, /kind: held "ldap"; it may hold keycloak, cognito/)
  wrong(
    "another flow",
    `${client}\nissuer: https://x.example\nresponse_type: token`,
    /response_type: held "token"; it may hold code/
  )
  wrong(
    "a path to nowhere",
    `${client}\nissuer: https://x.example\ngroups_claim: "a..b"`,
    /groups_claim: held "a\.\.b"; it may hold/
  )
  wrong(
    "S-12: a page without TLS",
    `${client}\nissuer: https://x.example\nauth_url: http://x.example/a`,
    /auth_url: held .*https:\/\/ URL, or an http:\/\/ one on loopback/
  )
  wrong(
    "S-12: a script for a page",
    `${client}\nissuer: https://x.example\nlogout_url: "javascript:alert(1)"`,
    /logout_url: held/
  )
  wrong(
    "scopes that are no list",
    `${client}\nissuer: https://x.example\nscopes: openid`,
    /scopes: held something else; it may hold a list of texts/
  )
  wrong(
    "a secret that is no text",
    "client_id: c\nclient_secret: [hush]\nissuer: https://x.example",
    /client_secret: held something else/
  )
  wrong(
    "tenants nobody named",
    `${client}\nkind: entra\nauth_url: https://login.microsoftonline.com/common/oauth2/v2.0/authorize`,
    /allowed_tenants: held nothing; it may hold the ids/
  )

  it.effect("a name that can not stand in a path, or is that of local accounts", () =>
    Effect.gen(function* () {
      for (const name of ["local", "a/b", "A", "x".repeat(40)]) {
        const text = `providers:\n  "${name}":\n    enabled: true\n    client_id: c\n    issuer: https://x.example\n`
        expect((yield* problemsOf(text)).join()).toContain("the provider's name may hold")
      }
    })
  )

  it.effect("a file that is none says so without showing itself", () =>
    Effect.gen(function* () {
      expect((yield* problemsOf("providers: [hush")).join()).toMatch(/^p\.yml: is no YAML: (?!.*hush)/)
      expect((yield* problemsOf("- hush")).join()).toMatch(/^p\.yml: holds no list of providers/)
      expect((yield* parsed("", {})).providers).toEqual([])
    })
  )

  it.effect("a field that is none of a provider's is told of, and has no effect", () =>
    Effect.gen(function* () {
      const { warnings } = yield* parsed(one(`${client}\nissuer: https://x.example\nclient_secrte: hush`), {})
      expect(warnings).toEqual(["p.yml: providers.x.client_secrte is no field of a provider, and has no effect"])
    })
  )
})

const fromSettings = (settings: Variables): Either.Either<ReadonlyArray<IdentityProvider>, ReadonlyArray<string>> =>
  environmentProviders((name) => settings[name])

describe("contracts §2.14: providers by settings", () => {
  it("several at once", () => {
    const all = Object.assign({}, ...Object.values(SETTINGS), { AUTH_PROVIDER: " Keycloak,okta , github,okta,local" })
    expect(Either.getOrThrow(fromSettings(all)).map(({ name }) => name)).toEqual(["keycloak", "okta", "github"])
  })

  it("one line for each setting that is missing, and none that names what does not exist", () => {
    expect(Either.getOrThrow(Either.flip(fromSettings({ AUTH_PROVIDER: "keycloak" })))).toEqual([
      "KEYCLOAK_URL: held nothing; it may hold Keycloak's URL, such as https://sso.example.com",
      "KEYCLOAK_CLIENT_ID: held nothing; it may hold the client's id there; unset is fine when KEYCLOAK_M2M_CLIENT_ID says whose access tokens count"
    ])
    for (const kind of ["google", "okta", "entra", "github", "auth0", "cognito", "oidc"]) {
      const problems = Either.getOrThrow(Either.flip(fromSettings({ AUTH_PROVIDER: kind })))
      const names = problems.map((problem) => problem.split(":", 1)[0])
      expect(new Set(names).size).toBe(names.length)
      expect(problems.join()).not.toMatch(new RegExp(`(?:^|[\\s,])${kind}\\.[a-z]`))
    }
  })

  it("contracts §2.5: Keycloak's issuers and audiences", () => {
    const [keycloak] = Either.getOrThrow(fromSettings({ AUTH_PROVIDER: "keycloak", ...KEYCLOAK }))
    expect(keycloak).toMatchObject({
      issuer: "http://localhost:8080/realms/mcp-gateway",
      issuerAliases: ["http://keycloak:8080/realms/mcp-gateway"],
      api: { audiences: ["account", "mcp-gateway-web", "mcp-gateway-m2m"] }
    })
  })

  const wrong = (name: string, settings: Variables, problem: string): void =>
    it(`${name}: the variable is named`, () => {
      const problems = Either.getOrThrow(Either.flip(fromSettings(settings)))
      expect(problems.join("\n")).toContain(problem)
      expect(problems.join("\n")).not.toContain("hush")
    })
  wrong("no provider of ours", { AUTH_PROVIDER: "ldap" }, 'AUTH_PROVIDER: held "ldap"; it may hold keycloak, ')
  wrong("no client", { AUTH_PROVIDER: "google", GOOGLE_CLIENT_SECRET: "hush" }, "GOOGLE_CLIENT_ID: held nothing")
  wrong("no address", { AUTH_PROVIDER: "keycloak", KEYCLOAK_CLIENT_ID: "c" }, "KEYCLOAK_URL: held nothing")
  wrong("no domain", { AUTH_PROVIDER: "okta", OKTA_CLIENT_ID: "c" }, "OKTA_DOMAIN: held nothing")
  wrong("no pool", { AUTH_PROVIDER: "cognito", COGNITO_CLIENT_ID: "c" }, "COGNITO_USER_POOL_ID: held nothing")
  wrong(
    "a tenant by name",
    { AUTH_PROVIDER: "entra", ENTRA_CLIENT_ID: "c", ENTRA_TENANT_ID: "contoso.com" },
    'ENTRA_TENANT_ID: held "contoso.com"; it may hold the tenant\'s id, a GUID'
  )
  wrong(
    "any tenant",
    { AUTH_PROVIDER: "entra", ENTRA_CLIENT_ID: "c", ENTRA_TENANT_ID: "common" },
    "ENTRA_ALLOWED_TENANTS: held nothing"
  )
  wrong(
    "Auth0's client id for an audience",
    { AUTH_PROVIDER: "auth0", AUTH0_CLIENT_ID: "c", AUTH0_DOMAIN: "a.example", AUTH0_AUDIENCE: "c" },
    "AUTH0_AUDIENCE: held"
  )
  wrong("an audience without an issuer", { MCPGW_OIDC_AUDIENCE: "a" }, "MCPGW_OIDC_ISSUER: held nothing")

  it.each(["keycloak", "cognito", "entra", "okta", "auth0", "google", "github", "oidc"])(
    "%s alone: says which settings it takes, each once and by names that can be set",
    (kind) => {
      const problems = Either.getOrThrow(Either.flip(fromSettings({ AUTH_PROVIDER: kind })))
      const names = problems.map((line) => line.slice(0, line.indexOf(":")))
      expect(names.every((name) => /^[A-Z0-9_]+$/.test(name))).toBe(true)
      expect(new Set(names).size).toBe(problems.length)
      expect(names.at(-1)).toMatch(/_CLIENT_ID$/)
      expect(problems.join()).not.toMatch(/[a-z]+\.(?:audiences|auth_url|token_url)/)
    }
  )
})

describe("IdentityProviders.layer", () => {
  const read = (settings: Variables, file?: string, variables: Variables = {}) =>
    IdentityProviders.pipe(
      Effect.provide(
        IdentityProviders.layer({
          file,
          settings: new Map(Object.entries(settings)),
          variable: (name) => Effect.succeed(variables[name])
        })
      )
    )

  const withFile = <A, E>(text: string, body: (path: string) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "providers-"))),
      (folder) => {
        const path = join(folder, "oauth2_providers.yml")
        writeFileSync(path, text)
        return body(path)
      },
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )

  it.effect("the file's word comes before the settings' of the same provider, and stands beside others'", () =>
    withFile(FILE, (path) =>
      Effect.gen(function* () {
        const settings = { ...SETTINGS.keycloak, ...SETTINGS.google, AUTH_PROVIDER: "keycloak,google" }
        const providers = yield* read(settings, path, KEYCLOAK)
        expect(providers.map(({ name, issuer }) => [name, issuer])).toEqual([
          ["keycloak", "http://localhost:8080/realms/mcp-gateway"],
          ["google", "https://accounts.google.com"]
        ])
      })
    )
  )

  it.effect("S-14: two providers of one issuer stop the start; an audience alone is added to the one there is", () =>
    Effect.gen(function* () {
      const okta = { AUTH_PROVIDER: "okta", ...SETTINGS.okta }
      const oidc = { MCPGW_OIDC_ISSUER: "https://dev-1234567.okta.example/oauth2/default", MCPGW_OIDC_AUDIENCE: "mcp" }
      const providers = yield* read({ ...okta, ...oidc })
      expect(providers.map(({ name, api }) => [name, api])).toEqual([["okta", { audiences: ["api://default", "mcp"] }]])
      const failure = yield* Effect.flip(read({ ...okta, ...oidc, MCPGW_OIDC_CLIENT_ID: "c" }))
      expect(failure.message).toContain("identity providers okta and oidc: held the same issuer")
    })
  )

  it.effect("a file that can not be read is named", () =>
    Effect.gen(function* () {
      expect((yield* Effect.flip(read({}, "/nowhere/p.yml"))).message).toBe("/nowhere/p.yml: can not be read")
    })
  )
})
