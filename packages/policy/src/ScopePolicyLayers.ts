/**
 * `ScopePolicy` over a policy that is given: a text, rules, or nothing at all. Also the one place where the service is
 * made from a policy and a way to load the next. Reads no file; `ScopePolicyFile` does.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { AuthorizedCall } from "./AuthorizedCall.ts"
import { compile } from "./compile.ts"
import { InvalidPolicy } from "./InvalidPolicy.ts"
import type { Policy } from "./Policy.ts"
import { fromRules, type PolicyDocument, type PolicyRules } from "./PolicyDocument.ts"
import { PolicyError } from "./PolicyError.ts"
import { parsePolicyText } from "./PolicyText.ts"
import { ScopePolicy, type ScopePolicyApi } from "./ScopePolicy.ts"

/** Revisions a slow listener may fall behind by; older ones are dropped, the newest never. */
const CHANGES_KEPT = 16

/** Compiles what `read` returns; an `InvalidPolicy` becomes a `PolicyError`, anything else thrown is a defect. */
export const compileWith = (read: () => PolicyDocument): Effect.Effect<Policy, PolicyError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(compile(read()))
    } catch (cause) {
      if (!(cause instanceof InvalidPolicy)) throw cause
      const { source, field, problem } = cause
      return Effect.fail(new PolicyError({ source, field, problem }))
    }
  })

/** The state behind the service: the policy that holds, and how the newest attempt to replace it ended. */
export interface PolicyCell {
  /** A new policy takes effect: one reference is swapped. */
  readonly accept: (policy: Policy) => Effect.Effect<number>
  /** The last good policy goes on to hold; `status` says why. */
  readonly reject: (error: PolicyError) => void
  /** What is in force is what was asked for. */
  readonly settle: () => void
  /** The service; `reload` is what its owner does to look again. */
  readonly service: (reload: ScopePolicyApi["reload"]) => ScopePolicyApi
}

/** Holds `first` as revision 1. */
export const makeCell = (first: Policy): Effect.Effect<PolicyCell, never, Scope.Scope> =>
  Effect.gen(function* () {
    const published = yield* Effect.acquireRelease(PubSub.sliding<number>(CHANGES_KEPT), PubSub.shutdown)
    let policy = first
    let revision = 1
    let problem: string | undefined
    return {
      accept: (next) => {
        policy = next
        revision += 1
        problem = undefined
        return Effect.as(PubSub.publish(published, revision), revision)
      },
      reject: (error) => {
        problem = error.message
      },
      settle: () => {
        problem = undefined
      },
      service: (reload) => ({
        current: () => policy,
        decide: (principal, access) => AuthorizedCall.judge(policy, principal, access),
        status: () => ({ revision, problem }),
        reload,
        changes: Stream.fromPubSub(published)
      })
    }
  })

const layerFixed = (read: () => PolicyDocument): Layer.Layer<ScopePolicy, PolicyError> =>
  Layer.scoped(
    ScopePolicy,
    Effect.gen(function* () {
      const cell = yield* makeCell(yield* compileWith(read))
      return cell.service(Effect.void)
    })
  )

/** A policy from YAML text. Fails with the field that is wrong. */
export const layerText = (yaml: string, source = "text"): Layer.Layer<ScopePolicy, PolicyError> =>
  layerFixed(() => parsePolicyText(yaml, source))

/** A policy from rules written in code, held to the same conditions as a file. */
export const layerOf = (rules: PolicyRules): Layer.Layer<ScopePolicy, PolicyError> => layerFixed(() => fromRules(rules))

/** Grants nothing to anyone. */
export const layerDenyAll: Layer.Layer<ScopePolicy> = Layer.scoped(
  ScopePolicy,
  Effect.map(makeCell(compile({ groupMappings: new Map(), uiScopes: new Map(), scopes: new Map() })), (cell) =>
    cell.service(Effect.void)
  )
)
