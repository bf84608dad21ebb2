/** Laws of health in several processes over one store: one checks, all know, and what calls say anywhere counts everywhere. */
import { assert, describe, it } from "@effect/vitest"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type * as Store from "@mcpgw/store/Store"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { HealthMonitor } from "../../src/HealthMonitor.ts"
import { HealthStore } from "../../src/HealthStore.ts"
import { Probe, type ProbeResult } from "../../src/Probe.ts"

const healthy: ProbeResult = { status: "healthy", tools: undefined }
const down: ProbeResult = { status: "unhealthy: connection error", tools: undefined }

const INTERVAL = 10
const LONGEST_REAL_MS = 5_000

/** Time that the store's answers take passes for the machine, not for the test's clock. */
const aMoment = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))

interface Node {
  readonly registry: Registry["Type"]
  readonly monitor: HealthMonitor["Type"]
  readonly probed: ReadonlyArray<string>
  readonly status: (path?: string) => string | undefined
  readonly look: Effect.Effect<void>
  readonly close: Effect.Effect<void>
}

const alice = { issuer: "i", subject: "alice" }

/** Three calls of a node that could not be made. */
const failing = ({ monitor }: Node) =>
  Effect.sync(() => [1, 2, 3].forEach(() => monitor.calls.failed("/a", "refused", alice, performance.now())))

