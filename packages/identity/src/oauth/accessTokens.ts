/**
 * What an access token says besides the standard: who the person is, their groups when the scope is `mcp`, and the scopes they still hold
 * otherwise. Read anew from the account whenever a token is made. Each is noted, so that ending its grant can revoke it.
 */
import * as Effect from "effect/Effect"
import { errors, type Configuration, type KoaContextWithOIDC } from "oidc-provider"
import type { GrantsApi } from "../Grants.ts"
import type { ArtifactStore } from "./ArtifactStore.ts"
import type { KnownClients } from "./knownClients.ts"
import type { People } from "./people.ts"
import { noteOf } from "./notes.ts"
import { parseResource } from "./resources.ts"
import { grantable, MCP, scopeList } from "./scopes.ts"

export interface AccessTokenParts {
  readonly publicUrl: string
  readonly people: People
  readonly grants: GrantsApi
  readonly known: KnownClients
  readonly artifacts: ArtifactStore
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
}

type Hooks = Pick<Configuration, "extraTokenClaims" | "formats">

interface Narrowed {
  scope?: string | undefined
}

/** Where a token is for a person, that person; where for a client alone, the client. */
export const accessTokenHooks = (parts: AccessTokenParts): Hooks => {
  const narrowed = new WeakMap<object, string>()
  const ofPerson = async (username: string, asked: ReadonlyArray<string>) => {
    const account = await parts.people.account(username)
    if (account === undefined) throw new errors.InvalidGrant("the account is gone")
    const scopes = grantable(asked, parts.grants.scopesOf(account))
    const groups = scopes.includes(MCP) ? { groups: [...account.groups] } : {}
    return { scopes, claims: { preferred_username: account.username, ...groups } }
  }
  const ofClient = async (clientId: string, name: string | undefined, asked: ReadonlyArray<string>) => {
    const held = await parts.known.scopesOf(clientId)
    // A client has no groups of its own: without names it gets all it holds.
    const scopes = asked.includes(MCP) || asked.length === 0 ? held : asked.filter((scope) => held.includes(scope))
    return { scopes, claims: { preferred_username: name ?? clientId } }
  }
  return {
    extraTokenClaims: async (ctx: KoaContextWithOIDC, token) => {
      const asked = scopeList(token.scope)
      const { scopes, claims } =
        token.kind === "AccessToken"
          ? await ofPerson(token.accountId, asked)
          : await ofClient(token.clientId ?? "", ctx.oidc.client?.clientName, asked)
      narrowed.set(token, scopes.join(" "))
      const noted = noteOf(ctx)
      noted.decision = "allow"
      noted.clientId = token.clientId
      noted.username = claims.preferred_username
      noted.server = routeOf(parts.publicUrl, token.aud)
      return { token_use: "access", token_type: "oauth", ...claims }
    },
    formats: {
      customizers: {
        jwt: async (_ctx, token, { payload }) => {
          const scope = narrowed.get(token) ?? ""
          const held: Narrowed = token
          held.scope = scope
          payload.scope = scope
          await note(parts, token, payload)
        }
      }
    }
  }
}

const routeOf = (publicUrl: string, audience: unknown): string | undefined => {
  const resource = typeof audience === "string" ? parseResource(publicUrl, audience) : undefined
  return resource?.kind === "route" ? resource.path : undefined
}

/** Before the token leaves: one that could not be noted could not be revoked with its grant. */
const note = (
  { artifacts, run }: AccessTokenParts,
  token: { readonly kind: string },
  payload: Readonly<Record<string, unknown>>
): Promise<void> => {
  const of = (name: string): string | undefined => {
    const value: unknown = Reflect.get(token, name)
    return typeof value === "string" ? value : undefined
  }
  const id = String(payload["jti"])
  const clientId = of("clientId")
  const stored = {
    kind: token.kind,
    jti: id,
    iat: payload["iat"],
    exp: payload["exp"],
    aud: payload["aud"],
    scope: payload["scope"],
    clientId,
    accountId: of("accountId"),
    grantId: of("grantId"),
    gty: of("gty"),
    extra: Reflect.get(token, "extra")
  }
  const keys = {
    grantId: stored.grantId,
    uid: undefined,
    userCode: undefined,
    account: stored.accountId?.toLowerCase(),
    clientId,
    resource: typeof payload["aud"] === "string" ? payload["aud"] : undefined
  }
  return run(Effect.asVoid(artifacts.put(token.kind, id, stored, keys, Number(payload["exp"]))))
}
