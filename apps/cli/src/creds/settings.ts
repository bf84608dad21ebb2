/**
 * What the environment says of clients and providers, under the replaced system's names (contracts.md §2.14): `EGRESS_OAUTH_…_N`,
 * `INGRESS_OAUTH_…`, `KEYCLOAK_…`, `COGNITO_…`, `AGENTCORE_…_N`. Every problem is told at once, by the variable's name; no value of a secret is.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { mayGo } from "../connect/plainHttp.ts"
import { isWord } from "./names.ts"
import { type CognitoPlace, cognitoUrl, type Provider, providerOf, regionOf } from "./providers.ts"
import type { IngressWhere } from "./shapes.ts"

export class SettingsProblem extends Schema.TaggedError<SettingsProblem>()("SettingsProblem", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

const SETS = 100
const DEFAULT_REDIRECT = "http://localhost:9999/callback"

/** Set and not empty. */
const text = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.string(name)).pipe(
    Effect.orElseSucceed(() => Option.none<string>()),
    Effect.map((found) => (Option.isSome(found) && found.value !== "" ? found.value : undefined))
  )

const secret = (name: string): Effect.Effect<Redacted.Redacted | undefined> =>
  Effect.map(text(name), (value) => (value === undefined ? undefined : Redacted.make(value)))

export interface EgressSet {
  readonly number: number
  readonly provider: Provider
  readonly server: string | undefined
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted | undefined
  readonly redirectUri: string
  readonly scopes: ReadonlyArray<string>
}

export const cognitoPlace: Effect.Effect<CognitoPlace> = Effect.all({
  domain: text("COGNITO_DOMAIN"),
  userPoolId: text("COGNITO_USER_POOL_ID"),
  region: text("AWS_REGION")
})

const scopesOf = (given: string | undefined, { scopes }: Provider): ReadonlyArray<string> =>
  given === undefined ? scopes : given.split(/[\s,]+/).filter((scope) => scope !== "")

/** The first of these URLs where a credential may not go, in words; undefined: none. */
const readable = (urls: Readonly<Record<string, string | undefined>>): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    for (const [name, url] of Object.entries(urls)) {
      if (url !== undefined && !(yield* mayGo(url)))
        return `${name} may hold an https:// URL, or one of this machine or of a host that MCPGW_ALLOW_HTTP names`
    }
    return undefined
  })

/** One numbered set; undefined when nothing of it is there. */
const egressSet = (n: number, cognito: CognitoPlace): Effect.Effect<Either.Either<EgressSet, string> | undefined> =>
  Effect.gen(function* () {
    const given = yield* Effect.all({
      clientId: text(`EGRESS_OAUTH_CLIENT_ID_${n}`),
      clientSecret: secret(`EGRESS_OAUTH_CLIENT_SECRET_${n}`),
      name: text(`EGRESS_PROVIDER_NAME_${n}`),
      server: text(`EGRESS_MCP_SERVER_NAME_${n}`),
      redirectUri: text(`EGRESS_OAUTH_REDIRECT_URI_${n}`),
      scope: text(`EGRESS_OAUTH_SCOPE_${n}`),
      authorize: text(`EGRESS_OAUTH_AUTH_URL_${n}`),
      token: text(`EGRESS_OAUTH_TOKEN_URL_${n}`)
    })
    if (Object.values(given).every((value) => value === undefined)) return undefined
    const { clientId, clientSecret, name, redirectUri = DEFAULT_REDIRECT } = given
    if (clientId === undefined) return Either.left(`EGRESS_OAUTH_CLIENT_ID_${n} is not set`)
    if (name === undefined) return Either.left(`EGRESS_PROVIDER_NAME_${n} is not set`)
    const server = given.server?.toLowerCase()
    if (server !== undefined && !isWord(server)) {
      return Either.left(`EGRESS_MCP_SERVER_NAME_${n} may hold letters, digits, '_' and '-'`)
    }
    const plain = yield* readable({
      [`EGRESS_OAUTH_AUTH_URL_${n}`]: given.authorize,
      [`EGRESS_OAUTH_TOKEN_URL_${n}`]: given.token
    })
    if (plain !== undefined) return Either.left(plain)
    const provider = providerOf(name, given, cognito)
    if (Either.isLeft(provider)) return Either.left(`EGRESS_PROVIDER_NAME_${n}: ${provider.left.message}`)
    if (provider.right.authorize === undefined && clientSecret === undefined) {
      return Either.left(`EGRESS_OAUTH_CLIENT_SECRET_${n} is not set`)
    }
    const scopes = scopesOf(given.scope, provider.right)
    return Either.right({ number: n, provider: provider.right, server, clientId, clientSecret, redirectUri, scopes })
  })

