/** The hub of watchers alone: who is let in, what each is told, who is let go. */
import { it } from "@effect/vitest"
import type { HealthStatus } from "@mcpgw/domain/Server"
import type { Policy } from "@mcpgw/policy/Policy"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import { limits } from "../src/healthHub.ts"
import { claims, policyOf, server, stand } from "./support/hub.ts"

describe("contracts §2.11: the hub", () => {
  it.effect("tells a change once, to who may see it, and nothing when only the time of the check is new", () =>
    Effect.gen(function* () {
      const { hub, join, state } = stand(yield* policyOf({ a: ["one"], b: ["two"] }), ["one", "two"])
      const [a, b] = [join(claims("a")), join(claims("b"))]
      state.servers.set("/one", { ...server("one"), health: { status: "healthy", last_checked_iso: "2026" } })
      hub.changed(["/one"])
      expect([a.told.length, b.told.length]).toEqual([1, 1])
      state.servers.set("/one", server("one", "unhealthy: timeout"))
      hub.changed(["/one", "/one"])
      hub.changed(["/one"])
      expect([a.told.length, b.told.length]).toEqual([2, 1])
      state.servers.delete("/one")
      hub.changed(["/one"])
      expect(a.told.at(-1)).toBe(`{"/one":null}`)
      expect(b.told.join()).not.toContain("/one")
    })
  )

  it.effect("SECURITY: whoever loses the right to see a server is told that it is gone, and nothing of it after", () =>
    Effect.gen(function* () {
      const { hub, join, state } = stand(yield* policyOf({ a: ["one"] }), ["one", "two"])
      const a = join(claims("a"))
      state.policy = yield* policyOf({ a: ["two"] })
      expect(hub.round(0)).toBe(true)
      expect(hub.round(0)).toBe(false)
      hub.refresh()
      expect(a.told.at(-1)).toMatch(/^\{"\/one":null,"\/two":\{/)
      state.servers.set("/one", server("one", "unhealthy: timeout"))
      hub.changed(["/one"])
      expect(a.told.length).toBe(2)
    })
  )

  it.effect("SECURITY: expired or taken back, a watcher is let go within a round", () =>
    Effect.gen(function* () {
      const { hub, join, state } = stand(yield* policyOf({ a: ["one"] }), ["one"])
      const who = claims("a")
      const [gone, expired, stays] = [join(who), join(claims("a", { expiresAt: 10 })), join(claims("a"))]
      hub.round(9_999)
      expect([gone.ended, expired.ended, stays.ended]).toEqual([undefined, undefined, undefined])
      state.lost.add(who)
      hub.round(10_000)
      expect([gone.ended, expired.ended, stays.ended]).toEqual(["rights", "rights", undefined])
      expect(hub.stats()).toMatchObject({ connections: 1, ended_without_rights_total: 2 })
    })
  )

  it.effect("SECURITY: whoever lost the right to watch is told nothing more, also between two rounds", () =>
    Effect.gen(function* () {
      const { hub, join, state } = stand(yield* policyOf({ a: ["one"] }), ["one"])
      const tellings = [() => hub.changed(["/one"]), () => hub.refresh()]
      const statuses = ["unhealthy: timeout", "healthy"] as const
      for (const [i, tell] of tellings.entries()) {
        state.now = 0
        const who = claims("a")
        const [lost, expired, stays] = [join(who), join(claims("a", { expiresAt: 10 })), join(claims("a"))]
        state.lost.add(who)
        state.now = 10_000
        state.servers.set("/one", server("one", statuses[i]))
        tell()
        expect([lost.ended, expired.ended, stays.ended]).toEqual(["rights", "rights", undefined])
        expect([lost.told.length, expired.told.length, stays.told.length]).toEqual([1, 1, 2])
        const late = join(who)
        expect([late.ended, late.told]).toEqual(["rights", []])
      }
      expect(hub.stats()).toMatchObject({ connections: 2, ended_without_rights_total: 6 })
    })
  )

  it.effect("a watcher that takes nothing is let go: at once with too much waiting, else after a while", () =>
    Effect.gen(function* () {
      const given = { waitingBytes: 100, waitingMs: 5_000 }
      const { hub, join } = stand(yield* policyOf({ a: ["one"] }), ["one"], given)
      const [full, stuck, slow] = [join(claims("a")), join(claims("a")), join(claims("a"))]
      full.waiting = 101
      stuck.waiting = slow.waiting = 1
      hub.round(0)
      slow.waiting = 0
      hub.round(3_000)
      slow.waiting = 1
      hub.round(5_000)
      expect([full.ended, stuck.ended, slow.ended]).toEqual(["slow", "slow", undefined])
      expect(hub.stats().dropped_slow_total).toBe(2)
    })
  )

  it.effect("S-16: bounded in all and for each person, and a place that is left is free again", () =>
    Effect.gen(function* () {
      const { hub, join } = stand(yield* policyOf({ a: ["one"], b: ["one"] }), ["one"], { watchers: 5, perPerson: 3 })
      const [a, b] = [claims("a"), claims("b")]
      const first = [join(a), join(a), join(a)]
      expect([hub.hasRoom(a), hub.hasRoom(b)]).toEqual([false, true])
      join(b)
      join(b)
      expect(hub.hasRoom(b)).toBe(false)
      for (const { leave } of first) {
        leave()
        leave()
      }
      expect(hub.hasRoom(b)).toBe(true)
      expect(hub.stats()).toMatchObject({ connections: 2, accepted_total: 5, refused_at_capacity_total: 2 })
      hub.closeAll()
      expect(hub.stats().connections).toBe(0)
    })
  )

  it.effect(
    "S-16: one person has a small part of the places; what waits for all is bounded, and who takes least goes",
    () =>
      Effect.gen(function* () {
        expect(limits.watchers / limits.perPerson).toBeGreaterThanOrEqual(50)
        expect(limits.totalBytes).toBeLessThan((limits.watchers * limits.waitingBytes) / 10)
        const { hub, join, state } = stand(yield* policyOf({ a: ["one"], b: ["one"] }), ["one"], { totalBytes: 1_000 })
        const [most, much, some, none] = [join(claims("a")), join(claims("a")), join(claims("b")), join(claims("b"))]
        most.waiting = 600
        much.waiting = 300
        some.waiting = 90
        hub.round(0)
        expect([most.ended, much.ended, some.ended, none.ended]).toEqual([undefined, undefined, undefined, undefined])
        state.servers.set("/one", server("one", "unhealthy: timeout"))
        some.waiting = 200
        hub.changed(["/one"])
        expect([most.ended, much.ended, some.ended, none.ended]).toEqual(["slow", undefined, undefined, undefined])
        expect(hub.stats()).toMatchObject({ connections: 3, dropped_slow_total: 1 })
        // The next message finds room, and so does the next watcher.
        expect([much.told.length, some.told.length, none.told.length]).toEqual([2, 2, 2])
        expect(hub.hasRoom(claims("c"))).toBe(true)
      })
  )

  it.effect("issue 6: who works on a server sees its health, from when they do until they do not", () =>
    Effect.gen(function* () {
      // A grant on both, and the right to list one of them alone.
      const policy = yield* policyOf({ a: ["one"], b: ["two"] })
      const who = claims("a")
      const granted: Policy = {
        ...policy,
        isAdmin: (one) => policy.isAdmin(one),
        permits: (...asked) => policy.permits(...asked),
        hasGrant: () => true
      }
      const { hub, join, mapFor, state } = stand(granted, ["one", "two"])
      const watcher = join(who)
      expect(Object.keys(watcher.known())).toEqual(["/one"])
      state.roles.set("/two", "user")
      state.rolesRevision++
      expect(hub.round(0)).toBe(true)
      hub.refresh()
      expect(Object.keys(watcher.known())).toEqual(["/one", "/two"])
      expect(Object.keys(JSON.parse(mapFor(who)))).toEqual(["/one", "/two"])
      state.roles.clear()
      state.rolesRevision++
      expect(hub.round(1)).toBe(true)
      hub.refresh()
      expect(Object.keys(watcher.known())).toEqual(["/one"])
      expect(hub.round(2)).toBe(false)
    })
  )

  it.effect("property: whatever happens, what a watcher was told adds up to what it may see", () =>
    Effect.gen(function* () {
      const names = ["one", "two", "three"]
      const policies = yield* Effect.all([
        policyOf({ a: ["one"] }),
        policyOf({ a: ["one", "two"] }),
        policyOf({ a: names })
      ])
      const statuses: ReadonlyArray<HealthStatus> = ["healthy", "unhealthy: timeout", "disabled"]
      const step = fc.oneof(
        fc.record({
          kind: fc.constant("set" as const),
          name: fc.constantFrom(...names),
          status: fc.constantFrom(...statuses)
        }),
        fc.record({ kind: fc.constant("remove" as const), name: fc.constantFrom(...names) }),
        fc.record({ kind: fc.constant("policy" as const), policy: fc.constantFrom(...policies) })
      )
      fc.assert(
        fc.property(fc.constantFrom(...policies), fc.array(step, { maxLength: 30 }), (policy, steps) => {
          const { hub, join, mapFor, state } = stand(policy, names)
          const who = claims("a")
          const watcher = join(who)
          for (const one of steps) {
            if (one.kind === "policy") state.policy = one.policy
            else if (one.kind === "remove") state.servers.delete(`/${one.name}`)
            else state.servers.set(`/${one.name}`, server(one.name, one.status))
            if (one.kind === "policy") hub.refresh()
            else hub.changed([`/${one.name}`])
          }
          expect(watcher.known()).toEqual(JSON.parse(mapFor(who)))
        })
      )
    })
  )
})
