/** Servers that list more tools than are kept. */
import { describe, expect, it } from "@effect/vitest"
import { inventoryNote, MAX_TOOLS } from "@mcpgw/registry/Inventory"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { HealthMonitor } from "../src/HealthMonitor.ts"
import { HealthStore } from "../src/HealthStore.ts"
import { Probe } from "../src/Probe.ts"
import { registryOf } from "./support/Registries.ts"
import { type Answer, legacy, methods, never, record, rpcResult, TYPE, upstream } from "./support/Scripted.ts"

const definitions = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ name: `t${from + i}`, inputSchema: TYPE }))

const probing = (server: ReturnType<typeof upstream>) =>
  Effect.flatMap(Probe, (probe) => probe.probe(record())).pipe(
    Effect.provide(Probe.layer()),
    Effect.provide(server.layer)
  )

const shape = ({ listed, status, tools }: Effect.Effect.Success<ReturnType<typeof probing>>) => ({
  status,
  listed,
  kept: tools?.length,
  last: tools?.at(-1)?.name
})

const FULL = { status: "healthy", kept: MAX_TOOLS, last: `t${MAX_TOOLS - 1}` }

/** Full pages of 2,500 up to the third, then what `after` says. */
const pagesThen = (after: Answer): Answer =>
  legacy({
    instead: {
      "tools/list": (asked) => {
        const page = Number(asked.rpc.params["cursor"] ?? 0)
        return page < 3
          ? rpcResult(asked, { tools: definitions(page * 2_500, (page + 1) * 2_500), nextCursor: String(page + 1) })
          : after(asked)
      }
    }
  })

describe("a server that lists more tools than are kept", () => {
  it.effect.each([
    ["in one page", [definitions(0, 9_000)]],
    ["over several", [definitions(0, 3_000), definitions(3_000, 6_000), definitions(6_000, 9_000)]]
  ] as const)("is healthy; the first are kept and all are counted, %s", ([, pages]) =>
    Effect.map(probing(upstream(legacy({ pages }))), (result) =>
      expect(shape(result)).toEqual({ ...FULL, listed: 9_000 })
    )
  )

  it.effect("counts none without a name, and nothing is said of a list that is kept whole", () =>
    Effect.gen(function* () {
      const nameless = [{ description: "nameless" }, ...definitions(0, MAX_TOOLS)]
      expect(shape(yield* probing(upstream(legacy({ pages: [nameless] }))))).toEqual({ ...FULL, listed: undefined })
    })
  )

  it.effect.each([
    ["breaks off", () => new Response("busy", { status: 503 })],
    ["goes in a circle", (asked) => rpcResult(asked, { tools: [], nextCursor: "1" })],
    [
      "never ends",
      (asked) => rpcResult(asked, { tools: [], nextCursor: String(Number(asked.rpc.params["cursor"]) + 1) })
    ]
  ] satisfies ReadonlyArray<[string, Answer]>)("keeps what it has when the rest of the list %s", ([, after]) =>
    Effect.map(probing(upstream(pagesThen(after))), (result) =>
      expect(shape(result)).toEqual({ ...FULL, listed: 7_500 })
    )
  )

  it.effect("keeps what it has when the rest does not come in time", () =>
    Effect.gen(function* () {
      const server = upstream(pagesThen(never))
      const fiber = yield* Effect.fork(probing(server))
      const asked = () => methods(server.seen).filter((method) => method === "tools/list").length
      while (asked() < 4) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("10 seconds")
      expect(shape(yield* Fiber.join(fiber))).toEqual({ ...FULL, listed: 7_500 })
    })
  )

  it.scoped("its record says how many are left out", () =>
    Effect.gen(function* () {
      const registry = yield* registryOf([])
      const server = upstream(legacy({ pages: [definitions(0, 9_000)] }))
      yield* registry.save(record())
      yield* Effect.flatMap(HealthMonitor, (monitor) => monitor.probeNow("/clock")).pipe(
        Effect.provide(HealthMonitor.layer({ intervalSeconds: 300 })),
        Effect.provide(Probe.layer()),
        Effect.provide(HealthStore.layerMemory),
        Effect.provide(server.layer),
        Effect.provide(registry.layer)
      )
      const seen = registry.get("/clock")
      expect(seen?.health.status).toBe("healthy")
      expect(seen === undefined ? "" : inventoryNote(seen.record)).toMatch(
        /9000 tools.*5000 are kept.*4000 are left out/
      )
    })
  )
})