const collected = <A>(
  found: ReadonlyArray<Either.Either<A, string> | undefined>
): Effect.Effect<ReadonlyArray<A>, SettingsProblem> => {
  const problems = found.flatMap((one) => (one !== undefined && Either.isLeft(one) ? [one.left] : []))
  if (problems.length > 0) return new SettingsProblem({ problems })
  return Effect.succeed(found.flatMap((one) => (one !== undefined && Either.isRight(one) ? [one.right] : [])))
}

const numbers = Array.from({ length: SETS }, (_, i) => i + 1)

export const egressSets: Effect.Effect<ReadonlyArray<EgressSet>, SettingsProblem> = Effect.gen(function* () {
  const cognito = yield* cognitoPlace
  return yield* collected(yield* Effect.forEach(numbers, (n) => egressSet(n, cognito)))
})

export interface AgentCoreSet {
  readonly server: string | undefined
  readonly token: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
}

export const agentCoreSets: Effect.Effect<ReadonlyArray<AgentCoreSet>, SettingsProblem> = Effect.gen(function* () {
  const pool = cognitoUrl(yield* cognitoPlace)
  const one = (n: number): Effect.Effect<Either.Either<AgentCoreSet, string> | undefined> =>
    Effect.gen(function* () {
      const clientId = yield* text(`AGENTCORE_CLIENT_ID_${n}`)
      const clientSecret = yield* secret(`AGENTCORE_CLIENT_SECRET_${n}`)
      const server = (yield* text(`AGENTCORE_SERVER_NAME_${n}`))?.toLowerCase()
      if (clientId === undefined && clientSecret === undefined) return undefined
      if (clientId === undefined) return Either.left(`AGENTCORE_CLIENT_ID_${n} is not set`)
      if (clientSecret === undefined) return Either.left(`AGENTCORE_CLIENT_SECRET_${n} is not set`)
      if (server !== undefined && !isWord(server)) {
        return Either.left(`AGENTCORE_SERVER_NAME_${n} may hold letters, digits, '_' and '-'`)
      }
      if (pool === undefined) return Either.left("AGENTCORE_…: COGNITO_DOMAIN or COGNITO_USER_POOL_ID is not set")
      return Either.right({ server, token: `${pool}/oauth2/token`, clientId, clientSecret })
    })
  return yield* collected(yield* Effect.forEach(numbers, one))
})

/** The client that callers of the gateway get their token with. */
export interface Ingress {
  readonly where: IngressWhere
  readonly token: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted
  readonly more: Readonly<Record<string, string>>
}

export const keycloakToken = (url: string, realm: string): string =>
  `${url.replace(/\/+$/, "")}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`

export const DEFAULT_REALM = "mcp-gateway"

/** `KEYCLOAK_URL` and `KEYCLOAK_REALM`. */
export const keycloakPlace = Effect.all({
  url: text("KEYCLOAK_URL"),
  realm: Effect.map(text("KEYCLOAK_REALM"), (realm) => realm ?? DEFAULT_REALM)
})

type Wanted = Readonly<Record<string, string | Redacted.Redacted | undefined>>

/** The names of what is missing, as a problem. */
const missing = (given: Wanted): SettingsProblem =>
  new SettingsProblem({
    problems: Object.entries(given).flatMap(([name, value]) => (value === undefined ? [`${name} is not set`] : []))
  })

