import { assert, describe, it } from "@effect/vitest"
import { PolicySource, PolicySourceUnavailable, type PolicySourceApi } from "@mcpgw/domain/PolicySource"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { ScopePolicy, type ScopePolicyApi } from "../src/ScopePolicy.ts"
import { layerStore } from "../src/ScopePolicyStore.ts"
import { principal, scopePolicySuite, SUITE_YAML } from "./suites/scopePolicySuite.ts"

const policyFor = (tool: string): string =>
  `group_mappings: { g: [s] }\ns: [{ server: one, methods: [tools/list], tools: [${tool}] }]\n`

const BROKEN = "s: [{ server: one, tool: [x] }]"

const allows = (policy: ScopePolicyApi, tool: string): boolean =>
  policy.decide(principal(["g"]), { server: "/one", method: "tools/call", tool })._tag === "AuthorizedCall"

scopePolicySuite("layerStore", Layer.provide(layerStore(), PolicySource.layerMemory(SUITE_YAML)), true)
scopePolicySuite(
  "layerStore, its default text",
  Layer.provide(layerStore({ defaultText: SUITE_YAML }), PolicySource.layerMemory()),
  true
)

/** Lets the fibers that a write woke come to rest; no clock time passes. */
const settled = Effect.yieldNow().pipe(Effect.repeatN(50))

/** A source as another process or a failing disk leaves it: what `read` gives can be set, and `changes` does not tell. */
interface Outside {
  read: PolicySourceApi["read"]
}

/** A source of its own and the policy over it. `outside` replaces what is read, unseen by `changes`. */
const start = (text: string | undefined, defaultText?: string) =>
  Effect.gen(function* () {
    const source = Context.get(yield* Layer.build(PolicySource.layerMemory(text)), PolicySource)
    const outside: Outside = { read: source.read }
    const given = Layer.succeed(PolicySource, { ...source, read: Effect.suspend(() => outside.read) })
    const layer = layerStore(defaultText === undefined ? {} : { defaultText })
    const policy = Context.get(yield* Layer.build(Layer.provide(layer, given)), ScopePolicy)
    yield* settled
    return { source, outside, policy }
  })

const outage = Effect.fail(new PolicySourceUnavailable({ cause: new Error("disk I/O error") }))

