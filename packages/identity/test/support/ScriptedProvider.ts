/**
 * An identity provider for tests, over the fixtures of one kind: discovery, keys, token and user-info endpoints behind a `fetch`, and a
 * person who signs in there. Tokens are recorded payloads, signed by a key of the test. For tests only.
 */
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from "jose"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { ProviderKind } from "../../src/IdentityProvider.ts"

type Json = Readonly<Record<string, unknown>>

const folder = join(import.meta.dirname, "../fixtures")

export const fixture = (kind: ProviderKind, name: string): Json =>
  JSON.parse(readFileSync(join(folder, kind, `${name}.json`), "utf8"))

/** What the provider does differently from what it should; empty: nothing. */
export interface Mischief {
  readonly idToken?: Json
  readonly accessToken?: Json
  readonly userInfo?: Json
  readonly atHash?: string
  readonly sign?: (payload: JWTPayload) => Promise<string>
  readonly answer?: (url: string) => Response | Promise<Response> | undefined
}

export interface ScriptedProvider {
  readonly fetch: FetchFunction
  /** URLs asked, in order. */
  readonly asked: Array<string>
  /** The person signs in: from where the browser was sent to the query it comes back with. */
  readonly authorize: (location: string) => string
  readonly sign: (payload: JWTPayload, header?: Json) => Promise<string>
  /** A recorded token's claims, of now, signed. */
  readonly token: (name: string, more?: Json) => Promise<string>
  readonly keys: JSONWebKeySet
  mischief: Mischief
}

interface Code {
  readonly challenge: string
  readonly nonce: string | null
  readonly redirectUri: string | null
  readonly clientId: string | null
}

const now = (): number => Math.floor(Date.now() / 1000)

/** One for all: making it takes longer than a sign-in. */
let pair: ReturnType<typeof generateKeyPair> | undefined

const GITHUB = {
  token_endpoint: "https://github.com/login/oauth/access_token",
  userinfo_endpoint: "https://api.github.com/user"
}

export const scriptedProvider = async (
  kind: ProviderKind,
  discoveryFixture = "discovery"
): Promise<ScriptedProvider> => {
  const { privateKey, publicKey } = await (pair ??= generateKeyPair("RS256", { extractable: true }))
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: `${kind}-1`, alg: "RS256", use: "sig" }] }
  const metadata: Json = kind === "github" ? GITHUB : fixture(kind, discoveryFixture)
  const codes = new Map<string, Code>()
  const asked: Array<string> = []

  const sign: ScriptedProvider["sign"] = (payload, header = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: `${kind}-1`, ...header }).sign(privateKey)
  const token: ScriptedProvider["token"] = (name, more = {}) =>
    sign({ ...fixture(kind, name), iat: now(), exp: now() + 300, ...more })

  const redeem = async (init: RequestInit | undefined): Promise<Response> => {
    const form = new URLSearchParams(String(init?.body ?? ""))
    const basic = /^Basic (.*)$/.exec(new Headers(init?.headers).get("authorization") ?? "")?.[1]
    const authenticated = basic === undefined ? form.has("client_secret") : true
    const code = codes.get(form.get("code") ?? "")
    codes.delete(form.get("code") ?? "")
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url")
    if (code === undefined || code.challenge !== challenge || code.redirectUri !== form.get("redirect_uri")) {
      return Response.json({ error: "invalid_grant" }, { status: 400 })
    }
    if (!authenticated) return Response.json({ error: "invalid_client" }, { status: 401 })
    return Response.json(await tokens(code))
  }

  const tokens = async ({ nonce }: Code): Promise<Json> => {
    const answer = fixture(kind, "token")
    const { mischief } = provider
    const opaque = typeof answer["access_token"] === "string" && answer["access_token"] !== ""
    const accessToken = opaque ? String(answer["access_token"]) : await token("access_token", mischief.accessToken)
    if (!("id_token" in answer)) return answer
    const recorded = fixture(kind, "id_token")
    const digest = createHash("sha256").update(accessToken, "ascii").digest().subarray(0, 16).toString("base64url")
    const hash = "at_hash" in recorded || mischief.atHash !== undefined ? { at_hash: mischief.atHash ?? digest } : {}
    const payload = {
      ...recorded,
      ...hash,
      iat: now(),
      exp: now() + 300,
      ...(nonce === null ? {} : { nonce }),
      ...mischief.idToken
    }
    return { ...answer, access_token: accessToken, id_token: await (mischief.sign ?? sign)(payload) }
  }

  const answer = (url: string, init: RequestInit | undefined): Response | Promise<Response> => {
    if (url.includes("/.well-known/openid-configuration")) return Response.json(metadata)
    if (url === metadata["jwks_uri"]) return Response.json(keys)
    if (url === metadata["token_endpoint"]) return redeem(init)
    if (url === metadata["userinfo_endpoint"]) {
      return Response.json({ ...fixture(kind, "userinfo"), ...provider.mischief.userInfo })
    }
    const leaf = /^https:\/\/api\.github\.com\/user\/(emails|orgs|teams)/.exec(url)?.[1]
    return leaf === undefined ? new Response("", { status: 404 }) : Response.json(fixture("github", leaf))
  }

  const provider: ScriptedProvider = {
    asked,
    keys,
    sign,
    token,
    mischief: {},
    fetch: async (url, init) => {
      asked.push(url)
      return (
        provider.mischief.answer?.(url) ?? answer(url.replace("http://keycloak:8080", "https://keycloak.example"), init)
      )
    },
    authorize: (location) => {
      const { searchParams } = new URL(location)
      const code = crypto.randomUUID()
      codes.set(code, {
        challenge: searchParams.get("code_challenge") ?? "",
        nonce: searchParams.get("nonce"),
        redirectUri: searchParams.get("redirect_uri"),
        clientId: searchParams.get("client_id")
      })
      const query = new URLSearchParams({ code, state: searchParams.get("state") ?? "" })
      if (metadata["authorization_response_iss_parameter_supported"] === true) {
        query.set("iss", String(metadata["issuer"]))
      }
      return query.toString()
    }
  }
  return provider
}

