import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
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
import { layerFile } from "../src/ScopePolicyFile.ts"
import { principal } from "./suites/scopePolicySuite.ts"

const policyFor = (tool: string): string =>
  `group_mappings: { g: [s] }\ns: [{ server: one, methods: [tools/list], tools: [${tool}] }]\n`

const allows = (policy: ScopePolicyApi, tool: string): boolean =>
  policy.decide(principal(["g"]), { server: "/one", method: "tools/call", tool })._tag === "AuthorizedCall"

const fresh = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcpgw-policy-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const serve = (path: string, defaultText?: string) =>
  Effect.map(Layer.build(layerFile({ path, ...(defaultText === undefined ? {} : { defaultText }) })), (context) =>
    Context.get(context, ScopePolicy)
  )

/** Lets one second of clock time pass, then waits for the file work it set off; real work, so the wait is real. */
const withinASecond = (holds: () => boolean) =>
  Effect.gen(function* () {
    yield* TestClock.adjust("1 second")
    const end = performance.now() + 15_000
    while (!holds() && performance.now() < end)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    assert.isTrue(holds(), "did not come true")
  })

/** A file with `alpha` allowed, and its policy. */
const startedAt = (now: number) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const folder = yield* fresh
    const path = join(folder, "scopes.yml")
    writeFileSync(path, policyFor("alpha"))
    const policy = yield* serve(path)
    assert.isTrue(allows(policy, "alpha"))
    return { folder, path, policy }
  })

/** Whether the file's own time stamp can be trusted depends on how old it is: both ways must see everything. */
const CLOCKS = [
  ["a file just written", 0],
  ["a file written long ago", Date.now() + 86_400_000]
] as const

