/**
 * What somebody is on the servers they work on (`Collaborators`). A role never opens a server: it counts only where their scopes give them one,
 * and not at all for a credential that is limited to something. Changes nothing.
 */
import type { Claims } from "@mcpgw/domain/Principal"
import { Accounts } from "@mcpgw/identity/Accounts"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import type { Policy } from "@mcpgw/policy/Policy"
import { Collaborators, type Role } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { hasSignedIn } from "./signIn.ts"

/** Role by path of a server. */
export type Roles = (path: string) => Role | undefined

const NONE: Roles = () => undefined

/** Subjects of our own tokens that are nobody's account hold one of these: agents, and people of other issuers. */
const NO_ACCOUNT = /[:|]/

/** The account of somebody another issuer vouches for. When it can not be asked, they have none. */
const accountAt = ({ issuer, subject }: Claims) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const { issuers } = yield* FederatedLogin
    for (const [provider, spellings] of issuers) {
      if (!spellings.includes(issuer)) continue
      const account = yield* accounts.ofSubject(provider, subject)
      if (account !== undefined) return account.username
    }
    return undefined
  }).pipe(
    Effect.catchAll(({ cause }) =>
      Effect.as(Effect.logWarning("Accounts can not be reached: roles on servers are left out", cause), undefined)
    )
  )

/** Name of the account here: of another issuer's people it is not the name they are called there. */
const accountOf = (claims: Claims) =>
  Effect.flatMap(ControlPlaneConfig, ({ publicUrl }) => {
    if (claims.issuer !== publicUrl) return accountAt(claims)
    return Effect.succeed(NO_ACCOUNT.test(claims.subject) ? undefined : claims.subject)
  })

/** Roles by the policy that holds; what changes of collaborators and servers counts at once. */
export type StandingRoles = (policy: Policy) => Roles

/** Roles of whoever has these claims, for as long as they stay. Their account is looked up here and not again. */
export const standingRoles = (claims: Claims) =>
  Effect.gen(function* () {
    const none: StandingRoles = () => NONE
    if (claims.limits !== undefined) return none
    const collaborators = yield* Collaborators
    const registry = yield* Registry
    const who = { account: yield* accountOf(claims), groups: claims.groups }
    // What was lent to a client, or made to be kept, manages nothing by a role.
    const signedIn = hasSignedIn(claims)
    const roles: StandingRoles = (policy) => (path) => {
      if (collaborators.isEmpty()) return undefined
      const server = registry.get(path)
      if (server === undefined || !policy.hasGrant(claims, server.record.path)) return undefined
      const role = collaborators.roleOf(server.record, who)
      return role === "manager" && !signedIn ? "user" : role
    }
    return roles
  })

/** Roles of whoever has these claims. */
export const rolesOf = (claims: Claims, policy: Policy) =>
  Effect.flatMap(Collaborators, (collaborators) =>
    collaborators.isEmpty() ? Effect.succeed(NONE) : Effect.map(standingRoles(claims), (roles) => roles(policy))
  )
