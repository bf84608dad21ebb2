/**
 * Providers described by settings of the environment: those `AUTH_PROVIDER` names, by the names the replaced system had (contracts.md
 * §2.14), and one more of any kind by `MCPGW_OIDC_*`. Pure; never repeats a secret.
 */
import * as Either from "effect/Either"
import { complete } from "./internal/completeProvider.ts"
import type { Described, FieldName, ProviderFields } from "./internal/providerFields.ts"
import { SHARED_TENANTS, TENANT } from "./internal/providerKinds.ts"
import { type IdentityProvider, PROVIDER_KINDS, type ProviderKind } from "./IdentityProvider.ts"
import { cognitoIssuer, type Environment } from "./ProvidersFile.ts"

/** The providers, or what is wrong: a line each. `skip`: names that another source has described already. */
export const environmentProviders = (
  environment: Environment,
  skip: ReadonlyArray<string> = []
): Either.Either<ReadonlyArray<IdentityProvider>, ReadonlyArray<string>> => {
  const named = namesOf(environment)
  if (Either.isLeft(named)) return Either.left(named.left)
  const described = named.right.filter((kind) => !skip.includes(kind)).map((kind) => addressed(kind, environment))
  const one = OIDC_NAMES.every((name) => environment(name) === undefined) ? [] : [addressed("oidc", environment)]
  const results = [...described, ...(named.right.includes("oidc") ? [] : one)].map(complete)
  const problems = results.flatMap((result) => ("name" in result ? [] : result))
  if (problems.length > 0) return Either.left(problems)
  return Either.right(results.flatMap((result) => ("name" in result ? [result] : [])))
}

/** One of these, and `MCPGW_OIDC_*` describes a provider. */
const OIDC_NAMES = ["MCPGW_OIDC_ISSUER", "MCPGW_OIDC_AUDIENCE", "MCPGW_OIDC_JWKS_URL", "MCPGW_OIDC_CLIENT_ID"]

/** Settings that belong to a provider nobody switched on, so that they have no effect. `disabled`: the file's that are switched off. */
export const withoutProvider = (
  environment: Environment,
  known: ReadonlyArray<string>,
  disabled: ReadonlyArray<string> = []
): ReadonlyArray<string> =>
  PROVIDER_KINDS.filter((kind) => kind !== "oidc" && !known.includes(kind)).flatMap((kind) => {
    const name = `${kind.toUpperCase()}_CLIENT_ID`
    if (environment(name) === undefined) return []
    return disabled.includes(kind)
      ? [`${name} is set, and the file of providers has ${kind} disabled`]
      : [`${name} is set, and neither AUTH_PROVIDER nor the file of providers names ${kind}`]
  })

const namesOf = (environment: Environment): Either.Either<ReadonlyArray<ProviderKind>, ReadonlyArray<string>> => {
  const held = environment("AUTH_PROVIDER") ?? ""
  const names = held
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "local")
  const kinds = names.flatMap((name) => PROVIDER_KINDS.filter((kind) => kind === name))
  if (kinds.length === names.length) return Either.right([...new Set(kinds)])
  const holds = `${PROVIDER_KINDS.join(", ")}, or several of them separated by commas`
  return Either.left([`AUTH_PROVIDER: held ${JSON.stringify(held.slice(0, 200))}; it may hold ${holds}`])
}

type Names = Partial<Record<FieldName, string>>

/** The one variable a kind can not do without, and what it may hold: without it no other problem means anything. */
const ADDRESS: Partial<Record<ProviderKind, readonly [variable: string, holds: string]>> = {
  keycloak: ["KEYCLOAK_URL", "Keycloak's URL, such as https://sso.example.com"],
  cognito: ["COGNITO_USER_POOL_ID", "the user pool's id, such as eu-central-1_Ab12Cd34E"],
  entra: ["ENTRA_TENANT_ID", "the tenant's id, a GUID"],
  okta: ["OKTA_DOMAIN", "the organisation's domain, such as dev-1234567.okta.com"],
  auth0: ["AUTH0_DOMAIN", "the tenant's domain, such as dev-1234567.eu.auth0.com"],
  oidc: ["MCPGW_OIDC_ISSUER", "the issuer's URL, exactly as its tokens spell it"]
}

