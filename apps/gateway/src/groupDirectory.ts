/**
 * Which identity provider's groups are kept in step with the policy's, and its people and agents with the accounts here: Keycloak's, when people come by it and somebody is named who may administer
 * it. An administrator counts before a machine client, which rarely has the right.
 */
import type { FetchFunction } from "@mcpgw/auth/IssuerFetch"
import { AccountDirectory } from "@mcpgw/identity/AccountDirectory"
import { GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import { DEFAULT_REALM } from "@mcpgw/identity/keycloak/Blueprint"
import type { KeycloakAdminIdentity } from "@mcpgw/identity/keycloak/KeycloakAdmin"
import { layerKeycloak as accountsOf } from "@mcpgw/identity/keycloak/KeycloakAccounts"
import { layerKeycloak as groupsOf } from "@mcpgw/identity/keycloak/KeycloakGroups"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

type Settings = ReadonlyMap<string, string>

/** Who administers, and in which realm they are at home; undefined: nobody is named. */
const administrator = (
  settings: Settings,
  realm: string
): { readonly identity: KeycloakAdminIdentity; readonly home: string } | undefined => {
  const password = settings.get("KEYCLOAK_ADMIN_PASSWORD")
  if (password !== undefined) {
    const username = settings.get("KEYCLOAK_ADMIN") ?? "admin"
    return { identity: { username, password: Redacted.make(password) }, home: "master" }
  }
  const [clientId, secret] = [settings.get("KEYCLOAK_M2M_CLIENT_ID"), settings.get("KEYCLOAK_M2M_CLIENT_SECRET")]
  if (clientId === undefined || secret === undefined) return undefined
  return { identity: { clientId, clientSecret: Redacted.make(secret) }, home: realm }
}

const none = Layer.merge(GroupDirectory.layerNone, AccountDirectory.layerNone)

/** `manages`: which of the provider's groups people and agents are put into and taken out of from here. */
export const groupDirectory = (
  settings: Settings,
  fetch: FetchFunction,
  manages: (group: string) => boolean
): Layer.Layer<GroupDirectory | AccountDirectory> => {
  const providers = (settings.get("AUTH_PROVIDER") ?? "").split(",").map((name) => name.trim())
  const url = settings.get("KEYCLOAK_ADMIN_URL") ?? settings.get("KEYCLOAK_URL")
  const realm = settings.get("KEYCLOAK_REALM") ?? DEFAULT_REALM
  const who = administrator(settings, realm)
  if (!providers.includes("keycloak") || url === undefined || who === undefined) return none
  const options = { admin: { url, realm: who.home, fetch, ...who.identity }, realm }
  const publicUrl = settings.get("KEYCLOAK_EXTERNAL_URL") ?? settings.get("KEYCLOAK_URL")
  return Layer.merge(groupsOf(options), accountsOf({ ...options, publicUrl, manages }))
}
