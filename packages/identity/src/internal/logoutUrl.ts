/** Where a browser ends its session at the provider, after ours has ended. Pure but for the discovery document. */
import type { ProviderSession } from "../Sessions.ts"
import { isForBrowsers } from "./completeProvider.ts"
import type { RelyingParty } from "./relyingParty.ts"

/** Undefined: the provider has no such place. `back`: an absolute URL of ours, which has to be registered there. */
export const logoutUrl = async (
  { configuration, login, provider }: RelyingParty,
  { idToken }: ProviderSession,
  back: string
): Promise<string | undefined> => {
  const end = provider.endpoints.endSession ?? (await configuration()).serverMetadata().end_session_endpoint
  if (end === undefined || !isForBrowsers(end)) return undefined
  const url = new URL(end)
  for (const [name, value] of parametersOf(url.pathname, provider.kind, login.id, idToken, back)) {
    url.searchParams.set(name, value)
  }
  return url.href
}

type Parameters = ReadonlyArray<readonly [name: string, value: string]>

const parametersOf = (
  pathname: string,
  kind: string,
  clientId: string,
  idToken: string | undefined,
  back: string
): Parameters => {
  // Cognito's own, and Auth0's older one; everybody else follows OIDC RP-Initiated Logout 1.0 §2.
  if (kind === "cognito")
    return [
      ["client_id", clientId],
      ["logout_uri", back]
    ]
  if (kind === "auth0" && pathname === "/v2/logout")
    return [
      ["client_id", clientId],
      ["returnTo", back]
    ]
  const hint: Parameters = idToken === undefined ? [] : [["id_token_hint", idToken]]
  return [...hint, ["client_id", clientId], ["post_logout_redirect_uri", back]]
}
