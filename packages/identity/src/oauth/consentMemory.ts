/**
 * What was agreed to, between the store and the provider. Every authorization gets a grant of its own, so that a stolen refresh token ends
 * what it came from and not what the person uses elsewhere. A consent is for one client: another's id finds nothing (S-03).
 */
import type * as Effect from "effect/Effect"
import type { Grant, KoaContextWithOIDC } from "oidc-provider"
import type { GrantsApi } from "../Grants.ts"
import type { ConsentKey, ConsentStore } from "./ConsentStore.ts"
import { askedScopes, isClaimable } from "./interactionPolicy.ts"
import type { KnownClients } from "./knownClients.ts"
import type { People } from "./people.ts"
import { redirectTarget } from "./redirects.ts"
import { consentResource } from "./resources.ts"
import { grantable, OIDC_SCOPES, resourceScopes, scopeList } from "./scopes.ts"

export interface ConsentMemory {
  /** The grant of this request: the one just agreed to, or a new one on what was agreed to before. */
  readonly grantFor: (ctx: KoaContextWithOIDC) => Promise<Grant | undefined>
}

export interface ConsentParts {
  readonly store: ConsentStore
  readonly people: People
  readonly known: KnownClients
  readonly grants: GrantsApi
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly now: () => number
}

type Params = Readonly<Record<string, unknown>>

/** Where the answer goes; a device's goes nowhere. */
export const targetOf = (params: Params): string =>
  typeof params["redirect_uri"] === "string" ? redirectTarget(params["redirect_uri"]) : "device"

export const consentKey = (username: string, clientId: string, resource: string, params: Params): ConsentKey => ({
  account: username.toLowerCase(),
  clientId,
  resource: consentResource(resource),
  redirect: targetOf(params)
})

/** Adds what was agreed to, and notes what can not be given: it is not asked for again. Of the provider's own scopes, all that were asked for. */
export const fillGrant = (grant: Grant, resource: string, scopes: ReadonlyArray<string>, asked: unknown): void => {
  grant.addResourceScope(resource, scopes.join(" "))
  const all = scopeList(typeof asked === "string" ? asked : undefined)
  const rest = resourceScopes(all).filter((scope) => !scopes.includes(scope))
  if (rest.length > 0) grant.rejectResourceScope(resource, rest.join(" "))
  const oidc = OIDC_SCOPES.filter((scope) => all.includes(scope))
  if (oidc.length > 0) grant.addOIDCScope(oidc.join(" "))
}

export const makeConsentMemory = ({ store, people, known, grants, run, now }: ConsentParts): ConsentMemory => {
  const remembered = async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { client, params, prompts, provider, resourceServers = {} } = ctx.oidc
    const [resource, ...others] = Object.keys(resourceServers)
    const person = await people.person(ctx.get("cookie"))
    if (client === undefined || params === undefined || resource === undefined || others.length > 0) return undefined
    if (person === undefined || person.account.username !== ctx.oidc.session?.accountId) return undefined
    if (prompts.has("consent") || ctx.oidc.promptPending("login") || isDevice(ctx)) return undefined
    const key = consentKey(person.account.username, client.clientId, resource, params)
    const agreed = await run(store.find(key))
    const wanted = grantable(askedScopes(ctx), grants.scopesOf(person.account))
    if (wanted.length === 0 || !wanted.every((scope) => agreed.includes(scope) || agreed.includes("mcp"))) {
      return undefined
    }
    const grant = new provider.Grant({ accountId: person.account.username, clientId: client.clientId })
    fillGrant(grant, resource, wanted, params["scope"])
    // The person is asked whether to connect again, and that makes the grant.
    if (await isClaimable(ctx, known)) return grant
    await grant.save()
    await run(store.used(key, now()))
    return grant
  }
  return {
    grantFor: async (ctx) => {
      const granted = ctx.oidc.result?.consent?.grantId
      return granted === undefined ? remembered(ctx) : ctx.oidc.provider.Grant.find(granted)
    }
  }
}

/** A device code is typed in by whoever was given it: each time is a new question. */
const isDevice = (ctx: KoaContextWithOIDC): boolean => /^(?:code|device)_/.test(ctx.oidc.route)
