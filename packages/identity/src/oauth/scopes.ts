/**
 * What a client may ask for. `mcp` means "use this as me" and lets the policy decide by the person's groups; names of the policy's scopes
 * narrow a token to those the person holds. With `mcp` the names add nothing.
 */

/** The one scope that is advertised. */
export const MCP = "mcp"

/** Scopes the provider itself knows; they open nothing here. */
export const OIDC_SCOPES = ["openid", "offline_access"] as const

export const scopeList = (text: string | undefined): ReadonlyArray<string> =>
  (text ?? "").split(" ").filter((scope) => scope !== "")

/** Of what is asked, what can be given to someone who holds these scopes of the policy. */
export const grantable = (asked: ReadonlyArray<string>, held: ReadonlyArray<string>): ReadonlyArray<string> =>
  asked.includes(MCP) ? [MCP] : asked.filter((scope) => held.includes(scope))

/** Of what is asked, what is not the provider's own. */
export const resourceScopes = (asked: ReadonlyArray<string>): ReadonlyArray<string> =>
  asked.filter((scope) => !OIDC_SCOPES.some((own) => own === scope))

/** What is asked when nothing is: without it a grant would be empty. */
export const withDefaultScope = (text: string | null): string => (text === null || text.trim() === "" ? MCP : text)