/** The settings each kind is used with, as an operator would have them. */
export const SETTINGS: Readonly<Record<Exclude<ProviderKind, "oidc">, Readonly<Record<string, string>>>> = {
  keycloak: {
    KEYCLOAK_URL: "http://keycloak:8080",
    KEYCLOAK_EXTERNAL_URL: "https://keycloak.example",
    KEYCLOAK_CLIENT_ID: "mcp-gateway-web",
    KEYCLOAK_CLIENT_SECRET: "keycloak-secret",
    KEYCLOAK_M2M_CLIENT_ID: "mcp-gateway-m2m"
  },
  cognito: {
    AWS_REGION: "us-east-1",
    COGNITO_USER_POOL_ID: "us-east-1_AbCdEfGhI",
    COGNITO_CLIENT_ID: "1example23456789abcdefghij",
    COGNITO_CLIENT_SECRET: "cognito-secret",
    COGNITO_M2M_CLIENT_ID: "7machine3456789abcdefghijk"
  },
  entra: {
    ENTRA_TENANT_ID: "9188040d-6c67-4c5b-b112-36a304b66dad",
    ENTRA_CLIENT_ID: "6731de76-14a6-49ae-97bc-6eba6914391e",
    ENTRA_CLIENT_SECRET: "entra-secret"
  },
  okta: {
    OKTA_DOMAIN: "dev-1234567.okta.example",
    OKTA_AUTH_SERVER_ID: "default",
    OKTA_CLIENT_ID: "0oabucvyc38HLL1ef0h7",
    OKTA_CLIENT_SECRET: "okta-secret"
  },
  auth0: {
    AUTH0_DOMAIN: "tenant.auth0.example",
    AUTH0_CLIENT_ID: "kbyuFDidLLm280LIwVFiazOqjO3ty8KH",
    AUTH0_CLIENT_SECRET: "auth0-secret",
    AUTH0_AUDIENCE: "https://mcp.example/api",
    AUTH0_GROUPS_CLAIM: "https://mcp.example/groups"
  },
  google: { GOOGLE_CLIENT_ID: "1234987819200.apps.googleusercontent.com", GOOGLE_CLIENT_SECRET: "google-secret" },
  github: { GITHUB_CLIENT_ID: "Iv1.0123456789abcdef", GITHUB_CLIENT_SECRET: "github-secret", GITHUB_ORG_GROUPS: "true" }
}