/** The warnings logged while `body` runs, by their problem. */
const warningsOf = <A, E, R>(body: (said: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const said: Array<string> = []
  const logger = Logger.make(({ annotations, logLevel }) => {
    if (logLevel.label === "WARN") said.push(String(Option.getOrUndefined(HashMap.get(annotations, "problem"))))
  })
  return body(said).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
}

describe("layerStore", () => {
  it.scoped("a text written takes effect without a restart and without the clock, and is told to listeners", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      const told = yield* Effect.fork(Stream.runHead(policy.changes))
      yield* settled
      const before = policy.current()
      yield* source.write(policyFor("beta"), "ann")
      assert.deepEqual(yield* Effect.map(Fiber.join(told), (head) => head._tag === "Some" && head.value), 2)
      assert.deepEqual([allows(policy, "alpha"), allows(policy, "beta")], [false, true])
      assert.isTrue(
        before.decide(principal(["g"]).claims, { server: "one", method: "tools/call", tool: "alpha" }).allowed,
        "a policy in hand never changes"
      )
    })
  )

  it.scoped("a text written while the layer is being built is not missed", () =>
    Effect.gen(function* () {
      const source = Context.get(yield* Layer.build(PolicySource.layerMemory(policyFor("alpha"))), PolicySource)
      // The write falls between the first read and the listening.
      const read = Effect.tap(source.read, (found) =>
        found?.revision === 1 ? source.write(policyFor("beta"), "ann") : Effect.void
      )
      const given = Layer.succeed(PolicySource, { ...source, read })
      const policy = Context.get(yield* Layer.build(Layer.provide(layerStore(), given)), ScopePolicy)
      yield* settled
      assert.isTrue(allows(policy, "beta"))
    })
  )

  it.scoped("a run of texts written at once ends with the last of them", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      for (const tool of ["b", "c", BROKEN, "d"]) yield* source.write(policyFor(tool), "ann")
      yield* settled
      assert.isTrue(allows(policy, "d"))
      assert.isUndefined(policy.status().problem)
    })
  )

  it.scoped("the same text written again is the same policy and the same revision", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      const before = policy.current()
      yield* source.write(policyFor("alpha"), "ann")
      yield* settled
      assert.strictEqual(policy.current(), before)
      assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
    })
  )

  it.scoped("an earlier text written again takes effect again", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      for (const [i, tool] of ["beta", "alpha", "beta"].entries()) {
        yield* source.write(policyFor(tool), "ann")
        yield* settled
        assert.isTrue(allows(policy, tool))
        assert.strictEqual(policy.status().revision, i + 2)
      }
    })
  )

  it.scoped("what another process writes is taken within a second", () =>
    Effect.gen(function* () {
      const { outside, policy } = yield* start(policyFor("alpha"))
      outside.read = Effect.succeed({ text: policyFor("beta"), revision: 2 })
      yield* settled
      assert.isTrue(allows(policy, "alpha"))
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.isTrue(allows(policy, "beta"))
    })
  )

  it.scoped("reload takes a change at once, also another text under an old number", () =>
    Effect.gen(function* () {
      const { outside, policy } = yield* start(policyFor("alpha"))
      outside.read = Effect.succeed({ text: policyFor("beta"), revision: 1 })
      yield* policy.reload
      assert.isTrue(allows(policy, "beta"))
      assert.deepEqual(policy.status(), { revision: 2, problem: undefined })
    })
  )

  it.scoped("a broken text keeps the last good policy, is logged once and stands in status until mended", () =>
    warningsOf((said) =>
      Effect.gen(function* () {
        const problem = /^stored policy 2: s\[0\]: has no key 'tool'/
        const { policy, source } = yield* start(policyFor("alpha"))
        yield* source.write(BROKEN, "ann")
        yield* settled
        assert.match(policy.status().problem ?? "", problem)
        assert.deepEqual([policy.status().revision, allows(policy, "alpha")], [1, true])
        assert.strictEqual((yield* Effect.flip(policy.reload)).message, policy.status().problem)
        yield* TestClock.adjust("10 seconds")
        yield* settled
        assert.lengthOf(said, 1)
        assert.match(said[0] ?? "", problem)
        yield* source.write(policyFor("beta"), "ann")
        yield* settled
        assert.isTrue(allows(policy, "beta"))
        assert.deepEqual(policy.status(), { revision: 2, problem: undefined })
      })
    )
  )

  it.scoped("a broken text written again is the problem under its new number", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      for (const number of [2, 3]) {
        assert.strictEqual(yield* source.write(BROKEN, "ann"), number)
        yield* settled
        assert.include(policy.status().problem, `stored policy ${number}: `)
      }
    })
  )

  it.scoped("the good text written again after a broken one is the same revision, without a problem", () =>
    Effect.gen(function* () {
      const { policy, source } = yield* start(policyFor("alpha"))
      yield* source.write("[", "ann")
      yield* settled
      assert.isDefined(policy.status().problem)
      yield* source.write(policyFor("alpha"), "ann")
      yield* settled
      assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
    })
  )

  it.scoped(
    "an outage keeps the last good policy, is logged once, and what was written in it is taken when it ends",
    () =>
      warningsOf((said) =>
        Effect.gen(function* () {
          const { outside, policy, source } = yield* start(policyFor("alpha"))
          outside.read = outage
          yield* source.write(policyFor("beta"), "ann")
          yield* TestClock.adjust("10 seconds")
          yield* settled
          assert.strictEqual(policy.status().problem, "stored policy: can not be read (disk I/O error)")
          assert.deepEqual([policy.status().revision, allows(policy, "alpha")], [1, true])
          assert.lengthOf(said, 1)
          assert.strictEqual(said[0], policy.status().problem)
          assert.strictEqual((yield* Effect.flip(policy.reload))._tag, "PolicyError")
          outside.read = source.read
          yield* TestClock.adjust("1 second")
          yield* settled
          assert.isTrue(allows(policy, "beta"))
          assert.deepEqual(policy.status(), { revision: 2, problem: undefined })
        })
      )
  )

  it.scoped("a broken text stays the problem after an outage that changed nothing", () =>
    Effect.gen(function* () {
      const { outside, policy, source } = yield* start(policyFor("alpha"))
      yield* source.write(BROKEN, "ann")
      yield* settled
      outside.read = outage
      yield* Effect.flip(policy.reload)
      assert.match(policy.status().problem ?? "", /can not be read/)
      outside.read = source.read
      yield* Effect.flip(policy.reload)
      assert.match(policy.status().problem ?? "", /^stored policy 2: s\[0\]/)
    })
  )

  it.scoped("a source that lost its text keeps the last good policy", () =>
    Effect.gen(function* () {
      const { outside, policy } = yield* start(policyFor("alpha"), policyFor("given"))
      outside.read = Effect.succeed(undefined)
      const error = yield* Effect.flip(policy.reload)
      assert.strictEqual(error.message, "stored policy: there is none")
      assert.strictEqual(policy.status().problem, error.message)
      assert.deepEqual([allows(policy, "alpha"), allows(policy, "given")], [true, false])
    })
  )

  it.scoped("the default text holds while nothing was written, and is never written", () =>
    Effect.gen(function* () {
      const { outside, policy, source } = yield* start(undefined, policyFor("given"))
      yield* TestClock.adjust("4 seconds")
      yield* policy.reload
      assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
      assert.isTrue(allows(policy, "given"))
      assert.isUndefined(yield* source.read)
      outside.read = outage
      yield* Effect.flip(policy.reload)
      outside.read = source.read
      yield* policy.reload
      assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
      yield* source.write(policyFor("beta"), "ann")
      yield* settled
      assert.deepEqual([allows(policy, "given"), allows(policy, "beta")], [false, true])
    })
  )

  it.scoped("a layer that is closed takes nothing more", () =>
    Effect.gen(function* () {
      const source = Context.get(yield* Layer.build(PolicySource.layerMemory(policyFor("alpha"))), PolicySource)
      const given = Layer.succeed(PolicySource, source)
      const policy = yield* Effect.scoped(
        Effect.map(Layer.build(Layer.provide(layerStore(), given)), (context) => Context.get(context, ScopePolicy))
      )
      yield* source.write(policyFor("beta"), "ann")
      yield* TestClock.adjust("4 seconds")
      yield* settled
      assert.isTrue(allows(policy, "alpha"))
    })
  )
})

