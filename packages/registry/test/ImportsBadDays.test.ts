/** Imports from a registry that has bad days: it stumbles, fails midway, shuts out, never ends, says nonsense; and imports that end in the middle. */
import { assert, describe, it } from "@effect/vitest"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ImportRequest } from "../src/import/ImportJob.ts"
import { Imports } from "../src/import/Imports.ts"
import { remoteEntry } from "./support/corpus.ts"
import { layer, over, QUICK, records, run, settled, until } from "./support/importing.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

describe("issue 6: bad days of a registry", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => remoteEntry(`com.example/s-${String(i).padStart(4, "0")}`))

  it.scopedLive("a stumble is passed over; a failure midway interrupts, and the rest comes when it is resumed", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry(many(450))
      source.trouble = (_, nth) =>
        nth === 2 ? { status: 500, body: "oops" } : nth >= 5 ? { status: 503, body: "" } : undefined
      const { job } = yield* run({ from: source.url })
      assert.strictEqual(job.state, "interrupted")
      assert.deepInclude(job.progress, { seen: 300, created: 300, problem: "The registry answered with status 503" })
      source.trouble = () => undefined
      const imports = yield* Imports
      const before = source.asked.length
      assert.strictEqual((yield* imports.resume(source.url, "ann")).id, job.id)
      const whole = yield* settled(job.id)
      assert.strictEqual(whole.state, "finished")
      assert.deepInclude(whole.progress, { seen: 450, created: 450, problem: null })
      assert.strictEqual(source.asked[before]?.get("cursor"), "300")
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("who is not let in any more in the middle goes on there; a cursor that is refused is given up", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry(many(250))
      const imports = yield* Imports
      for (const [status, cursor] of [
        [401, "100"],
        [403, "100"],
        [400, null]
      ] as const) {
        const before = source.asked.length
        source.trouble = (_, nth) => (nth === before + 2 ? { status, body: "" } : undefined)
        const { job } = yield* run({ from: source.url })
        assert.deepInclude(job, { state: "interrupted", cursor }, String(status))
        source.trouble = () => undefined
        yield* imports.resume(source.url, "ann")
        assert.deepInclude((yield* settled(job.id)).progress, { seen: 250, problem: null })
        assert.strictEqual(source.asked[before + 2]?.get("cursor"), cursor)
      }
      // Nothing is to be gone on with any more, and a dry run is none.
      source.trouble = () => ({ status: 401, body: "" })
      yield* run({ from: source.url, dryRun: true })
      const none = yield* Effect.flip(imports.resume(source.url, "ann"))
      assert.match(none.message, /^There is no import from .* to go on with/)
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive(
    "a cursor that comes again, too many pages, too long an answer, silence: each ends the run and says so",
    () =>
      Effect.gen(function* () {
        const source = yield* sourceRegistry(many(250))
        const page = JSON.stringify({
          servers: [remoteEntry("com.example/a")],
          metadata: { count: 1, nextCursor: "x" }
        })
        source.trouble = () => ({ status: 200, body: page })
        const cyclic = yield* run({ from: source.url })
        assert.match(String(cyclic.job.progress.problem), /repeats its cursor/)
        assert.strictEqual(cyclic.job.progress.pages, 2)
        source.trouble = (_, nth) => ({ status: 200, body: page.replace('"x"', `"${nth}"`) })
        const endless = yield* run({ from: source.url })
        assert.match(String(endless.job.progress.problem), /more than 5 pages/)
        const problems: Array<string | null> = []
        for (const trouble of [
          { status: 200, body: `{"servers":["${"x".repeat(200_000)}"]}` },
          { status: 200, body: JSON.stringify({ servers: Array.from({ length: 1_001 }, () => 0) }) },
          { status: 200, body: page.replace('"x"', `"${"x".repeat(2_049)}"`) },
          { status: 200, body: "<html>" },
          { status: 200, body: "{}" },
          { status: 404, body: "" },
          { status: 302, body: "" },
          "hang" as const
        ]) {
          source.trouble = () => trouble
          problems.push((yield* run({ from: source.url })).job.progress.problem)
        }
        for (const [i, pattern] of [
          /longer than 100000 bytes/,
          /more than 1000 entries as one page; \d+ were asked for/,
          /a cursor of 2049 characters; at most 2048 are kept/,
          /is no JSON/,
          /does not speak/,
          /does not speak/,
          /status 302/,
          /did not answer within/
        ].entries()) {
          assert.match(String(problems[i]), pattern)
        }
      }).pipe(Effect.provide(layer({ ...QUICK, retries: 0, maxPages: 5, maxBytes: 100_000, timeoutMs: 400 })))
  )

  it.scopedLive("of what is wrong with an entry no more is kept than a person reads", () =>
    Effect.gen(function* () {
      const variable = "v".repeat(30_000)
      const remotes = [{ type: "streamable-http", url: `https://{${variable}}.example.com/mcp` }]
      const headers = [{ name: "X", value: "v", variables: { [variable]: { format: 7 } } }]
      const source = yield* sourceRegistry([
        remoteEntry("com.example/a", { server: { remotes } }),
        remoteEntry("com.example/b", { server: { remotes: [{ ...remotes[0], headers }] } })
      ])
      const { items } = yield* run({ from: source.url })
      assert.deepStrictEqual(
        items.map(({ outcome }) => outcome),
        ["refused", "refused"]
      )
      assert.isBelow(JSON.stringify(items).length, 2_500)
      assert.match(items[0]?.reason ?? "", /^has variables without a value: v+…$/)
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("a process that ends in the middle leaves the rest to the next", () => {
    const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-import-")), "a.db")
    return Effect.gen(function* () {
      const source = yield* sourceRegistry(many(250))
      source.trouble = (_, nth) => (nth === 2 ? "hang" : undefined)
      const id = yield* Effect.gen(function* () {
        const imports = yield* Imports
        const job = yield* imports.start({ from: source.url }, "admin")
        yield* until(imports.get(job.id), ({ progress }) => progress.seen === 100)
        // It hangs in the second page when it has asked for it.
        yield* until(
          Effect.sync(() => source.asked),
          ({ length }) => length === 2
        )
        return job.id
      }).pipe(Effect.provide(over(Store.layerSqlite({ filename }))))
      source.trouble = () => undefined
      yield* Effect.gen(function* () {
        const job = yield* settled(id)
        assert.strictEqual(job.state, "finished")
        assert.deepInclude(job.progress, { seen: 250, created: 250 })
        assert.strictEqual((yield* records).length, 250)
        // What became of each is told whoever worked on it, in their order.
        const imports = yield* Imports
        const names = (yield* imports.items(id, 0)).map(({ name }) => name)
        assert.deepStrictEqual(
          names,
          many(250).map(({ server }) => server["name"])
        )
        for (const [after, most] of [
          [0, 10],
          [95, 10],
          [99, 1],
          [100, 100],
          [240, 100],
          [250, 10]
        ] as const) {
          const part = (yield* imports.items(id, after, most)).map(({ name }) => name)
          assert.deepStrictEqual(part, names.slice(after, after + most), `${after}, ${most}`)
        }
      }).pipe(Effect.provide(over(Store.layerSqlite({ filename }))))
      assert.deepStrictEqual(
        source.asked.map((query) => query.get("cursor")),
        [null, "100", "100", "200"]
      )
    })
  })

  it.scopedLive("a cancelled import stops, and what it brought stays", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry(many(250))
      source.trouble = (_, nth) => (nth === 2 ? "hang" : undefined)
      const imports = yield* Imports
      const { id } = yield* imports.start({ from: source.url }, "admin")
      yield* until(imports.get(id), ({ progress }) => progress.seen === 100)
      assert.strictEqual((yield* imports.cancel(id)).state, "cancelled")
      assert.strictEqual((yield* records).length, 100)
      source.trouble = () => undefined
      yield* Effect.sleep("600 millis")
      assert.strictEqual((yield* imports.get(id)).state, "cancelled")
      assert.strictEqual((yield* records).length, 100)
    }).pipe(Effect.provide(layer({ ...QUICK, timeoutMs: 300 })))
  )

  it.scopedLive("one that is cancelled and resumed while its source is silent is worked on once", () =>
    Effect.gen(function* () {
      const source = yield* sourceRegistry(many(250))
      source.trouble = (_, nth) => (nth === 2 || nth === 3 ? "hang" : undefined)
      const imports = yield* Imports
      const asks = (count: number) =>
        until(
          Effect.sync(() => source.asked.length),
          (length) => length >= count
        )
      const { id } = yield* imports.start({ from: source.url }, "admin")
      yield* asks(2)
      yield* imports.cancel(id)
      yield* imports.resume(source.url, "ann")
      yield* asks(3)
      const { progress, state } = yield* settled(id)
      assert.strictEqual(state, "finished")
      assert.deepInclude(progress, { seen: 250, created: 250, problem: null })
      yield* Effect.sleep("100 millis")
      assert.lengthOf(
        source.asked.filter((query) => query.get("cursor") === "200"),
        1
      )
    }).pipe(Effect.provide(layer({ ...QUICK, timeoutMs: 400 })))
  )

  it.scopedLive("what can not be meant is refused by its field", () =>
    Effect.gen(function* () {
      const imports = yield* Imports
      const from = "https://registry.example.com"
      const wrong: ReadonlyArray<readonly [string, ImportRequest]> = [
        ["from", { from: "registry" }],
        ["from", { from: "file:///etc/passwd" }],
        ["from", { from: "https://user:pw@registry.example.com" }],
        ["from", { from: `${from}?x=1` }],
        ["names", { from, names: [] }],
        ["everySeconds", { from, everySeconds: 5 }],
        ["dryRun", { from, everySeconds: 60, dryRun: true }]
      ]
      for (const [field, request] of wrong) {
        const error = yield* Effect.flip(imports.start(request, "admin"))
        assert.deepInclude(error, { _tag: "InvalidImport", field })
      }
      assert.strictEqual((yield* Effect.flip(imports.resume(from, "ann")))._tag, "ImportNotFound")
    }).pipe(Effect.provide(layer()))
  )
})
