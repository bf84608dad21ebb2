/** **Tokens** — mints the gateway's own access tokens (EdDSA JWT, `at+jwt`), publishes their keys, revokes them. contracts.md §2.7. */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** contracts.md §2.7: `Requested scopes exceed user permissions. Invalid scopes: […]`. */
export class ScopesExceeded extends Schema.TaggedError<ScopesExceeded>()("ScopesExceeded", {
  invalid: Schema.Array(Schema.String)
}) {}

export interface TokenRequest {
  readonly owner: Claims
  /** The owner's effective scopes; the token never exceeds them. */
  readonly ownerScopes: ReadonlyArray<string>
  /** Undefined or empty: all of the owner's. */
  readonly scopes: ReadonlyArray<string> | undefined
  readonly hours: number
  readonly description: string | undefined
}

export interface IssuedToken {
  readonly token: string
  readonly claims: Claims
  /** Epoch seconds. */
  readonly issuedAt: number
}

export interface TokensApi {
  readonly issue: (request: TokenRequest) => Effect.Effect<IssuedToken, ScopesExceeded>
  /** RFC 7517 key set of the public keys. */
  readonly jwks: () => { readonly keys: ReadonlyArray<Readonly<Record<string, unknown>>> }
  /** `iss` of our tokens. */
  readonly issuer: string
}

export class Tokens extends Context.Tag("@mcpgw/identity/Tokens")<Tokens, TokensApi>() {}
