/** A hub of watchers over servers and a policy that a test changes. */
import type { Claims } from "@mcpgw/domain/Principal"
import type { HealthStatus, RegisteredServer } from "@mcpgw/domain/Server"
import { ServerPath } from "@mcpgw/domain/Ids"
import type { Policy } from "@mcpgw/policy/Policy"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { layerText } from "@mcpgw/policy/ScopePolicyLayers"
import { makeRecord } from "@mcpgw/registry/Registration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Role } from "@mcpgw/registry/Collaborators"
import { type Farewell, HealthHub, type Limits, limits } from "../../src/healthHub.ts"
import type { StandingRoles } from "../../src/roles.ts"

export const policyOf = (scopes: Readonly<Record<string, ReadonlyArray<string>>>): Effect.Effect<Policy, unknown> =>
  Effect.map(ScopePolicy, (policies) => policies.current()).pipe(
    Effect.provide(
      layerText(`
UI-Scopes:
${Object.entries(scopes)
  .map(([scope, servers]) => `  ${scope}:\n    list_service: [${servers.join(", ")}]`)
  .join("\n")}
${Object.entries(scopes)
  .map(
    ([scope, servers]) =>
      `${scope}:\n${servers.map((server) => `  - {server: ${server === "all" ? `"*"` : server}, methods: [tools/list]}`).join("\n")}`
  )
  .join("\n")}
`)
    )
  )

export const claims = (scope: string, more: Partial<Claims> = {}): Claims => ({
  issuer: "i",
  subject: scope,
  username: scope,
  clientId: "c",
  groups: [],
  scopes: [scope],
  audience: [],
  expiresAt: 4_000_000_000,
  tokenId: undefined,
  method: "gateway_token",
  ...more
})

export const server = (name: string, status: HealthStatus = "healthy"): RegisteredServer => {
  const registration = { server_name: name, path: `/${name}`, proxy_pass_url: "http://a/" }
  const record = Either.getOrThrow(makeRecord(registration, "x", "2026-01-01T00:00:00.000Z"))
  return { record: { ...record, path: ServerPath.make(`/${name}`) }, health: { status, last_checked_iso: null } }
}

export const stand = (policy: Policy, names: ReadonlyArray<string>, given: Partial<Limits> = {}) => {
  const state = {
    policy,
    servers: new Map(names.map((name) => [`/${name}`, server(name)])),
    lost: new Set<Claims>(),
    now: 0,
    /** Of everybody, by path. */
    roles: new Map<string, Role>(),
    rolesRevision: 0
  }
  const rolesOf: StandingRoles = () => (path) => state.roles.get(path)
  const hub = new HealthHub(
    {
      snapshot: () => ({ revision: 0, servers: state.servers }),
      policy: () => state.policy,
      roles: () => state.rolesRevision,
      now: () => state.now,
      holds: (one) => !state.lost.has(one)
    },
    { ...limits, ...given }
  )
  const join = (who: Claims) => {
    const watcher = { told: [] as Array<string>, ended: undefined as Farewell | undefined, waiting: 0 }
    const leave = hub.join(who, rolesOf, {
      kind: "events",
      send: (message) => watcher.told.push(message),
      waiting: () => watcher.waiting,
      beat: () => {},
      close: (why) => (watcher.ended = why)
    })
    const known = (): Record<string, { readonly status: string }> => {
      const all = Object.assign({}, ...watcher.told.map((message) => JSON.parse(message)))
      return Object.fromEntries(Object.entries<{ readonly status: string }>(all).filter(([, entry]) => entry !== null))
    }
    return Object.assign(watcher, { leave, known })
  }
  const mapFor = (who: Claims): string =>
    hub.mapFor({ claims: who, policy: state.policy, isAdmin: state.policy.isAdmin(who), roleOn: rolesOf(state.policy) })
  return { state, hub, join, mapFor }
}