describe("layerStore at start", () => {
  const failing = (source: Layer.Layer<PolicySource>, defaultText?: string) =>
    Layer.build(Layer.provide(layerStore(defaultText === undefined ? {} : { defaultText }), source)).pipe(Effect.flip)

  it.scoped("an empty source without a default text fails the layer", () =>
    Effect.gen(function* () {
      const error = yield* failing(PolicySource.layerMemory())
      assert.strictEqual(error.message, "stored policy: there is none")
    })
  )

  it.scoped("a broken text fails the layer by revision and field, default text or not", () =>
    Effect.gen(function* () {
      for (const defaultText of [undefined, policyFor("given")]) {
        const error = yield* failing(PolicySource.layerMemory(BROKEN), defaultText)
        assert.strictEqual(error._tag, "PolicyError")
        assert.deepEqual([error.source, error.field], ["stored policy 1", "s[0]"])
      }
    })
  )

  it.scoped("a broken default text fails the layer by name, not as something stored", () =>
    Effect.gen(function* () {
      const error = yield* failing(PolicySource.layerMemory(), BROKEN)
      assert.deepEqual([error.source, error.field], ["default policy", "s[0]"])
    })
  )

  it.scoped("design §6: a source that can not be read fails the layer, default text or not", () =>
    Effect.gen(function* () {
      const dead = Layer.succeed(PolicySource, {
        read: outage,
        write: () => outage,
        replace: () => outage,
        changes: Stream.never
      })
      const error = yield* failing(dead, policyFor("given"))
      assert.strictEqual(error.message, "stored policy: can not be read (disk I/O error)")
    })
  )
})
