/** Imports of a registry's worth of entries, good and bad: what becomes of each, in the middle of it, and what a dry run says of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Imports } from "../src/import/Imports.ts"
import type { ItemReport } from "../src/import/itemReport.ts"
import { Registry } from "../src/Registry.ts"
import { corpus, type Made, momentOf, official, remoteEntry } from "./support/corpus.ts"
import { layer, records, run, settled } from "./support/importing.ts"
import { MALFORMED } from "./support/malformed.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

const isField = (field: string | undefined, told: string | undefined): boolean =>
  field === told || (field !== undefined && field !== "server" && told?.startsWith(`${field}.`) === true)

/** Entries of which something else became than they say. */
const otherwise = (made: ReadonlyArray<Made>, items: ReadonlyArray<ItemReport>) =>
  made.flatMap(({ entry, field, name, outcome }, i) => {
    const item = items[i]
    const isRight = item?.outcome === outcome && isField(field, item.field)
    return isRight ? [] : [{ i, name, outcome, field, item, entry: JSON.stringify(entry).slice(0, 300) }]
  })

const count = (made: ReadonlyArray<Made>, outcome: Made["outcome"]): number =>
  made.filter((one) => one.outcome === outcome).length

const startWith = (made: ReadonlyArray<Made>) =>
  Effect.map(sourceRegistry(made.map(({ entry }) => entry)), (source) => {
    source.listsDeleted = true
    return source
  })

describe("issue 6: a realistic corpus of five thousand entries", () => {
  it.scopedLive(
    "each becomes what it is to become, also when the source fails in the middle and the run is resumed; a dry run says the same",
    () =>
      Effect.gen(function* () {
        const made = corpus(5_000, 20251211)
        const source = yield* startWith(made)
        const dry = yield* run({ from: source.url, dryRun: true })
        assert.deepStrictEqual(otherwise(made, dry.items), [])
        assert.deepStrictEqual(yield* records, [])
        assert.strictEqual(dry.job.progress.pages, 50)

        const before = source.asked.length
        source.trouble = (_, nth) => (nth > before + 21 ? { status: 503, body: "" } : undefined)
        const half = yield* run({ from: source.url })
        assert.deepInclude(half.job, { state: "interrupted", cursor: "2100" })
        source.trouble = () => undefined
        const imports = yield* Imports
        yield* imports.resume(source.url, "ann")
        const { progress, state } = yield* settled(half.job.id)
        const items = yield* imports.items(half.job.id, 0)
        assert.strictEqual(state, "finished")
        assert.deepStrictEqual(otherwise(made, items), [])
        assert.deepStrictEqual(items, dry.items)
        assert.deepInclude(progress, {
          pages: 50,
          seen: 5_000,
          created: count(made, "created"),
          unchanged: count(made, "unchanged"),
          skipped: count(made, "skipped"),
          refused: count(made, "refused"),
          updated: 0,
          removed: 0,
          problem: null
        })
        for (const [outcome, least] of [
          ["created", 1_500],
          ["unchanged", 50],
          ["skipped", 100],
          ["refused", 2_000]
        ] as const) {
          assert.isAbove(count(made, outcome), least, outcome)
        }
        const servers = yield* records
        assert.strictEqual(servers.length, count(made, "created"))
        assert.isTrue(servers.every(({ is_enabled, trusted_address }) => !is_enabled && !trusted_address))
      }).pipe(Effect.provide(layer())),
    120_000
  )
})

