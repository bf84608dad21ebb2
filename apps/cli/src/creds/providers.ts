/**
 * The eleven providers of contracts.md §2.14, as their documentation has them (October 2026), and how a custom one is described. Pure.
 * A provider with `authorize` asks a person; one without takes the client's own credentials.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isWord } from "./names.ts"

export interface Provider {
  readonly name: string
  readonly token: string
  /** Where a person agrees; undefined: client credentials. */
  readonly authorize: string | undefined
  /** How the client proves itself at the token endpoint. */
  readonly auth: "post" | "basic"
  readonly scopes: ReadonlyArray<string>
  /** What else the authorization request has to say. */
  readonly more: Readonly<Record<string, string>>
  /** How scopes are joined in the request. */
  readonly separator: " " | ","
  /** Which of its sites a token is for is told there, to whoever has the token; undefined: there is no such question. */
  readonly sites: string | undefined
}

const provider = (
  name: string,
  authorize: string | undefined,
  token: string,
  scopes: ReadonlyArray<string>,
  rest: Partial<Pick<Provider, "auth" | "more" | "separator" | "sites">> = {}
): Provider => ({ name, authorize, token, scopes, auth: "post", more: {}, separator: " ", sites: undefined, ...rest })

/** Where Cognito's pages are: `COGNITO_DOMAIN`, or made from the pool's id and its region. */
export interface CognitoPlace {
  readonly domain: string | undefined
  readonly userPoolId: string | undefined
  readonly region: string | undefined
}

/** `us-east-1_AbC` is in `us-east-1`. */
export const regionOf = (userPoolId: string): string => userPoolId.split("_")[0] ?? ""

export const cognitoUrl = ({ domain, region, userPoolId }: CognitoPlace): string | undefined => {
  const place = region ?? (userPoolId === undefined ? undefined : regionOf(userPoolId))
  if (domain !== undefined && /^https?:\/\//.test(domain)) return domain.replace(/\/+$/, "")
  const prefix = domain ?? userPoolId?.replaceAll("_", "").toLowerCase()
  return prefix === undefined || place === undefined ? undefined : `https://${prefix}.auth.${place}.amazoncognito.com`
}

/** By name; the two of Cognito are undefined without a place. */
export const knownProviders = (cognito: CognitoPlace): ReadonlyMap<string, Provider> => {
  const pool = cognitoUrl(cognito)
  const all = [
    provider(
      "atlassian",
      "https://auth.atlassian.com/authorize",
      "https://auth.atlassian.com/oauth/token",
      ["read:jira-work", "write:jira-work", "read:confluence-content.all", "offline_access"],
      {
        more: { audience: "api.atlassian.com", prompt: "consent" },
        sites: "https://api.atlassian.com/oauth/token/accessible-resources"
      }
    ),
    provider(
      "google",
      "https://accounts.google.com/o/oauth2/v2/auth",
      "https://oauth2.googleapis.com/token",
      ["openid", "email", "profile"],
      { more: { access_type: "offline", prompt: "consent" } }
    ),
    provider("github", "https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", [
      "read:user",
      "repo"
    ]),
    provider(
      "microsoft",
      "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
      "https://login.microsoftonline.com/common/oauth2/v2.0/token",
      ["openid", "profile", "offline_access", "User.Read"]
    ),
    provider(
      "slack",
      "https://slack.com/oauth/v2/authorize",
      "https://slack.com/api/oauth.v2.access",
      ["channels:read", "chat:write"],
      { separator: "," }
    ),
    provider("discord", "https://discord.com/oauth2/authorize", "https://discord.com/api/oauth2/token", ["identify"]),
    provider(
      "linkedin",
      "https://www.linkedin.com/oauth/v2/authorization",
      "https://www.linkedin.com/oauth/v2/accessToken",
      ["openid", "profile"]
    ),
    provider(
      "spotify",
      "https://accounts.spotify.com/authorize",
      "https://accounts.spotify.com/api/token",
      ["user-read-private"],
      { auth: "basic" }
    ),
    provider(
      "twitter",
      "https://x.com/i/oauth2/authorize",
      "https://api.x.com/2/oauth2/token",
      ["tweet.read", "users.read", "offline.access"],
      {
        auth: "basic"
      }
    ),
    ...(pool === undefined
      ? []
      : [
          provider("cognito", `${pool}/oauth2/authorize`, `${pool}/oauth2/token`, ["openid", "email", "profile"]),
          provider("cognito_m2m", undefined, `${pool}/oauth2/token`, [])
        ])
  ]
  return new Map(all.map((one) => [one.name, one]))
}

/** Every name of the table. */
export const PROVIDER_NAMES: ReadonlyArray<string> = [
  ...knownProviders({ domain: "x", userPoolId: undefined, region: "y" }).keys()
]

export class ProviderUnknown extends Schema.TaggedError<ProviderUnknown>()("ProviderUnknown", {
  name: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `the provider ${JSON.stringify(this.name)} ${this.problem}`
  }
}

/** Whether a credential may go there is for `plainHttp.ts` to say. */
const isPlainUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

/** URLs of a custom provider, from its set's settings. */
export interface CustomUrls {
  readonly authorize: string | undefined
  readonly token: string | undefined
}

/** The provider a set means: one of the table, or one that brings its own URLs (which then count). */
export const providerOf = (
  given: string,
  custom: CustomUrls,
  cognito: CognitoPlace
): Either.Either<Provider, ProviderUnknown> => {
  const name = given.toLowerCase().replaceAll(" ", "_")
  const unknown = (problem: string) => Either.left(new ProviderUnknown({ name: given, problem }))
  if (!isWord(name)) return unknown("has a name that is not of letters, digits, '_' and '-'")
  for (const url of [custom.authorize, custom.token]) {
    if (url !== undefined && !isPlainUrl(url)) return unknown("has a URL that is no https:// one without a user")
  }
  const all = knownProviders(cognito)
  const known = all.get(name) ?? all.get(name.replaceAll("-", "_"))
  if (custom.token !== undefined) {
    // Only a token that comes from the known provider is shown to it.
    const sites = custom.token === known?.token ? known.sites : undefined
    return Either.right(provider(name, custom.authorize, custom.token, [], { sites }))
  }
  if (known !== undefined) return Either.right(known)
  if (name.startsWith("cognito")) return unknown("needs COGNITO_DOMAIN or COGNITO_USER_POOL_ID")
  return unknown(
    `is none of ${PROVIDER_NAMES.join(", ")}; a custom one needs EGRESS_OAUTH_TOKEN_URL_N, and EGRESS_OAUTH_AUTH_URL_N where a person agrees`
  )
}
