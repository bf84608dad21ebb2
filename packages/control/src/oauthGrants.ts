/** The authorization server's `Grants` over the policy and the registry that hold now. Decides about no request. */
import { Grants } from "@mcpgw/identity/Grants"
import { USER_SCOPE } from "@mcpgw/policy/compile"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export const layer: Layer.Layer<Grants, never, Registry | ScopePolicy> = Layer.effect(
  Grants,
  Effect.gen(function* () {
    const policy = yield* ScopePolicy
    const registry = yield* Registry
    return {
      scopesOf: ({ groups }) => policy.current().scopesOf({ groups, scopes: [] }),
      meaningful: (groups) => {
        const now = policy.current()
        // The lowest group takes away where it gives nothing.
        return groups.filter(
          (group) => group === USER_SCOPE || now.scopesOf({ groups: [group], scopes: [] }).length > 0
        )
      },
      describe: (path, { groups }) => {
        const server = registry.get(path)
        const reachable = server !== undefined && policy.current().hasGrant({ groups, scopes: [] }, server.record.path)
        // Its name is told to those alone who may use it.
        return { title: reachable ? server.record.server_name : path.slice(1), reachable }
      }
    }
  })
)
