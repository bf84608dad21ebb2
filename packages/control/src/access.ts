/**
 * What the caller of this request may see and do, on one policy read once. A server someone has no right to is answered like one that does
 * not exist; one they have some right to, but not enough, says so (contracts.md §2.8).
 */
import { Forbidden, NotFound, problem } from "@mcpgw/api/ApiError"
import { CurrentPrincipal } from "@mcpgw/api/Authentication"
import type { Claims } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import type { Permission, Policy } from "@mcpgw/policy/Policy"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import type { Role } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { RequestTrail } from "./RequestTrail.ts"
import { rolesOf } from "./roles.ts"

/** Someone known, with the policy that holds now. */
export interface Actor {
  /** Groups and scopes, as the policy reads them. The same object for every request of a credential. */
  readonly claims: Pick<Claims, "groups" | "limits" | "scopes" | "username">
  readonly policy: Policy
  readonly isAdmin: boolean
  /** What they are on that server beside what their scopes say; undefined where their scopes give them nothing. */
  readonly roleOn: (path: string) => Role | undefined
}

/** An actor whose credential stands for itself. */
export interface Caller extends Actor {
  readonly claims: Claims
}

/** Whoever has these claims, with the policy that holds now. */
export const callerWith = (claims: Claims) =>
  Effect.gen(function* () {
    const policy = (yield* ScopePolicy).current()
    const who: Caller = { claims, policy, isAdmin: policy.isAdmin(claims), roleOn: yield* rolesOf(claims, policy) }
    return who
  })

/** The caller, with the policy that holds now. */
export const caller = Effect.flatMap(CurrentPrincipal, ({ claims }) => callerWith(claims))

/** A server by display name and path. */
type Named = Readonly<Record<"server_name" | "path", string>>

/** What a role lets do to its server, beside what scopes let. */
const BY_ROLE: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  manager: new Set(["list_service", "modify_service", "toggle_service", "health_check_service"]),
  user: new Set(["list_service"])
}

/** May the caller do this to that server, by its display name or path, or as who works on it? */
export const may = ({ claims, policy, roleOn }: Actor, permission: Permission, record: Named): boolean => {
  if (policy.permits(claims, permission, record.server_name, record.path)) return true
  const role = roleOn(record.path)
  return role !== undefined && BY_ROLE[role].has(permission)
}

/** Administrators see every server; others those they may list and have a grant on. */
export const sees = (who: Actor, { record }: { readonly record: Named }): boolean =>
  who.isAdmin || (may(who, "list_service", record) && who.policy.hasGrant(who.claims, record.path))

/** May the caller call that tool? Administrators are shown all of them. */
export const mayCall = (who: Actor, server: string, tool: string): boolean =>
  who.isAdmin || who.policy.decide(who.claims, { server, method: "tools/call", tool }).allowed

/** May the caller use that method, one that is not `tools/call`? */
export const mayUse = (who: Actor, server: string, method: string): boolean =>
  who.isAdmin || who.policy.decide(who.claims, { server, method, tool: undefined }).allowed

const unknown = new NotFound(problem("Service path not registered"))
const noAccess = new Forbidden(problem("You do not have access to this server"))

/** The server at `path`, when the caller may see it. Slashes around the path do not count. */
export const findServer = (who: Actor, path: string): Effect.Effect<RegisteredServer, NotFound | Forbidden, Registry> =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const server = (yield* Registry).get(path)
    if (server === undefined) return yield* unknown
    trail.server = server.record.path
    if (sees(who, server)) return server
    trail.rule = "api:visibility"
    const knowsOfIt = may(who, "list_service", server.record) || who.policy.hasGrant(who.claims, server.record.path)
    return yield* knowsOfIt ? noAccess : unknown
  })

/** The sentence of each permission's refusal; `name` is the server's display name. */
const REFUSALS: Record<Permission, (name: string) => string> = {
  list_service: () => "You do not have access to this server",
  register_service: () => "You do not have permission to register new services",
  toggle_service: (name) => `You do not have permission to toggle ${name}`,
  modify_service: (name) => `You do not have permission to modify ${name}`,
  health_check_service: (name) => `You do not have permission to refresh ${name}`,
  manage_group: (name) => `You do not have permission to manage ${name}`
}

/**
 * As `authorize`, by the display name alone: for a name that a server is to get, whose path proves nothing about it. To modify a server, its own
 * name is as good as its path.
 */
export const authorizeName = (
  who: Actor,
  permission: Permission,
  record: Named
): Effect.Effect<void, Forbidden, Registry> =>
  Effect.gen(function* () {
    const held = (yield* Registry).get(record.path)?.record.server_name
    const isOwnName = permission === "modify_service" && held === record.server_name
    if (isOwnName || who.policy.permits(who.claims, permission, record.server_name)) {
      return yield* authorize(who, permission, record)
    }
    const trail = yield* RequestTrail
    trail.rule = `api:${permission}`
    trail.server = record.path
    return yield* new Forbidden(problem(REFUSALS[permission](record.server_name)))
  })

/** Passes when the caller has the permission, refuses by name otherwise; either way the audit record says which one decided. */
export const authorize = (who: Actor, permission: Permission, record: Named): Effect.Effect<void, Forbidden> =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = `api:${permission}`
    trail.server = record.path
    if (!may(who, permission, record)) return yield* new Forbidden(problem(REFUSALS[permission](record.server_name)))
    trail.decision = "allow"
  })
