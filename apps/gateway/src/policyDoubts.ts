/** Says once for each revision of the policy which of its names lead nowhere. Judges nobody and changes nothing. */
import type { Policy } from "@mcpgw/policy/Policy"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Registry, type RegistryApi } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** In the policy as it is, with the servers there are now. */
export const doubtsNow = (policy: Policy, registry: RegistryApi): ReadonlyArray<string> => {
  const { servers } = registry.snapshot()
  return policy.doubts((path) => servers.has(path))
}

export const layerPolicyDoubts = Layer.scopedDiscard(
  Effect.gen(function* () {
    const policy = yield* ScopePolicy
    const registry = yield* Registry
    const tell = Effect.suspend(() => {
      const doubts = doubtsNow(policy.current(), registry)
      return doubts.length === 0
        ? Effect.void
        : Effect.logWarning(`The policy grants less than it says: ${doubts.join("; ")}`)
    })
    yield* Effect.forkScoped(
      Effect.zipRight(
        tell,
        Stream.runForEach(policy.changes, () => tell)
      )
    )
  })
)