/** As the environment has it; a problem when its address is missing. */
const addressed = (kind: ProviderKind, environment: Environment): Described => {
  const described = DESCRIBE[kind](environment)
  const [variable, holds] = ADDRESS[kind] ?? []
  if (variable === undefined || environment(variable) !== undefined) return described
  return { ...described, problem: `${variable}: held nothing; it may hold ${holds}` }
}

/** A description whose problems name the variables that the fields come from. */
const describe = (name: ProviderKind, names: Names, fields: ProviderFields): Described => ({
  name,
  fields,
  label: (field) => names[field] ?? `${name}.${field}`,
  audiencesFrom: names.audiences
})

const text = (value: string | undefined): string | null => value ?? null
const list = (...values: ReadonlyArray<string | undefined>) => values.filter((value) => value !== undefined)
const separated = (value: string | undefined) =>
  (value ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

const client = (environment: Environment, prefix: string): ProviderFields => ({
  client_id: text(environment(`${prefix}_CLIENT_ID`)),
  client_secret: text(environment(`${prefix}_CLIENT_SECRET`))
})

const clientNames = (prefix: string): Names => ({
  client_id: `${prefix}_CLIENT_ID`,
  client_secret: `${prefix}_CLIENT_SECRET`
})

const slashless = (url: string | undefined): string | undefined => url?.replace(/\/+$/, "")

const keycloak = (environment: Environment): Described => {
  const inside = slashless(environment("KEYCLOAK_URL"))
  const outside = slashless(environment("KEYCLOAK_EXTERNAL_URL")) ?? inside
  const realm = environment("KEYCLOAK_REALM") ?? "mcp-gateway"
  const at = (base: string | undefined, leaf: string): string | null =>
    base === undefined ? null : `${base}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/${leaf}`
  const names: Names = {
    ...clientNames("KEYCLOAK"),
    issuer: "KEYCLOAK_URL",
    auth_url: "KEYCLOAK_EXTERNAL_URL",
    token_url: "KEYCLOAK_URL",
    user_info_url: "KEYCLOAK_URL",
    logout_url: "KEYCLOAK_EXTERNAL_URL",
    audiences: "KEYCLOAK_M2M_CLIENT_ID"
  }
  return describe("keycloak", names, {
    ...client(environment, "KEYCLOAK"),
    auth_url: at(outside, "auth"),
    token_url: at(inside, "token"),
    user_info_url: at(inside, "userinfo"),
    logout_url: at(outside, "logout"),
    audiences: list(environment("KEYCLOAK_M2M_CLIENT_ID"))
  })
}

const cognito = (environment: Environment): Described => {
  const domain = environment("COGNITO_DOMAIN")
  const issuer = cognitoIssuer(environment)
  const region = environment("AWS_REGION") ?? environment("COGNITO_USER_POOL_ID")?.split("_")[0]
  // Otherwise the pool's discovery document says it.
  const host =
    domain === undefined || domain === "auto"
      ? undefined
      : domain.includes(".")
        ? domain
        : `${domain}.auth.${region}.amazoncognito.com`
  const at = (path: string): string | null => (host === undefined ? null : `https://${host}${path}`)
  return describe(
    "cognito",
    {
      ...clientNames("COGNITO"),
      issuer: "COGNITO_USER_POOL_ID",
      auth_url: "COGNITO_DOMAIN",
      audiences: "COGNITO_M2M_CLIENT_ID"
    },
    {
      ...client(environment, "COGNITO"),
      issuer: text(issuer),
      auth_url: at("/oauth2/authorize"),
      token_url: at("/oauth2/token"),
      user_info_url: at("/oauth2/userInfo"),
      logout_url: at("/logout"),
      audiences: list(environment("COGNITO_M2M_CLIENT_ID"))
    }
  )
}

const entra = (environment: Environment): Described => {
  const tenant = environment("ENTRA_TENANT_ID")
  const shared = tenant !== undefined && SHARED_TENANTS.includes(tenant)
  const authorize =
    tenant === undefined ? undefined : `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`
  const usable = tenant === undefined || shared || TENANT.test(tenant)
  const holds = `the tenant's id, a GUID, or one of ${SHARED_TENANTS.join(", ")} with ENTRA_ALLOWED_TENANTS`
  const described = describe(
    "entra",
    {
      ...clientNames("ENTRA"),
      issuer: "ENTRA_TENANT_ID",
      auth_url: "ENTRA_TENANT_ID",
      allowed_tenants: "ENTRA_ALLOWED_TENANTS"
    },
    {
      ...client(environment, "ENTRA"),
      auth_url: text(authorize),
      // Discovery knows the rest.
      allowed_tenants: shared ? separated(environment("ENTRA_ALLOWED_TENANTS")) : []
    }
  )
  const problem = `ENTRA_TENANT_ID: held ${JSON.stringify(tenant?.slice(0, 200))}; it may hold ${holds}`
  return usable ? described : { ...described, problem }
}

const okta = (environment: Environment): Described => {
  const domain = environment("OKTA_DOMAIN")
  const server = environment("OKTA_AUTH_SERVER_ID")
  const issuer =
    domain === undefined ? undefined : `https://${domain}${server === undefined ? "" : `/oauth2/${server}`}`
  return describe(
    "okta",
    { ...clientNames("OKTA"), issuer: "OKTA_DOMAIN", audiences: "OKTA_AUDIENCE" },
    { ...client(environment, "OKTA"), issuer: text(issuer), audiences: list(environment("OKTA_AUDIENCE")) }
  )
}

const auth0 = (environment: Environment): Described => {
  const domain = environment("AUTH0_DOMAIN")
  return describe(
    "auth0",
    {
      ...clientNames("AUTH0"),
      issuer: "AUTH0_DOMAIN",
      audiences: "AUTH0_AUDIENCE",
      groups_claim: "AUTH0_GROUPS_CLAIM"
    },
    {
      ...client(environment, "AUTH0"),
      issuer: domain === undefined ? null : `https://${domain}/`,
      audiences: list(environment("AUTH0_AUDIENCE")),
      ...(environment("AUTH0_GROUPS_CLAIM") === undefined
        ? {}
        : { groups_claim: text(environment("AUTH0_GROUPS_CLAIM")) })
    }
  )
}

const google = (environment: Environment): Described =>
  describe("google", clientNames("GOOGLE"), client(environment, "GOOGLE"))

const github = (environment: Environment): Described => {
  const orgs = environment("GITHUB_ORG_GROUPS") === "true"
  return describe("github", clientNames("GITHUB"), {
    ...client(environment, "GITHUB"),
    scopes: ["read:user", "user:email", ...(orgs ? ["read:org"] : [])]
  })
}

const oidc = (environment: Environment): Described =>
  describe(
    "oidc",
    {
      ...clientNames("MCPGW_OIDC"),
      issuer: "MCPGW_OIDC_ISSUER",
      audiences: "MCPGW_OIDC_AUDIENCE",
      jwks_url: "MCPGW_OIDC_JWKS_URL",
      display_name: "MCPGW_OIDC_NAME",
      groups_claim: "MCPGW_OIDC_GROUPS_CLAIM"
    },
    {
      ...client(environment, "MCPGW_OIDC"),
      display_name: text(environment("MCPGW_OIDC_NAME")),
      issuer: text(environment("MCPGW_OIDC_ISSUER")),
      audiences: list(environment("MCPGW_OIDC_AUDIENCE")),
      jwks_url: text(environment("MCPGW_OIDC_JWKS_URL")),
      ...(environment("MCPGW_OIDC_GROUPS_CLAIM") === undefined
        ? {}
        : { groups_claim: text(environment("MCPGW_OIDC_GROUPS_CLAIM")) })
    }
  )

const DESCRIBE: Readonly<Record<ProviderKind, (environment: Environment) => Described>> = {
  keycloak,
  cognito,
  entra,
  okta,
  auth0,
  google,
  github,
  oidc
}