describe("issue 6: a dry run says what a run would", () => {
  const changed = (entry: unknown, server: object, meta: object = {}) => {
    const { _meta: _, server: before } = Object(entry)
    return { server: { ...before, ...server }, _meta: official(momentOf(9_000), meta) }
  }

  it.scopedLive("of what is here already, as it was, changed, moved, deprecated, deleted, and removed here", () =>
    Effect.gen(function* () {
      const made = corpus(400, 7).filter(({ outcome }) => outcome === "created")
      const source = yield* startWith(made)
      yield* run({ from: source.url, enable: true })
      yield* run({ from: source.url })
      const registry = yield* Registry
      const [gone] = yield* records
      yield* registry.remove(gone?.path ?? "")
      source.entries = made.map(({ entry }, i) => {
        const moved = [{ type: "sse", url: `https://moved-${i}.example.com/sse` }]
        const next = [
          entry,
          changed(entry, { description: "Other words" }),
          changed(entry, { version: "9.0.0" }),
          changed(entry, { version: "9.0.0", remotes: moved }),
          changed(entry, {}, { status: "deprecated", statusMessage: "old" }),
          changed(entry, {}, { status: "deleted" }),
          changed(entry, { remotes: [] }),
          changed(entry, { version: "9.0.0" }, { isLatest: false })
        ]
        return next[i % next.length]
      })
      const dry = yield* run({ from: source.url, dryRun: true })
      const real = yield* run({ from: source.url })
      assert.deepStrictEqual(dry.items, real.items)
      for (const outcome of ["unchanged", "updated", "removed", "skipped", "refused"] as const) {
        assert.isAbove(real.job.progress[outcome], 0, outcome)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scopedLive("of names that fall on one path, in any case of letters, here or in the same list", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      yield* registry.register({ server_name: "Own", path: "/Com.example-own", proxy_pass_url: "http://a/" }, "admin")
      const names = ["com.example/own", "com.example/a", "com.example/A", "com/example-a", "com.example/a"]
      const source = yield* sourceRegistry(names.map((name) => remoteEntry(name)))
      const dry = yield* run({ from: source.url, dryRun: true })
      const real = yield* run({ from: source.url })
      assert.deepStrictEqual(
        real.items.map(({ outcome }) => outcome),
        ["refused", "created", "refused", "created", "unchanged"]
      )
      assert.deepStrictEqual(dry.items, real.items)
    }).pipe(Effect.provide(layer()))
  )
})

describe("R-06: registries that do not know version=latest", () => {
  it.scopedLive("older versions come in any order and change nothing, whether it says which is the latest or not", () =>
    Effect.gen(function* () {
      const version = (name: string, version: string, meta: object) => ({
        server: { ...remoteEntry(name).server, version, description: `As of ${version}` },
        ...meta
      })
      const told = (isLatest: boolean) => ({ _meta: official(momentOf(1), { isLatest }) })
      const source = yield* sourceRegistry([
        version("com.example/a", "1.10.0", {}),
        version("com.example/a", "1.9.0", {}),
        version("com.example/b", "2.0.0", told(true)),
        version("com.example/b", "3.0.0-rc.1", told(false))
      ])
      const dry = yield* run({ from: source.url, dryRun: true })
      const { items } = yield* run({ from: source.url })
      assert.deepStrictEqual(dry.items, items)
      assert.deepStrictEqual(
        items.map(({ outcome }) => outcome),
        ["created", "skipped", "created", "skipped"]
      )
      assert.deepStrictEqual(
        (yield* records).map(({ description }) => description),
        ["As of 1.10.0", "As of 2.0.0"]
      )
      // What its registry says is the latest is followed, also when that is an older one again.
      source.entries = [version("com.example/b", "1.0.0", told(true))]
      const back = yield* run({ from: source.url })
      assert.deepStrictEqual([back.items[0]?.outcome, (yield* records)[1]?.description], ["updated", "As of 1.0.0"])
    }).pipe(Effect.provide(layer()))
  )
})

describe("issue 6: malformed entries", () => {
  it.scopedLive("every kind is reported by the field that is wrong, and the rest is taken", () =>
    Effect.gen(function* () {
      const entries = MALFORMED.map(([, broken], i) => {
        const { _meta, server } = remoteEntry(`com.example/broken-${i}`)
        return { server: broken(server), _meta }
      })
      const odd = [
        null,
        7,
        "text",
        [],
        {},
        { ...remoteEntry("com.example/m"), _meta: official("x", { status: "odd" }) }
      ]
      const source = yield* sourceRegistry([...entries, ...odd, remoteEntry("com.example/good")])
      const { items, job } = yield* run({ from: source.url })
      assert.strictEqual(job.state, "finished")
      assert.deepStrictEqual(
        MALFORMED.flatMap(([field], i) => (isField(field, items[i]?.field) ? [] : [[field, items[i]]])),
        []
      )
      assert.isTrue(items.slice(0, -1).every(({ outcome, reason }) => outcome === "refused" && reason !== undefined))
      assert.strictEqual(items.at(-1)?.outcome, "created")
      assert.notInclude(JSON.stringify(items), "user:secret")
    }).pipe(Effect.provide(layer()))
  )
})
