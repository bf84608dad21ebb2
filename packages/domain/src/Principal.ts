/**
 * Who is calling. `Claims` are what a verified credential says; a `Principal` is a caller admitted to one resource.
 * Only `AuthLayer.admit` makes principals: a fallback never produces one (design.md §6).
 */

/** How the caller proved who they are. `oauth`: a token of the gateway's authorization server, given to a client. */
export type AuthMethod = "gateway_token" | "oauth" | "oidc" | "session_cookie" | "api_key"

/**
 * What a credential may be used for, narrower than its owner may: only what a limit names is left of what the owner has. An absent limit
 * takes nothing away.
 */
export interface Limits {
  /** Names of policy scopes: of those the owner has, only these count. */
  readonly scopes?: ReadonlyArray<string>
  /** Paths of servers: on these, whatever the owner may. With `tools` or alone, every server that neither names is closed. */
  readonly servers?: ReadonlyArray<string>
  /** Server path → tools: there, these tools and their list, and nothing else. Stronger than `servers` for the same server. */
  readonly tools?: Readonly<Record<string, ReadonlyArray<string>>>
}

/** What a verified credential says. Never holds the credential itself. */
export interface Claims {
  readonly issuer: string
  readonly subject: string
  readonly username: string
  /** OAuth client the credential was issued to (`azp` / `client_id`), `session` for cookies. */
  readonly clientId: string
  /** Identity-provider groups, mapped to scopes by the policy's `group_mappings`. */
  readonly groups: ReadonlyArray<string>
  /** Scope names the credential itself carries. */
  readonly scopes: ReadonlyArray<string>
  /** Resources the credential may be used at; empty means: nowhere. */
  readonly audience: ReadonlyArray<string>
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Epoch seconds, fractions allowed. Absent: unknown, and older than any revocation of the subject. */
  readonly issuedAt?: number | undefined
  /** `jti`, or the session id's digest; what revocation names. */
  readonly tokenId: string | undefined
  readonly method: AuthMethod
  /** Absent: whatever groups and scopes give. One object per credential, never changed. */
  readonly limits?: Limits
  /** Of a session: `local`, or the name of the identity provider that proved the person. */
  readonly provider?: string | undefined
}

/** A caller admitted to a resource. One instance per verified credential, so that tables may be cached by identity. */
export class Principal {
  readonly claims: Claims
  /** Makes the type nominal: nothing else is a Principal. */
  protected readonly admitted = true
  private constructor(claims: Claims) {
    this.claims = claims
  }
  /** For `AuthLayer` and tests only; a house rule holds every other module to that. */
  static unsafeMake(claims: Claims): Principal {
    return new Principal(claims)
  }
  get username(): string {
    return this.claims.username
  }
}
