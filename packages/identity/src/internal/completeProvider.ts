/**
 * From a description to a provider that can be used: fills in what follows from its kind, and refuses what would not work or would not be
 * safe, naming the field. Pure.
 */
import { CLAIM_PATH_HOLDS, type ClaimPath, parseClaimPath } from "@mcpgw/auth/ClaimPath"
import * as Redacted from "effect/Redacted"
import {
  type Endpoints,
  type IdentityProvider,
  type LoginClient,
  PROVIDER_KINDS,
  type ProviderKind
} from "../IdentityProvider.ts"
import { isLoopback } from "./loopback.ts"
import { type Described, type FieldName, fieldProblem, listOf, textOf } from "./providerFields.ts"
import { type Derived, entraIssuers, ENTRA_TEMPLATE, KINDS, TENANT } from "./providerKinds.ts"

const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/

/** The provider, or what is wrong: a line each. */
export const complete = (described: Described): IdentityProvider | ReadonlyArray<string> => {
  if (described.problem !== undefined) return [described.problem]
  const problems: Array<string> = []
  const wrong = (field: FieldName, holds: string): void => void problems.push(fieldProblem(described, field, holds))
  const kind = kindOf(described)
  if (kind === undefined) return [fieldProblem(described, "kind", PROVIDER_KINDS.join(", "))]
  if (!NAME.test(described.name) || described.name === "local") problems.push(unnamed(described))
  checkFixed(described, wrong)
  const derived = derivedOf(described, kind)
  const login = loginOf(described, kind)
  if (login === undefined && listOf(described, "audiences").length === 0)
    wrong("client_id", clientOrAudience(described))
  checkUrls(described, derived.issuer, wrong)
  checkIssuer(described, kind, derived.issuer, login, wrong)
  const tenants = listOf(described, "allowed_tenants")
  checkTenants(derived, tenants, wrong)
  const claims = claimsOf(described, kind, derived.issuer, wrong)
  const audiences = audiencesOf(described, kind, login, derived)
  if (kind === "auth0" && login !== undefined && audiences.includes(login.id)) {
    wrong("audiences", "the API's identifier: the client id is the audience of ID tokens")
  }
  if (problems.length > 0) return problems
  const endpoints = endpointsOf(described, kind, derived)
  return {
    name: described.name,
    displayName: textOf(described, "display_name") ?? KINDS[kind].displayName,
    kind,
    issuer: derived.issuer,
    issuerAliases: [
      ...new Set([...derived.aliases, ...listOf(described, "issuer_aliases"), ...tenants.flatMap(entraIssuers)])
    ],
    discoveryUrl: derived.discoveryUrl,
    endpoints,
    login,
    claims,
    api: audiences.length === 0 || derived.issuer === undefined ? undefined : { audiences },
    tenants
  }
}

const unnamed = ({ label }: Described): string =>
  `${label("display_name")}: the provider's name may hold 1 to 32 of a-z 0-9 _ -, and not "local"`

const clientOrAudience = ({ label, name }: Described): string => {
  const audiences = label("audiences")
  // Settings have none for every kind, and one that does not exist helps nobody.
  const other =
    audiences === `${name}.audiences` ? "" : `; unset is fine when ${audiences} says whose access tokens count`
  return `the client's id there${other}`
}

const endpointsOf = (described: Described, kind: ProviderKind, derived: Derived): Endpoints => {
  const usual = KINDS[kind].endpoints
  return {
    authorization: textOf(described, "auth_url") ?? usual?.authorization,
    token: textOf(described, "token_url") ?? usual?.token,
    // Google's older address, which the replaced system used, answers without `sub`.
    userInfo: kind === "google" ? undefined : (textOf(described, "user_info_url") ?? usual?.userInfo),
    jwks: textOf(described, "jwks_url") ?? derived.jwks,
    endSession: textOf(described, "logout_url")
  }
}

/** Without an issuer nothing can be discovered, and nothing an ID token says can be checked. */
const checkIssuer = (
  described: Described,
  kind: ProviderKind,
  issuer: string | undefined,
  login: LoginClient | undefined,
  wrong: Wrong
): void => {
  if (issuer !== undefined) return
  if (kind !== "github" && (login?.scopes.includes("openid") ?? true)) {
    wrong("issuer", `the issuer's URL, as its tokens spell it${hint(kind)}`)
  }
  const endpoints = endpointsOf(described, kind, { issuer, aliases: [] })
  const needed = "an URL: without an issuer it can not be discovered"
  if (endpoints.authorization === undefined) wrong("auth_url", needed)
  if (endpoints.token === undefined) wrong("token_url", needed)
  if (endpoints.userInfo === undefined) wrong("user_info_url", needed)
}

type Wrong = (field: FieldName, holds: string) => void

const kindOf = (described: Described): ProviderKind | undefined => {
  const given = textOf(described, "kind") ?? described.name
  const known = PROVIDER_KINDS.find((kind) => kind === given)
  return known ?? (textOf(described, "kind") === undefined ? "oidc" : undefined)
}

const derivedOf = (described: Described, kind: ProviderKind): Derived => {
  const urls = { authorization: textOf(described, "auth_url"), token: textOf(described, "token_url") }
  const derived = KINDS[kind].derive(urls) ?? { issuer: undefined, aliases: [] }
  const issuer = textOf(described, "issuer")
  return issuer === undefined ? derived : { ...derived, issuer }
}

