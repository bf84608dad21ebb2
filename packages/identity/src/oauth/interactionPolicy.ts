/**
 * When a person is asked: to sign in, unless the gateway's own session is the same person; to consent, unless they did so for this client,
 * resource, scopes and place the answer goes to. Never lets the provider's session alone stand for a person.
 */
import { interactionPolicy, type KoaContextWithOIDC } from "oidc-provider"
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

export const makePolicy = (people: People): Array<interactionPolicy.Prompt> => [
  new Prompt(
    { name: "login", requestable: true },
    new Check("no_session", "End-User authentication is required", async (ctx) => !(await isSamePerson(ctx, people))),
    new Check("max_age", "End-User authentication is too old", isTooOld)
  ),
  new Prompt(
    { name: "consent", requestable: true },
    new Check("not_agreed", "End-User consent is required", (ctx) => !isGranted(ctx))
  )
]
