/** **HealthWatch** — the hub of those who watch, kept going: follows the registry, the policy and the roles, asks often who may still watch. */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { inSlices } from "@mcpgw/registry/EventLoop"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { HealthHub, type Watcher } from "./healthHub.ts"

export class HealthWatch extends Context.Tag("@mcpgw/control/HealthWatch")<HealthWatch, HealthHub>() {}

/** Changes of a moment are told together. */
const GATHER = "100 millis"
const AT_ONCE = 1_000
/** Servers looked at, for whichever watchers, between two turns of the event loop: calls go first. */
const LOOKS = 5_000
const ROUNDS = "1 second"

/** Tells the watchers, a few at a time when there is much to look at for each. */
const tellEach = (hub: HealthHub, servers: number, tell: (some: ReadonlyArray<Watcher>) => void): Effect.Effect<void> =>
  Effect.suspend(() =>
    inSlices(hub.members(), Math.max(1, Math.floor(LOOKS / Math.max(1, servers))), (some) =>
      Effect.sync(() => tell(some))
    )
  )

const forEver = (step: Effect.Effect<void>, pause: Effect.Effect<void>): Effect.Effect<unknown, never, Scope.Scope> =>
  step.pipe(
    Effect.catchAllDefect((defect) => Effect.logError("The watchers of health could not be gone through", defect)),
    Effect.zipRight(pause),
    Effect.forever,
    Effect.forkScoped
  )

/** Everybody is let go when the scope ends. */
export const makeHealthWatch: Effect.Effect<
  HealthHub,
  never,
  AuthLayer | Collaborators | Registry | ScopePolicy | Scope.Scope
> = Effect.gen(function* () {
  const { holds } = yield* AuthLayer
  const { current } = yield* ScopePolicy
  const registry = yield* Registry
  const { revision } = yield* Collaborators
  const clock = yield* Effect.clock
  const now = (): number => clock.unsafeCurrentTimeMillis()
  const hub = new HealthHub({ snapshot: registry.snapshot, policy: current, roles: revision, now, holds })
  const changes = yield* registry.subscribe
  yield* changes.pipe(
    Stream.groupedWithin(AT_ONCE, GATHER),
    Stream.runForEach((batch) => {
      const paths = new Set(Chunk.map(batch, ({ path }) => path))
      return tellEach(hub, paths.size, (some) => hub.changed(paths, some))
    }),
    Effect.forkScoped
  )
  // Many moves while everybody is told of one are told together; the rounds wait for nobody.
  const moves = yield* Queue.sliding<void>(1)
  const refresh = Effect.suspend(() => tellEach(hub, registry.snapshot().servers.size, (some) => hub.refresh(some)))
  yield* forEver(Effect.zipRight(Queue.take(moves), refresh), Effect.void)
  const round = Effect.sync(() => {
    if (hub.round(now())) moves.unsafeOffer()
  })
  yield* forEver(round, Effect.sleep(ROUNDS))
  yield* Effect.addFinalizer(() => Effect.sync(() => hub.closeAll()))
  return hub
})