describe.each(CLOCKS)("layerFile over %s", (_name, now) => {
  const started = startedAt(now)
  it.scoped("design §1: a change takes effect without a restart, and is told to listeners", () =>
    Effect.gen(function* () {
      const { path, policy } = yield* started
      const told = yield* Effect.fork(Stream.runHead(policy.changes))
      yield* Effect.yieldNow()
      const before = policy.current()
      writeFileSync(path, policyFor("beta"))
      yield* withinASecond(() => policy.status().revision === 2)
      assert.deepEqual([allows(policy, "alpha"), allows(policy, "beta")], [false, true])
      assert.deepEqual(yield* Effect.map(Fiber.join(told), (head) => head._tag === "Some" && head.value), 2)
      assert.isTrue(
        before.decide(principal(["g"]).claims, { server: "one", method: "tools/call", tool: "alpha" }).allowed,
        "a policy in hand never changes"
      )
    })
  )

  it.scoped("the directory's own event is enough: with the clock at rest the change still arrives", () =>
    Effect.gen(function* () {
      const { path, policy } = yield* started
      const told = yield* Effect.fork(Stream.runHead(policy.changes))
      yield* Effect.yieldNow()
      writeFileSync(path, policyFor("beta"))
      yield* Fiber.join(told)
      assert.isTrue(allows(policy, "beta"))
    })
  )

  it.scoped("an atomic replacement by rename takes effect, again and again", () =>
    Effect.gen(function* () {
      const { folder, path, policy } = yield* started
      for (const [i, tool] of ["beta", "gamma", "delta"].entries()) {
        const next = join(folder, `next-${i}`)
        writeFileSync(next, policyFor(tool))
        renameSync(next, path)
        yield* withinASecond(() => allows(policy, tool))
        assert.strictEqual(policy.status().revision, i + 2)
      }
    })
  )

  it.scoped("a link turned to another folder takes effect by the interval alone", () =>
    Effect.gen(function* () {
      const folder = yield* fresh
      for (const tool of ["alpha", "beta"]) {
        mkdirSync(join(folder, tool))
        writeFileSync(join(folder, tool, "scopes.yml"), policyFor(tool))
      }
      symlinkSync(join(folder, "alpha"), join(folder, "current"))
      const policy = yield* serve(join(folder, "current", "scopes.yml"))
      symlinkSync(join(folder, "beta"), join(folder, "next"))
      renameSync(join(folder, "next"), join(folder, "current"))
      yield* withinASecond(() => allows(policy, "beta"))
    })
  )

  it.scoped("a change of equal length within the same time stamp is seen", () =>
    Effect.gen(function* () {
      const { path, policy } = yield* started
      for (const tool of ["bravo", "delta", "gamma", "alpha"]) {
        writeFileSync(path, policyFor(tool))
        yield* withinASecond(() => allows(policy, tool))
      }
    })
  )

  for (const [name, breakIt, problem] of [
    [
      "a broken file",
      (path: string) => writeFileSync(path, "s: [{ server: one, tool: [x] }]"),
      /^scopes\.yml: s\[0\]: has no key 'tool'/
    ],
    ["a file caught half-written", (path: string) => writeFileSync(path, ""), /^scopes\.yml: must be a map of scopes/],
    ["a file that is gone", (path: string) => rmSync(path), /^scopes\.yml: there is no such file/],
    [
      "a folder in its place",
      (path: string) => {
        rmSync(path)
        mkdirSync(path)
      },
      /^scopes\.yml: can not be read \(EISDIR\)/
    ]
  ] as const) {
    it.scoped(`${name} keeps the last good policy, is logged once and stands in status until mended`, () => {
      const said: Array<string> = []
      const logger = Logger.make(({ annotations, logLevel }) => {
        if (logLevel.label === "WARN") said.push(String(Option.getOrUndefined(HashMap.get(annotations, "problem"))))
      })
      const warnings = () => said.filter((one) => problem.test(one)).length
      return Effect.gen(function* () {
        const { path, policy } = yield* started
        breakIt(path)
        yield* withinASecond(() => problem.test(policy.status().problem ?? ""))
        assert.deepEqual([policy.status().revision, allows(policy, "alpha")], [1, true])
        const error = yield* Effect.flip(policy.reload)
        assert.strictEqual(error.message, policy.status().problem)
        yield* withinASecond(() => warnings() > 0)
        yield* TestClock.adjust("4 seconds")
        yield* policy.reload.pipe(Effect.flip)
        assert.strictEqual(warnings(), 1)
        rmSync(path, { recursive: true, force: true })
        writeFileSync(path, policyFor("beta"))
        yield* withinASecond(() => allows(policy, "beta"))
        assert.deepEqual(policy.status(), { revision: 2, problem: undefined })
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
    })
  }

  it.scoped("a broken file put back as it was is the same revision, without a problem", () =>
    Effect.gen(function* () {
      const { path, policy } = yield* started
      writeFileSync(path, "[")
      yield* withinASecond(() => policy.status().problem !== undefined)
      writeFileSync(path, policyFor("alpha"))
      yield* withinASecond(() => policy.status().problem === undefined)
      assert.strictEqual(policy.status().revision, 1)
    })
  )

  it.scoped("reload takes a change at once", () =>
    Effect.gen(function* () {
      const { path, policy } = yield* started
      writeFileSync(path, policyFor("beta"))
      yield* policy.reload
      assert.isTrue(allows(policy, "beta"))
      assert.strictEqual(policy.status().revision, 2)
    })
  )

  it.scoped("the default text holds while there is no file, which takes over when it comes", () =>
    Effect.gen(function* () {
      const folder = yield* fresh
      const path = join(folder, "scopes.yml")
      const policy = yield* serve(path, policyFor("given"))
      yield* TestClock.adjust("4 seconds")
      yield* policy.reload
      assert.deepEqual(policy.status(), { revision: 1, problem: undefined })
      assert.isTrue(allows(policy, "given"))
      writeFileSync(path, policyFor("beta"))
      yield* withinASecond(() => allows(policy, "beta"))
      assert.isFalse(allows(policy, "given"))
    })
  )

  it.scoped("the default text does not need the folder to be there", () =>
    Effect.gen(function* () {
      const folder = yield* fresh
      const path = join(folder, "later", "scopes.yml")
      const policy = yield* serve(path, policyFor("given"))
      mkdirSync(join(folder, "later"))
      writeFileSync(path, policyFor("beta"))
      yield* withinASecond(() => allows(policy, "beta"))
    })
  )
})

describe("layerFile at start", () => {
  it.scoped("a missing file without a default text fails the layer by name", () =>
    Effect.gen(function* () {
      const path = join(yield* fresh, "none.yml")
      const error = yield* Effect.flip(Layer.build(layerFile({ path })))
      assert.strictEqual(error.message, `${path}: there is no such file`)
    })
  )
  it.scoped("a broken file fails the layer by name and field, default text or not", () =>
    Effect.gen(function* () {
      const path = join(yield* fresh, "scopes.yml")
      writeFileSync(path, "s: [{ server: one, tools: [1] }]")
      const error = yield* Effect.flip(Layer.build(layerFile({ path, defaultText: policyFor("given") })))
      assert.deepEqual([error.source, error.field], [path, "s[0].tools[0]"])
    })
  )
})
