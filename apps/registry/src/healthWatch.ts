/** **HealthWatch** — the hub of those who watch, kept going: follows the registry and the policy, asks often who may still watch. */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Registry } from "@mcpgw/registry/Registry"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { HealthHub } from "./healthHub.ts"

export class HealthWatch extends Context.Tag("@mcpgw/registry-app/HealthWatch")<HealthWatch, HealthHub>() {}

/** Changes of a moment are told together. */
const GATHER = "100 millis"
const AT_ONCE = 10_000
const ROUNDS = "1 second"

/** Everybody is let go when the scope ends. */
export const makeHealthWatch: Effect.Effect<HealthHub, never, AuthLayer | Registry | ScopePolicy | Scope.Scope> =
  Effect.gen(function* () {
    const { holds } = yield* AuthLayer
    const { current } = yield* ScopePolicy
    const registry = yield* Registry
    const hub = new HealthHub({ snapshot: registry.snapshot, policy: current, holds })
    const changes = yield* registry.subscribe
    yield* changes.pipe(
      Stream.groupedWithin(AT_ONCE, GATHER),
      Stream.runForEach((batch) => Effect.sync(() => hub.changed(Chunk.map(batch, ({ path }) => path)))),
      Effect.forkScoped
    )
    yield* Clock.currentTimeMillis.pipe(
      Effect.map((now) => hub.round(now)),
      Effect.catchAllDefect((defect) => Effect.logError("The watchers of health could not be gone through", defect)),
      Effect.zipRight(Effect.sleep(ROUNDS)),
      Effect.forever,
      Effect.forkScoped
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => hub.closeAll()))
    return hub
  })
