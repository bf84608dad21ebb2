/**
 * What is known of one identity provider, whichever source told it: who it is, where its endpoints are, how people sign in there, how its
 * claims are spelled, and which of its access tokens count here. A description only: reaches nothing, decides nothing.
 */
import type { ClaimPath } from "@mcpgw/auth/ClaimPath"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export const PROVIDER_KINDS = ["keycloak", "cognito", "entra", "okta", "auth0", "google", "github", "oidc"] as const
export type ProviderKind = (typeof PROVIDER_KINDS)[number]

/** Endpoints that are known without asking; what is undefined is in the issuer's discovery document, if it has it. */
export interface Endpoints {
  readonly authorization: string | undefined
  readonly token: string | undefined
  readonly userInfo: string | undefined
  readonly jwks: string | undefined
  readonly endSession: string | undefined
}

/** How people sign in. */
export interface LoginClient {
  readonly id: string
  /** Undefined: a public client. */
  readonly secret: Redacted.Redacted | undefined
  readonly authentication: "client_secret_post" | "client_secret_basic" | undefined
  readonly scopes: ReadonlyArray<string>
}

/** Where ID token and user info say what we want to know. */
export interface ProfileClaims {
  /** `sub` wherever there is an ID token. */
  readonly subject: ClaimPath
  readonly username: ClaimPath
  readonly email: ClaimPath
  readonly name: ClaimPath
  /** Groups of all of them count. */
  readonly groups: ReadonlyArray<ClaimPath>
}

/** Which access tokens of the issuer count on the data plane. */
export interface ApiTokens {
  /** Values of `aud` that mean this gateway; at least one. */
  readonly audiences: ReadonlyArray<string>
}

export interface IdentityProvider {
  /** In paths and accounts: 1 to 32 lower-case letters, digits, `_` and `-`; never `local`. */
  readonly name: string
  readonly displayName: string
  readonly kind: ProviderKind
  /** Exact `iss`, and where discovery begins. Undefined: plain OAuth 2.0 without ID tokens, such as GitHub's. */
  readonly issuer: string | undefined
  /** Other spellings of `iss` in access tokens. */
  readonly issuerAliases: ReadonlyArray<string>
  /** Where the discovery document is, when that does not follow from the issuer (Entra ID with several tenants). */
  readonly discoveryUrl: string | undefined
  readonly endpoints: Endpoints
  /** Undefined: nobody signs in there, its tokens count. */
  readonly login: LoginClient | undefined
  readonly claims: ProfileClaims
  /** Undefined: it signs people in, its tokens do not count. */
  readonly api: ApiTokens | undefined
  /** Entra ID: tenants (`tid`) whose people may come; empty: the issuer says it. */
  readonly tenants: ReadonlyArray<string>
}

/** A provider can not be used as it is described; the start stops. A line per problem, none repeats a secret. */
export class ProvidersMisconfigured extends Schema.TaggedError<ProvidersMisconfigured>()("ProvidersMisconfigured", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}
