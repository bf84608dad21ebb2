/** Laws of **Versions**, run over every layer. */
import { assert, describe, it } from "@effect/vitest"
import type { ServerJson } from "@mcpgw/domain/ServerJson"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { type NewVersion, type VersionFilter, Versions } from "../../src/v01/Versions.ts"

const document = (name: string, version: string): ServerJson => ({ name, version, description: `What ${name} does` })

const version = (name: string, number: string, more: Partial<NewVersion> = {}): NewVersion => ({
  document: document(name, number),
  path: `/${name.replace("/", "-")}`,
  serverName: name,
  origin: "published",
  ...more
})

const ALL: VersionFilter = { includeDeleted: true }
const LIVING: VersionFilter = { includeDeleted: false }

const listed = (filter: VersionFilter, after = "", limit = 100) =>
  Effect.flatMap(Versions, (versions) =>
    Effect.map(versions.page(filter, after, limit), (heads) => heads.map((head) => `${head.name}@${head.version}`))
  )

export const versionsSuite = <E>(name: string, layer: () => Layer.Layer<Versions, E>): void => {
  describe(`Versions: ${name}`, () => {
    it.effect("R-04: in one order, byte by byte, page by page, whatever the letters' case", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        const names = ["b/a", "a/b", "B/z", "a-b/c", "a.b/c", "a/B", "a/b-c"]
        for (const name of names) yield* versions.publish(version(name, "1.0.0"))
        yield* versions.publish(version("a/b", "10.0.0"))
        const expected = names
          .toSorted()
          .flatMap((name) => (name === "a/b" ? ["a/b@1.0.0", "a/b@10.0.0"] : [`${name}@1.0.0`]))
        assert.deepStrictEqual(yield* listed(ALL), expected)
        const [, second] = yield* versions.page(ALL, "", 2)
        assert.deepStrictEqual(yield* listed(ALL, second?.key), expected.slice(2))
      }).pipe(Effect.provide(layer()))
    )

    it.effect("R-05, R-06, R-07: search, version, updated since, deleted", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        yield* versions.publish(version("a/One_50", "1.0.0"))
        yield* TestClock.adjust("1 minute")
        yield* versions.publish(version("a/One_50", "2.0.0"))
        yield* versions.publish(version("a/two", "1.0.0"))
        yield* versions.setStatus("a/two", undefined, "deleted", "unsafe")
        assert.deepStrictEqual(yield* listed({ ...LIVING, search: "E_5" }), ["a/One_50@1.0.0", "a/One_50@2.0.0"])
        for (const search of ["%", "E?5", "x", "\\"]) assert.deepStrictEqual(yield* listed({ ...ALL, search }), [])
        assert.deepStrictEqual(yield* listed({ ...ALL, version: "latest" }), ["a/One_50@2.0.0", "a/two@1.0.0"])
        assert.deepStrictEqual(yield* listed({ ...LIVING, version: "1.0.0" }), ["a/One_50@1.0.0"])
        const since = { ...ALL, updatedSince: "1970-01-01T00:01:00.000Z" }
        assert.deepStrictEqual(yield* listed(since), ["a/One_50@2.0.0", "a/two@1.0.0"])
      }).pipe(Effect.provide(layer()))
    )

    it.effect("R-08, R-09: a version is published once, and one of them is the latest", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        for (const number of ["1.0.0", "1.10.0", "1.9.0"]) yield* versions.publish(version("a/b", number))
        const again = yield* Effect.flip(versions.publish(version("a/b", "1.9.0")))
        assert.strictEqual(again._tag, "VersionExists")
        const latest = (yield* versions.ofName("a/b")).filter(({ isLatest }) => isLatest)
        assert.deepStrictEqual(
          latest.map((entry) => entry.version),
          ["1.10.0"]
        )
        yield* versions.setStatus("a/b", "1.10.0", "deleted", undefined)
        assert.deepStrictEqual(yield* listed({ ...ALL, version: "latest" }), ["a/b@1.9.0"])
      }).pipe(Effect.provide(layer()))
    )

    it.effect("R-09: of publishes of one version at once one is taken, and one version is the latest", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        const publish = (number: string) => Effect.either(versions.publish(version("a/b", number)))
        const numbers = ["1.0.0", "2.0.0", "1.0.0", "3.0.0", "2.0.0", "1.0.0"]
        const ended = yield* Effect.forEach(numbers, publish, { concurrency: "unbounded" })
        assert.strictEqual(ended.filter(({ _tag }) => _tag === "Right").length, 3)
        assert.deepStrictEqual(yield* listed({ ...ALL, version: "latest" }), ["a/b@3.0.0"])
      }).pipe(Effect.provide(layer()))
    )

    it.effect("R-10: status of one or of all, with its moment; what changes nothing is refused", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        for (const number of ["1.0.0", "2.0.0"]) yield* versions.publish(version("a/b", number))
        yield* TestClock.adjust("1 second")
        const [one] = yield* versions.setStatus("a/b", "1.0.0", "deprecated", "use c")
        assert.deepInclude(one, {
          status: "deprecated",
          statusMessage: "use c",
          publishedAt: "1970-01-01T00:00:00.000Z",
          statusChangedAt: "1970-01-01T00:00:01.000Z",
          updatedAt: "1970-01-01T00:00:01.000Z"
        })
        const same = yield* Effect.flip(versions.setStatus("a/b", "1.0.0", "deprecated", "use c"))
        assert.strictEqual(same._tag, "NothingChanged")
        assert.lengthOf(yield* versions.setStatus("a/b", undefined, "active", undefined), 2)
        const none = yield* Effect.flip(versions.setStatus("a/c", undefined, "active", undefined))
        assert.strictEqual(none._tag, "VersionNotFound")
      }).pipe(Effect.provide(layer()))
    )

    it.effect("a server that goes takes its versions out of sight, and gives them back as they were", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        const shownAs = version("io.mcpgateway/x", "1.0.0", { path: "/x", origin: "registered" })
        yield* versions.publish(version("a/b", "1.0.0"))
        yield* versions.setStatus("a/b", undefined, "deprecated", "old")
        yield* versions.gone("/a-b", version("io.mcpgateway/a-b", "1.0.0", { path: "/a-b", origin: "registered" }))
        yield* versions.gone("/x", shownAs)
        yield* versions.gone("/x", shownAs)
        assert.deepStrictEqual(yield* listed(LIVING), [])
        assert.deepStrictEqual(yield* listed(ALL), ["a/b@1.0.0", "io.mcpgateway/x@1.0.0"])
        assert.deepStrictEqual(yield* versions.withDocuments(["/a-b", "/x"]), new Set(["/a-b"]))
        yield* versions.back("/a-b")
        yield* versions.back("/x")
        const [entry] = yield* versions.ofName("a/b")
        assert.deepInclude(entry, { status: "deprecated", statusMessage: "old", gone: false })
        assert.deepStrictEqual(yield* listed(ALL), ["a/b@1.0.0"])
      }).pipe(Effect.provide(layer()))
    )

    it.effect("a replaced document keeps its version's moment of publishing; what is unknown in it stays", () =>
      Effect.gen(function* () {
        const versions = yield* Versions
        yield* versions.publish(version("a/b", "1.0.0"))
        yield* TestClock.adjust("1 second")
        const words = {
          ...document("a/b", "1.0.0"),
          description: "Ünïcode “quotes” '; DROP TABLE x; --",
          "x-more": [1]
        }
        const replaced = yield* versions.replace(words, "B")
        assert.deepInclude(replaced, { serverName: "B", publishedAt: "1970-01-01T00:00:00.000Z" })
        const [read] = yield* versions.at([replaced.key])
        assert.deepStrictEqual(read?.document, words)
        const none = yield* Effect.flip(versions.replace(document("a/b", "2.0.0"), "B"))
        assert.strictEqual(none._tag, "VersionNotFound")
      }).pipe(Effect.provide(layer()))
    )
  })
}