const keycloak: Effect.Effect<Ingress, SettingsProblem> = Effect.gen(function* () {
  const { realm, url } = yield* keycloakPlace
  const clientId = yield* text("KEYCLOAK_M2M_CLIENT_ID")
  const clientSecret = yield* secret("KEYCLOAK_M2M_CLIENT_SECRET")
  if (url === undefined || clientId === undefined || clientSecret === undefined) {
    return yield* missing({
      KEYCLOAK_URL: url,
      KEYCLOAK_M2M_CLIENT_ID: clientId,
      KEYCLOAK_M2M_CLIENT_SECRET: clientSecret
    })
  }
  const where = { provider: "keycloak_m2m", keycloak_url: url, realm } as const
  return { where, token: keycloakToken(url, realm), clientId, clientSecret, more: {} }
})

const cognito: Effect.Effect<Ingress, SettingsProblem> = Effect.gen(function* () {
  const place = yield* cognitoPlace
  const userPoolId = (yield* text("INGRESS_OAUTH_USER_POOL_ID")) ?? place.userPoolId
  const clientId = yield* text("INGRESS_OAUTH_CLIENT_ID")
  const clientSecret = yield* secret("INGRESS_OAUTH_CLIENT_SECRET")
  const pool = cognitoUrl({ ...place, userPoolId })
  if (userPoolId === undefined || pool === undefined || clientId === undefined || clientSecret === undefined) {
    return yield* missing({
      INGRESS_OAUTH_USER_POOL_ID: userPoolId,
      INGRESS_OAUTH_CLIENT_ID: clientId,
      INGRESS_OAUTH_CLIENT_SECRET: clientSecret
    })
  }
  const where = { provider: "cognito_m2m", user_pool_id: userPoolId, region: regionOf(userPoolId) } as const
  return { where, token: `${pool}/oauth2/token`, clientId, clientSecret, more: {} }
})

/** The gateway's own token endpoint: an agent's client. */
const gateway: Effect.Effect<Ingress, SettingsProblem> = Effect.gen(function* () {
  const url = ((yield* text("MCPGW_URL")) ?? "http://127.0.0.1:7860").replace(/\/+$/, "")
  const clientId = yield* text("MCPGW_CLIENT_ID")
  const clientSecret = yield* secret("MCPGW_CLIENT_SECRET")
  const resource = yield* text("MCPGW_RESOURCE")
  if (clientId === undefined || clientSecret === undefined) {
    return yield* missing({ MCPGW_CLIENT_ID: clientId, MCPGW_CLIENT_SECRET: clientSecret })
  }
  const where = { provider: "mcpgw_m2m", gateway_url: url } as const
  const more: Readonly<Record<string, string>> = resource === undefined ? {} : { resource }
  return { where, token: `${url}/oauth/token`, clientId, clientSecret, more }
})

const INGRESSES = { keycloak, cognito, mcpgw: gateway }

/** By `AUTH_PROVIDER`, or by whose client there is. */
export const ingressSettings: Effect.Effect<Ingress, SettingsProblem> = Effect.gen(function* () {
  const named = yield* text("AUTH_PROVIDER")
  if (named === "keycloak" || named === "cognito" || named === "mcpgw") return yield* INGRESSES[named]
  if (named !== undefined) {
    return yield* new SettingsProblem({
      problems: [`AUTH_PROVIDER holds ${JSON.stringify(named)}, but it may hold keycloak, cognito, mcpgw`]
    })
  }
  if ((yield* text("KEYCLOAK_M2M_CLIENT_ID")) !== undefined) return yield* keycloak
  if ((yield* text("INGRESS_OAUTH_CLIENT_ID")) !== undefined) return yield* cognito
  if ((yield* text("MCPGW_CLIENT_ID")) !== undefined) return yield* gateway
  return yield* new SettingsProblem({
    problems: ["no client for the gateway: set KEYCLOAK_M2M_CLIENT_ID, INGRESS_OAUTH_CLIENT_ID or MCPGW_CLIENT_ID"]
  })
})

/** Where clients reach the gateway: `REGISTRY_URL` as the replaced system has it, or `MCPGW_URL`. */
export const registryUrl: Effect.Effect<string> = Effect.gen(function* () {
  const url = (yield* text("REGISTRY_URL")) ?? (yield* text("MCPGW_URL")) ?? "http://127.0.0.1:7860"
  return url.replace(/\/+$/, "")
})
