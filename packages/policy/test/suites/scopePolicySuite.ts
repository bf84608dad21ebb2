/** What every layer of `ScopePolicy` keeps to, whatever its policy says. Run it over each of them. */
import type { Claims } from "@mcpgw/domain/Principal"
import { Principal } from "@mcpgw/domain/Principal"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { AuthorizedCall } from "../../src/AuthorizedCall.ts"
import type { PolicyError } from "../../src/PolicyError.ts"
import { ScopePolicy } from "../../src/ScopePolicy.ts"

const claims = (groups: ReadonlyArray<string>, scopes: ReadonlyArray<string>): Claims => ({
  issuer: "https://issuer.test",
  subject: "s-1",
  username: "ann",
  clientId: "client",
  groups,
  scopes,
  audience: ["https://gateway.test"],
  expiresAt: 4_000_000_000,
  tokenId: undefined,
  method: "oidc"
})

export const principal = (groups: ReadonlyArray<string>, scopes: ReadonlyArray<string> = []): Principal =>
  Principal.unsafeMake(claims(groups, scopes))

/** The policy every layer but `layerDenyAll` is given: group `g` may call `alpha` on `one`. */
export const SUITE_YAML = "group_mappings: { g: [s] }\ns: [{ server: one, methods: [tools/list], tools: [alpha] }]\n"

const alpha = { server: "/one", method: "tools/call", tool: "alpha" }
const beta = { server: "/one", method: "tools/call", tool: "beta" }

export const scopePolicySuite = <E extends PolicyError>(
  name: string,
  layer: Layer.Layer<ScopePolicy, E>,
  grants: boolean
) =>
  describe(`ScopePolicy contract: ${name}`, () => {
    const withPolicy = <A, F>(body: (policy: typeof ScopePolicy.Service) => Effect.Effect<A, F>) =>
      Effect.provide(Effect.flatMap(ScopePolicy, body), layer)

    it.scoped("decide makes the call the policy allows, and a denial with its rule otherwise", () =>
      withPolicy((policy) =>
        Effect.sync(() => {
          const ann = principal(["g"])
          const allowed = policy.decide(ann, alpha)
          assert.strictEqual(allowed instanceof AuthorizedCall, grants)
          assert.strictEqual(allowed.principal, ann)
          assert.strictEqual(allowed.access, alpha)
          assert.strictEqual(allowed.decision.rule, grants ? "s[0].tools" : "no-scopes")
          const denied = policy.decide(ann, beta)
          assert.strictEqual(denied._tag, "Denied")
          assert.isFalse(denied.decision.allowed)
        })
      )
    )

    it.scoped("decide and current().decide are one", () =>
      withPolicy((policy) =>
        Effect.sync(() => {
          for (const who of [principal(["g"]), principal([]), principal([], ["s"])]) {
            for (const access of [alpha, beta, { server: "/two", method: "ping", tool: undefined }]) {
              assert.deepEqual(policy.decide(who, access).decision, policy.current().decide(who.claims, access))
            }
          }
        })
      )
    )

    it.scoped("design §6: nobody without scopes is allowed anything", () =>
      withPolicy((policy) =>
        Effect.sync(() => {
          assert.strictEqual(policy.decide(principal([]), alpha)._tag, "Denied")
          assert.isFalse(policy.current().isAdmin(principal([], ["mcp-registry-admin"]).claims))
        })
      )
    )

    it.scoped("begins at revision 1 without a problem, and a reload of the same changes neither", () =>
      withPolicy((policy) =>
        Effect.gen(function* () {
          assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
          const before = policy.current()
          yield* policy.reload
          assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
          assert.strictEqual(policy.current(), before)
        })
      )
    )
  })