const loginOf = (described: Described, kind: ProviderKind): LoginClient | undefined => {
  const id = textOf(described, "client_id")
  if (id === undefined) return undefined
  const secret = textOf(described, "client_secret")
  const scopes = listOf(described, "scopes")
  const method = textOf(described, "token_endpoint_auth_method")
  return {
    id,
    secret: secret === undefined ? undefined : Redacted.make(secret),
    authentication: AUTH_METHODS.find((known) => known === method),
    scopes: scopes.length === 0 ? KINDS[kind].scopes : scopes
  }
}

const AUTH_METHODS = ["client_secret_post", "client_secret_basic"] as const

/** Fields that hold one thing only, kept because the replaced system's file has them. */
const checkFixed = (described: Described, wrong: Wrong): void => {
  if ((textOf(described, "response_type") ?? "code") !== "code") wrong("response_type", "code")
  if ((textOf(described, "grant_type") ?? "authorization_code") !== "authorization_code") {
    wrong("grant_type", "authorization_code")
  }
  const method = textOf(described, "token_endpoint_auth_method")
  if (method !== undefined && !AUTH_METHODS.some((known) => known === method)) {
    wrong("token_endpoint_auth_method", AUTH_METHODS.join(" or "))
  }
}

const URL_FIELDS = ["token_url", "user_info_url", "jwks_url"] as const
/** A browser is sent there (S-12): what it shows on the way must not be readable. */
const BROWSER_FIELDS = ["auth_url", "logout_url"] as const

const checkUrls = (described: Described, issuer: string | undefined, wrong: Wrong): void => {
  const isHttp = (value: string): boolean => /^https?:$/.test(URL.parse(value)?.protocol ?? "")
  if (issuer !== undefined && issuer !== ENTRA_TEMPLATE && !isIssuer(issuer)) {
    wrong("issuer", "an http:// or https:// URL without query and fragment")
  }
  for (const field of URL_FIELDS) {
    const value = textOf(described, field)
    if (value !== undefined && !isHttp(value)) wrong(field, "an http:// or https:// URL")
  }
  for (const field of BROWSER_FIELDS) {
    const value = textOf(described, field)
    if (value !== undefined && !isForBrowsers(value)) wrong(field, "an https:// URL, or an http:// one on loopback")
  }
}

const isIssuer = (issuer: string): boolean => {
  const url = URL.parse(issuer)
  return url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "" && url.username === ""
}

/** May a browser be sent there? */
export const isForBrowsers = (value: string): boolean => {
  const url = URL.parse(value)
  if (url === null || url.username !== "" || url.password !== "") return false
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))
}

const checkTenants = (derived: Derived, tenants: ReadonlyArray<string>, wrong: Wrong): void => {
  const shared = derived.issuer === ENTRA_TEMPLATE
  if ((shared && tenants.length === 0) || !tenants.every((tenant) => TENANT.test(tenant))) {
    wrong("allowed_tenants", "the ids (GUIDs) of the tenants whose people may come: anybody can have a tenant")
  }
  if (!shared && tenants.length > 0) wrong("allowed_tenants", "nothing: the tenant is named already")
}

const claimsOf = (
  described: Described,
  kind: ProviderKind,
  issuer: string | undefined,
  wrong: Wrong
): IdentityProvider["claims"] => {
  const defaults = KINDS[kind]
  const path = (field: FieldName, fallback: string): ClaimPath => {
    const parsed = parseClaimPath(textOf(described, field) ?? fallback)
    if (parsed === undefined) wrong(field, CLAIM_PATH_HOLDS)
    return parsed ?? [fallback]
  }
  const own = textOf(described, "groups_claim")
  return {
    // An ID token is about its `sub`, and no other claim is as sure to be nobody else's.
    subject: issuer === undefined ? path("subject_claim", defaults.subject) : ["sub"],
    username: path("username_claim", defaults.username),
    email: path("email_claim", "email"),
    name: path("name_claim", "name"),
    groups: (own === undefined ? groupDefaults(described, kind) : [own]).map((name) => path("groups_claim", name))
  }
}

/** A groups claim of null says that there are none. */
const groupDefaults = ({ fields }: Described, kind: ProviderKind): ReadonlyArray<string> =>
  fields.groups_claim === null ? [] : KINDS[kind].groups

const audiencesOf = (
  described: Described,
  kind: ProviderKind,
  login: LoginClient | undefined,
  { issuer }: Derived
): ReadonlyArray<string> => {
  const usual = login === undefined || issuer === undefined ? [] : KINDS[kind].audiences(login.id, issuer)
  const given = listOf(described, "audiences")
  // Okta's default is one custom server's; who names an audience means that one alone.
  return kind === "okta" && given.length > 0 ? given : [...new Set([...usual, ...given])]
}

const hint = (kind: ProviderKind): string => {
  switch (kind) {
    case "keycloak":
      return "; it follows from an auth_url that ends in /realms/{realm}/protocol/openid-connect/auth"
    case "entra":
      return "; it follows from an auth_url https://login.microsoftonline.com/{tenant id}/oauth2/v2.0/authorize"
    case "cognito":
      return "; it follows from COGNITO_USER_POOL_ID and AWS_REGION"
    default:
      return ""
  }
}
