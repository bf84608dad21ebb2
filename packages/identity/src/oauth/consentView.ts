/** What a client asks for, in terms of the person who is asked. Decides nothing but what the person could give. */
import type Provider from "oidc-provider"
import type { GrantsApi } from "../Grants.ts"
import { shownName } from "./clientName.ts"
import { targetOf } from "./consentMemory.ts"
import type { KnownClients } from "./knownClients.ts"
import type { BlockedView, ConsentView } from "./pages.ts"
import type { Person } from "./people.ts"
import { parseResource } from "./resources.ts"
import { grantable, MCP, resourceScopes, scopeList } from "./scopes.ts"

export interface Asked {
  readonly clientId: string
  readonly clientName: string
  readonly verifiedBy: string | undefined
  readonly redirect: string
  readonly resource: string
  /** Undefined: the whole gateway. */
  readonly path: string | undefined
  readonly server: string | undefined
  readonly reachable: boolean
  /** Asked for, of what leads somewhere. */
  readonly wanted: ReadonlyArray<string>
  /** What the person can give of it. */
  readonly scopes: ReadonlyArray<string>
}

export interface AskedParts {
  readonly provider: Provider
  readonly publicUrl: string
  readonly grants: GrantsApi
  readonly known: KnownClients
}

interface Request {
  readonly params: Readonly<Record<string, unknown>>
}

/** Undefined: the client is gone, or what it asks for is none of ours. */
export const askedBy = async (
  { provider, publicUrl, grants, known }: AskedParts,
  { params }: Request,
  { account }: Person
): Promise<Asked | undefined> => {
  const client = await provider.Client.find(String(params["client_id"]))
  const [resource, ...others] = [params["resource"]].flat()
  if (client === undefined || typeof resource !== "string" || others.length > 0) return undefined
  const parsed = parseResource(publicUrl, resource)
  if (parsed === undefined) return undefined
  const described = parsed.kind === "route" ? grants.describe(parsed.path, account) : undefined
  const wanted = resourceScopes(scopeList(typeof params["scope"] === "string" ? params["scope"] : undefined))
  const setUpHere = (await known.metadataOf(client.clientId)) !== undefined
  return {
    clientId: client.clientId,
    clientName: shownName(client),
    verifiedBy: setUpHere ? "an administrator of this gateway" : hostOf(client.clientId),
    redirect: targetOf(params),
    resource,
    path: parsed.kind === "route" ? parsed.path : undefined,
    server: described?.title,
    reachable: described?.reachable ?? true,
    wanted,
    scopes: grantable(wanted, grants.scopesOf(account))
  }
}

/** A client whose id is the address of its document is vouched for by that host. */
const hostOf = (clientId: string): string | undefined =>
  clientId.startsWith("https://") ? URL.parse(clientId)?.host : undefined

/** Undefined: there is something to allow. */
export const blockedView = (
  asked: Asked,
  { account }: Person
): Pick<BlockedView, "clientName" | "username" | "words"> | undefined => {
  const who = { clientName: asked.clientName, username: account.username }
  if (!asked.reachable) return { ...who, words: `the server ${asked.server ?? ""}` }
  if (asked.scopes.length > 0) return undefined
  return { ...who, words: asked.wanted.length === 0 ? "nothing was named" : asked.wanted.join(", ") }
}

export const consentView = (asked: Asked, { account }: Person): Omit<ConsentView, "action" | "token"> => ({
  clientName: asked.clientName,
  verifiedBy: asked.verifiedBy,
  redirect: asked.redirect,
  server: asked.server,
  scopes: asked.scopes.includes(MCP) ? undefined : asked.scopes,
  username: account.username
})
