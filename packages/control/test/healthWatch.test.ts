/** The hub kept going: what a round does while the watchers are still being told of something else. */
import { it } from "@effect/vitest"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import type { Claims } from "@mcpgw/domain/Principal"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { describe, expect, vi } from "vitest"
import type { Farewell } from "../src/healthHub.ts"
import { makeHealthWatch } from "../src/healthWatch.ts"
import { claims, server } from "./support/hub.ts"
import { layer } from "./support/plane.ts"

/** The event loop turns between two watchers when there are so many to look at; here it does not until it is let. */
const held = Effect.acquireRelease(
  Effect.sync(() => vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] })),
  () => Effect.sync(() => vi.useRealTimers())
)

describe("contracts §2.11: who watches health, over time", () => {
  it.scoped("SECURITY: who lost the right to watch is let go within a second, while others wait to be told", () =>
    Effect.gen(function* () {
      const servers = new Map(Array.from({ length: 5_000 }, (_, i) => [`/s${i}`, server(`s${i}`)]))
      const [registry, auth, collaborators] = [yield* Registry, yield* AuthLayer, yield* Collaborators]
      const lost = new Set<Claims>()
      let revision = 0
      yield* held
      const hub = yield* makeHealthWatch.pipe(
        Effect.provideService(Registry, { ...registry, snapshot: () => ({ revision: 0, servers }) }),
        Effect.provideService(AuthLayer, { ...auth, holds: (one) => !lost.has(one) }),
        Effect.provideService(Collaborators, { ...collaborators, revision: () => revision })
      )
      const whos = ["a", "b", "c"].map((name) => claims("mcp-registry-admin", { subject: name }))
      const told = new Map<Claims, number>()
      const ended = new Map<Claims, Farewell>()
      for (const who of whos) {
        hub.join(who, () => () => undefined, {
          kind: "events",
          send: () => void told.set(who, (told.get(who) ?? 0) + 1),
          waiting: () => 0,
          beat: () => {},
          close: (why) => void ended.set(who, why)
        })
      }
      servers.set("/s0", server("s0", "unhealthy: timeout"))
      revision++
      yield* TestClock.adjust("1 second")
      expect(whos.map((who) => told.get(who))).toEqual([2, 1, 1])
      for (const who of whos.slice(0, 2)) lost.add(who)
      yield* TestClock.adjust("1 second")
      expect(whos.map((who) => ended.get(who))).toEqual(["rights", "rights", undefined])
      vi.runAllTimers()
      yield* TestClock.adjust("1 second")
      vi.runAllTimers()
      yield* TestClock.adjust("1 second")
      expect(whos.map((who) => told.get(who))).toEqual([2, 1, 2])
    }).pipe(Effect.provide(layer()))
  )
})