/** `kept`: a store with nothing in it at first, the same at each build. */
export const processesSuite = (name: string, kept: Effect.Effect<Store.StoreLayer>): void => {
  /** What starts a process over the store at hand. */
  const processes = Effect.map(
    kept,
    (store) =>
      (script: (record: ServerRecord) => ProbeResult, intervalSeconds = INTERVAL) =>
        Effect.gen(function* () {
          const probed: Array<string> = []
          const probe = Probe.layerOf((record) => {
            probed.push(record.path)
            return script(record)
          })
          const scope = yield* Scope.make()
          yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
          const layer = HealthMonitor.layer({ intervalSeconds }).pipe(
            Layer.provide(Layer.merge(probe, HealthStore.layerSql)),
            Layer.provideMerge(Registry.layer),
            Layer.provide(RegistryStore.layerSql),
            Layer.provideMerge(store)
          )
          const context = yield* Effect.orDie(Layer.buildWithScope(Layer.fresh(layer), scope))
          const registry = Context.get(context, Registry)
          const node: Node = {
            registry,
            monitor: Context.get(context, HealthMonitor),
            probed,
            status: (path = "/a") => registry.get(path)?.health.status,
            look: Context.get(context, ChangeFeed).look,
            close: Scope.close(scope, Exit.void)
          }
          return node
        })
  )

  const until = (nodes: ReadonlyArray<Node>, done: () => boolean) =>
    Effect.gen(function* () {
      const deadline = performance.now() + LONGEST_REAL_MS
      while (!done()) {
        if (performance.now() > deadline) throw new Error(`not so: ${nodes.map((node) => node.status()).join(", ")}`)
        yield* Effect.forEach(nodes, ({ look }) => look, { discard: true })
        yield* aMoment
      }
    })

  /** A second at a time: whoever waits two for the store does without it. */
  const pass = (nodes: ReadonlyArray<Node>, seconds: number) =>
    Effect.forEach(
      Array.from({ length: seconds }),
      () =>
        Effect.gen(function* () {
          yield* TestClock.adjust("1 second")
          for (const { look } of nodes) yield* Effect.zipRight(look, aMoment)
          yield* aMoment
        }),
      { discard: true }
    )

  const add = ({ registry }: Node, path = "/a") =>
    registry.register({ server_name: path.slice(1), path, proxy_pass_url: "http://a.internal/" }, "admin")

  describe(`HealthMonitor of several processes over ${name}`, () => {
    it.scoped("one checks a server at a time, all know; three processes check no more often than one", () =>
      Effect.gen(function* () {
        const open = yield* processes
        const nodes = yield* Effect.all([open(() => healthy), open(() => healthy), open(() => healthy)])
        const count = () => nodes.flatMap(({ probed }) => probed).length
        yield* add(nodes[0])
        yield* until(nodes, () => nodes.every((node) => node.status() === "healthy"))
        assert.strictEqual(count(), 1)
        yield* pass(nodes, 45)
        assert.isAtLeast(count(), 4)
        assert.isAtMost(count(), 6)
      })
    )

    it.scoped("what one finds the others are told, as a change; a process that starts knows it without a check", () =>
      Effect.gen(function* () {
        const open = yield* processes
        let result = healthy
        const [a, b] = yield* Effect.all([open(() => result), open(() => result)])
        yield* add(a)
        yield* until([a, b], () => b.status() === "healthy")
        result = { status: "healthy-auth-expired", tools: undefined }
        const { revision } = b.registry.snapshot()
        yield* a.monitor.probeNow("/a")
        yield* until([a, b], () => b.status() === "healthy-auth-expired")
        assert.isAbove(b.registry.snapshot().revision, revision)
        assert.deepStrictEqual(b.monitor.status("/a"), a.monitor.status("/a"))
        const c = yield* open(() => healthy)
        yield* until([c], () => c.status() === "healthy-auth-expired")
        yield* pass([c], 3)
        assert.deepStrictEqual(c.probed, [])
      })
    )

    it.scoped("a process that starts does not believe that a server is down without a look", () =>
      Effect.gen(function* () {
        const open = yield* processes
        const a = yield* open(() => down, 3_600)
        yield* add(a)
        yield* until([a], () => a.status() === down.status)
        // It answers when what it found is written down.
        yield* a.monitor.probeNow("/a")
        yield* a.close
        const b = yield* open(() => healthy, 3_600)
        yield* until([b], () => b.status() === "healthy")
        assert.deepStrictEqual(b.probed, ["/a"])
      })
    )

    it.scoped(
      "failed calls of one mark the server in all that find it down, and an answer in any heals it in all",
      () =>
        Effect.gen(function* () {
          const open = yield* processes
          let result = healthy
          const [a, b] = yield* Effect.all([open(() => result, 3_600), open(() => result, 3_600)])
          yield* add(a)
          yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
          result = { status: "unhealthy: timeout", tools: undefined }
          yield* failing(b)
          yield* until([a, b], () => a.status() === "unhealthy: connection error")
          a.monitor.calls.answered("/a")
          yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
          // Marked again: a check has the last word, and an answer after it says nothing.
          yield* failing(b)
          yield* until([a, b], () => a.status() === "unhealthy: connection error")
          const looks = a.probed.length + b.probed.length
          result = healthy
          yield* pass([a, b], 1)
          yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
          assert.strictEqual(a.probed.length + b.probed.length, looks + 1)
        })
    )

    it.scoped("S-16: a process that reaches nothing takes no server from the others, by its calls or its checks", () =>
      Effect.gen(function* () {
        const open = yield* processes
        let isCut = false
        const [a, b] = yield* Effect.all([open(() => (isCut ? down : healthy)), open(() => healthy)])
        yield* add(a)
        yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
        isCut = true
        const seen: Array<string> = []
        const changes = yield* b.registry.subscribe
        yield* changes.pipe(
          Stream.runForEach((change) =>
            Effect.sync(() => {
              if (change.kind === "health") seen.push(change.server.health.status)
            })
          ),
          Effect.forkScoped
        )
        const looks = b.probed.length
        yield* failing(a)
        yield* until([a, b], () => a.status() === down.status && b.probed.length > looks)
        yield* a.monitor.probeNow("/a")
        yield* pass([a, b], 6 * INTERVAL)
        assert.strictEqual(b.status(), "healthy")
        assert.deepStrictEqual(seen, [])
        // One look for each piece of news, and one in each interval.
        assert.isAtMost(b.probed.length - looks, 12)
      })
    )

    it.scoped("a server's wish to be left alone, told to one, holds for the checks after failed calls of another", () =>
      Effect.gen(function* () {
        const open = yield* processes
        let result = healthy
        const [a, b] = yield* Effect.all([open(() => result, 3_600), open(() => healthy, 3_600)])
        yield* add(a)
        yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
        result = { status: "unhealthy: status 429", tools: undefined, retryAfterSeconds: 20 }
        yield* a.monitor.probeNow("/a")
        // Either may have had the first turn.
        const before = a.probed.length + b.probed.length
        yield* failing(b)
        yield* until([a, b], () => b.status() === "unhealthy: connection error")
        yield* pass([a, b], 19)
        assert.strictEqual(a.probed.length + b.probed.length, before)
        assert.strictEqual(a.status(), "healthy")
        result = healthy
        yield* pass([a, b], 3)
        yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
      })
    )

    it.scoped("when the one that checks is gone another goes on, once its turn has ended", () =>
      Effect.gen(function* () {
        const open = yield* processes
        const [a, b] = yield* Effect.all([open(() => healthy), open(() => healthy)])
        yield* add(a)
        yield* until([a, b], () => b.status() === "healthy")
        yield* a.close
        // A turn is thirty seconds long, and b asked first when a had it.
        yield* pass([b], 30 + INTERVAL)
        assert.isAtLeast(b.probed.length, 1)
      })
    )

    it.scoped("switched off and on again, or changed: checked at once, by one of them", () =>
      Effect.gen(function* () {
        const open = yield* processes
        const [a, b] = yield* Effect.all([open(() => healthy, 3_600), open(() => healthy, 3_600)])
        const count = () => a.probed.length + b.probed.length
        yield* add(a)
        yield* until([a, b], () => b.status() === "healthy")
        yield* a.registry.toggle("/a", false)
        yield* until([a, b], () => a.status() === "disabled" && b.status() === "disabled")
        yield* pass([a, b], 1)
        yield* a.registry.toggle("/a", true)
        yield* until([a, b], () => a.status() === "healthy" && b.status() === "healthy")
        assert.strictEqual(count(), 2)
        yield* b.registry.update("/a", { proxy_pass_url: "http://b.internal/" })
        yield* until([a, b], () => count() === 3 && a.status() === "healthy" && b.status() === "healthy")
        yield* pass([a, b], 2)
        assert.strictEqual(count(), 3)
      })
    )
  })
}
