/**
 * When a person is asked: to sign in, unless the gateway's own session is the same person; to consent, unless they did so for this client,
 * resource, scopes and place the answer goes to; and again, shortly, where any program could have come as that client. Never lets the provider's session alone stand for a person.
 */
import { interactionPolicy, type KoaContextWithOIDC } from "oidc-provider"
import type { KnownClients } from "./knownClients.ts"
import type { People } from "./people.ts"
import { resourceScopes, scopeList } from "./scopes.ts"

const { Check, Prompt } = interactionPolicy

/** The scopes asked for that lead somewhere here. */
export const askedScopes = (ctx: KoaContextWithOIDC): ReadonlyArray<string> => {
  const { scope } = ctx.oidc.params ?? {}
  return resourceScopes(scopeList(typeof scope === "string" ? scope : undefined))
}

/** Is the browser's person the one the provider's session is about? */
const isSamePerson = async (ctx: KoaContextWithOIDC, people: People): Promise<boolean> => {
  const { accountId } = ctx.oidc.session ?? {}
  const person = await people.person(ctx.get("cookie"))
  return person !== undefined && person.account.username === accountId
}

const isTooOld = ({ oidc }: KoaContextWithOIDC): boolean => {
  const age = oidc.params?.["max_age"]
  return age !== undefined && oidc.result?.login === undefined && oidc.session?.past(Number(age)) !== false
}

const isGranted = (ctx: KoaContextWithOIDC): boolean => {
  const { grant, resourceServers = {} } = ctx.oidc
  if (grant === undefined) return false
  return Object.keys(resourceServers).every((resource) => {
    const met = scopeList(grant.getResourceScopeEncountered(resource))
    return met.includes("mcp") || askedScopes(ctx).every((scope) => met.includes(scope))
  })
}

/**
 * Could another program on the person's computer have come under this client's name (RFC 8252 §8.6)? It could when the answer goes to a
 * loopback port or to whoever opens a scheme, and the client holds no secret: who described the client does not vouch for who listens there.
 */
export const isClaimable = async ({ oidc }: KoaContextWithOIDC, known: KnownClients): Promise<boolean> => {
  const uri = oidc.params?.["redirect_uri"]
  const { client } = oidc
  if (typeof uri !== "string" || client === undefined || uri.startsWith("https:")) return false
  return client.clientAuthMethod === "none" && (await known.find(client.clientId)) === undefined
}

/** The only reason to ask of a person who has agreed to all of it before. */
export const RECONNECT = "reconnect"

export const makePolicy = (people: People, known: KnownClients): Array<interactionPolicy.Prompt> => [
  new Prompt(
    { name: "login", requestable: true },
    new Check("no_session", "End-User authentication is required", async (ctx) => !(await isSamePerson(ctx, people))),
    new Check("max_age", "End-User authentication is too old", isTooOld)
  ),
  new Prompt(
    { name: "consent", requestable: true },
    new Check("not_agreed", "End-User consent is required", (ctx) => !isGranted(ctx)),
    new Check(
      RECONNECT,
      "End-User interaction is required: the client can not be told from another program",
      "interaction_required",
      async (ctx) => ctx.oidc.result?.consent === undefined && (await isClaimable(ctx, known))
    )
  )
]
