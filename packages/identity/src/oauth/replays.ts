/**
 * A refresh token or code that comes a second time is in other hands than its client's. The provider ends what came of it; here it gets its
 * name in the record and a line in the log, so that somebody looks. Decides nothing, and never repeats the token.
 */
import type Provider from "oidc-provider"
import type { KoaContextWithOIDC } from "oidc-provider"
import { noteOf } from "./notes.ts"

/** The provider's words for the two, RFC 9700 §4.14.2 and RFC 6749 §4.1.2, and ours. */
const REPLAYS = [
  { detail: "refresh token already used", entity: "RefreshToken", rule: "oauth:refresh_reuse", what: "refresh token" },
  { detail: "authorization code already consumed", entity: "AuthorizationCode", rule: "oauth:code_reuse", what: "code" }
] as const

export const noteReplays = (provider: Provider, warn: (message: string) => void): void => {
  provider.on("grant.error", (ctx: KoaContextWithOIDC, error) => {
    const replay = REPLAYS.find(({ detail }) => error.error_detail === detail)
    if (replay === undefined) return
    // Of a code the provider no longer says whose it was.
    const username = ctx.oidc.entities[replay.entity]?.accountId
    const clientId = ctx.oidc.client?.clientId
    const note = noteOf(ctx)
    note.rule = replay.rule
    note.decision = "deny"
    note.username = username
    note.clientId = clientId
    warn(
      `A ${replay.what} was used a second time, so somebody else may have it: what ${username ?? "its person"} had allowed the client ${JSON.stringify(clientId)} with it has ended`
    )
  })
}
