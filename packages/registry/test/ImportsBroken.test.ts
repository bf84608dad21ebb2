/** Imports that break off by an error of our own, or with their process: none is left running for ever, each can be resumed. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Store from "@mcpgw/store/Store"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Imports } from "../src/import/Imports.ts"
import { Versions } from "../src/v01/Versions.ts"
import { remoteEntry } from "./support/corpus.ts"
import { over, QUICK, records, run, settled, until } from "./support/importing.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => remoteEntry(`com.example/s-${String(i).padStart(4, "0")}`))

describe("issue 6: imports that break off", () => {
  it.scopedLive("an error of our own interrupts where it was, and the rest comes when it is resumed", () => {
    const broken = { name: "com.example/s-0150" }
    const versions = Layer.map(Versions.layerSql, (context) => {
      const real = Context.get(context, Versions)
      const ofName: typeof real.ofName = (name) =>
        name === broken.name ? Effect.die(new Error("a defect")) : real.ofName(name)
      return Context.make(Versions, { ...real, ofName })
    })
    return Effect.gen(function* () {
      const source = yield* sourceRegistry(many(250))
      const { job } = yield* run({ from: source.url })
      assert.deepInclude(job, { state: "interrupted", cursor: "100" })
      assert.deepInclude(job.progress, { seen: 100, created: 100 })
      assert.match(String(job.progress.problem), /an error of this gateway/)
      // A mirror is tried again in its time.
      const mirror = yield* run({ from: source.url, everySeconds: 60 })
      assert.deepInclude(mirror.job, { state: "waiting", cursor: "100" })
      broken.name = ""
      // The newest first: the mirror need not be waited for.
      assert.strictEqual((yield* (yield* Imports).resume(source.url, "ann")).id, mirror.job.id)
      assert.deepInclude((yield* settled(mirror.job.id)).progress, { seen: 250, problem: null })
      assert.strictEqual((yield* (yield* Imports).resume(source.url, "ann")).id, job.id)
      const whole = yield* settled(job.id)
      assert.strictEqual(whole.state, "finished")
      assert.deepInclude(whole.progress, { seen: 250, problem: null })
    }).pipe(Effect.provide(over(Store.layerMemory, QUICK, versions)))
  })

  it.scopedLive("a change that broke off between the document and the server is whole when it is resumed", () => {
    const breaking: { at: "before" | "after" | undefined } = { at: undefined }
    const dies = Effect.die(new Error("a defect"))
    const versions = Layer.map(Versions.layerSql, (context) => {
      const real = Context.get(context, Versions)
      const publish: typeof real.publish = (version) => {
        const { at } = breaking
        breaking.at = undefined
        if (at === "before") return dies
        return at === "after" ? Effect.zipRight(real.publish(version), dies) : real.publish(version)
      }
      return Context.make(Versions, { ...real, publish })
    })
    return Effect.gen(function* () {
      const source = yield* sourceRegistry([])
      const wanted = (version: string, host: string) => {
        const remotes = [{ type: "streamable-http", url: `https://${host}.example.com/mcp` }]
        source.entries = [remoteEntry("com.example/moves", { server: { version, remotes } })]
      }
      for (const [version, at] of [
        ["1.0.0", "before"],
        ["1.0.1", "after"],
        ["1.0.2", "before"],
        ["1.0.3", "after"]
      ] as const) {
        wanted(version, `host-${version}`)
        breaking.at = at
        assert.strictEqual((yield* run({ from: source.url })).job.state, "interrupted")
        const { id } = yield* (yield* Imports).resume(source.url, "ann")
        assert.strictEqual((yield* settled(id)).state, "finished")
        const [record] = yield* records
        assert.strictEqual(record?.proxy_pass_url, `https://host-${version}.example.com/mcp`, at)
        const known = yield* (yield* Versions).ofName("com.example/moves")
        assert.strictEqual(known.find(({ isLatest }) => isLatest)?.version, version, at)
      }
    }).pipe(Effect.provide(over(Store.layerMemory, QUICK, versions)))
  })

  it.scopedLive("one that ends its process again and again is interrupted in the end, and can be resumed", () => {
    const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-import-")), "a.db")
    const claims = Effect.flatMap(SqlClient.SqlClient, (sql) =>
      Effect.map(sql<{ readonly claims: number }>`SELECT claims FROM registry_imports`, ([row]) => row?.claims)
    )
    return Effect.gen(function* () {
      const source = yield* sourceRegistry(many(50))
      source.trouble = () => "hang"
      const id = yield* Effect.gen(function* () {
        const job = yield* (yield* Imports).start({ from: source.url }, "admin")
        yield* until(claims, (count) => count === 1)
        return job.id
      }).pipe(Effect.provide(over(Store.layerSqlite({ filename }))))
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* claims, 0, "an orderly end does not count")
        // As three processes leave it that were killed over it.
        const sql = yield* SqlClient.SqlClient
        yield* sql`UPDATE registry_imports SET claims = 3, lease_until = '2020-01-01T00:00:00.000Z'`
      }).pipe(Effect.provide(Store.layerSqlite({ filename })))
      source.trouble = () => undefined
      yield* Effect.gen(function* () {
        const job = yield* settled(id)
        assert.strictEqual(job.state, "interrupted")
        assert.match(String(job.progress.problem), /begun 3 times/)
        yield* (yield* Imports).resume(source.url, "ann")
        assert.deepInclude(yield* settled(id), { state: "finished", claims: 0 })
      }).pipe(Effect.provide(over(Store.layerSqlite({ filename }))))
    })
  })
})
