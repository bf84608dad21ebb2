/**
 * What an access token says besides the standard: who the person is, their groups when the scope is `mcp`, and the scopes they still hold
 * otherwise. Read anew from the account whenever a token is made. Each is noted, so that ending its grant can revoke it.
 */
import * as Effect from "effect/Effect"
import { errors, type Configuration, type KoaContextWithOIDC } from "oidc-provider"
import type { Account } from "../Accounts.ts"
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

/** What a token says of whom it is for. */
interface Given {
  readonly subject: string
  readonly scope: string
  readonly claims: { readonly preferred_username: string; readonly groups?: Array<string> }
}

const NOTHING = { subject: "nobody", scope: "" }

/** Characters; beyond some 16,000 no server reads a head, nor `Credential` a token. */
const MOST_GROUPS = 2_048

/** All of them, so that what the policy will say of them holds at once; of too many those alone that it has a word for now. */
const carried = (grants: GrantsApi, groups: ReadonlyArray<string>): ReadonlyArray<string> =>
  JSON.stringify(groups).length <= MOST_GROUPS ? groups : grants.meaningful(groups)

/** Groups with `mcp`, and otherwise the names alone that its groups hold. */
const ofMember = (grants: GrantsApi, member: Account, subject: string, asked: ReadonlyArray<string>): Given => {
  const scopes = grantable(asked, grants.scopesOf(member))
  const groups = scopes.includes(MCP) ? { groups: [...carried(grants, member.groups)] } : {}
  return { subject, scope: scopes.join(" "), claims: { preferred_username: member.username, ...groups } }
}

/** Where a token is for a person, that person; where for a client alone, the client. */
export const accessTokenHooks = (parts: AccessTokenParts): Hooks => {
  const given = new WeakMap<object, Pick<Given, "scope" | "subject">>()
  const ofPerson = async (username: string, asked: ReadonlyArray<string>) => {
    const account = await parts.people.account(username)
    if (account === undefined) throw new errors.InvalidGrant("the account is gone")
    return ofMember(parts.grants, account, account.username, asked)
  }
  const ofClient = async (clientId: string, asked: ReadonlyArray<string>) => {
    const client = await parts.known.find(clientId)
    if (client === undefined) throw new errors.InvalidClient("the client is gone")
    const { subject, groups } = client
    return ofMember(parts.grants, { username: subject, groups }, subject, asked.length === 0 ? [MCP] : asked)
  }
  return {
    extraTokenClaims: async (ctx: KoaContextWithOIDC, token) => {
      const asked = scopeList(token.scope)
      const { claims, ...rest } =
        token.kind === "AccessToken"
          ? await ofPerson(token.accountId, asked)
          : await ofClient(token.clientId ?? "", asked)
      given.set(token, rest)
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
          const { scope, subject } = given.get(token) ?? NOTHING
          const held: { scope?: string | undefined } = token
          held.scope = scope
          payload.scope = scope
          payload.sub = subject
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
