import { assert, describe, it } from "@effect/vitest"
import { PolicySource } from "@mcpgw/domain/PolicySource"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createGroup } from "../src/GroupEdits.ts"
import { PolicyWriter } from "../src/PolicyWriter.ts"
import { BACKUPS_KEPT, layerFile as writerFile } from "../src/PolicyWriterFile.ts"
import { layerFile } from "../src/ScopePolicyFile.ts"
import { layerText } from "../src/ScopePolicyLayers.ts"
import { layerStore } from "../src/ScopePolicyStore.ts"
import { policyWriterSuite, SUITE_TEXT } from "./suites/policyWriterSuite.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "policy-writer-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const overFile = (path: string) => writerFile({ path }).pipe(Layer.provideMerge(layerFile({ path })))

const fileLayer = () =>
  Layer.unwrapScoped(
    Effect.map(folder, (at) => {
      const path = join(at, "scopes.yml")
      writeFileSync(path, SUITE_TEXT)
      return overFile(path)
    })
  )

policyWriterSuite("layerFile", fileLayer)
policyWriterSuite("layerStore", () =>
  PolicyWriter.layerStore().pipe(
    Layer.provideMerge(layerStore()),
    Layer.provideMerge(PolicySource.layerMemory(SUITE_TEXT))
  )
)
policyWriterSuite("layerStore, its default text", () =>
  PolicyWriter.layerStore({ defaultText: SUITE_TEXT }).pipe(
    Layer.provideMerge(layerStore({ defaultText: SUITE_TEXT })),
    Layer.provideMerge(PolicySource.layerMemory())
  )
)

/** Another process, in the middle of a write of the file that has no end. */
const holder = (path: string) =>
  Effect.gen(function* () {
    const module = join(import.meta.dirname, "../src/internal/fileLock.ts")
    const script =
      `const { writingAlone } = await import(${JSON.stringify(module)}); await writingAlone(${JSON.stringify(path)}, ` +
      `undefined, () => new Promise((resolve) => { console.log("held"); setTimeout(resolve, 60_000) }))`
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" })),
      (running) => Effect.sync(() => running.kill(9))
    )
    const { value } = yield* Effect.promise(() => child.stdout.getReader().read())
    assert.strictEqual(new TextDecoder().decode(value).trim(), "held")
    return {
      kill: Effect.promise(() => {
        child.kill(9)
        return child.exited
      })
    }
  })

const make = (name: string) =>
  PolicyWriter.pipe(
    Effect.flatMap((writer) => writer.change("ann", (document) => Effect.succeed(createGroup(document, name))))
  )

describe("layerFile", () => {
  it.scoped("keeps the mode, a copy of the text before, and no more than so many copies", () =>
    Effect.gen(function* () {
      const at = yield* folder
      const path = join(at, "scopes.yml")
      writeFileSync(path, SUITE_TEXT, { mode: 0o640 })
      yield* Effect.gen(function* () {
        yield* make("one")
        const [copy] = readdirSync(at).filter((name) => name.endsWith(".bak"))
        assert.match(copy ?? "", /^scopes\.yml\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z\.bak$/)
        assert.strictEqual(readFileSync(join(at, copy ?? ""), "utf8"), SUITE_TEXT)
        assert.strictEqual(statSync(path).mode & 0o777, 0o640)
        for (let year = 1980; year < 1980 + BACKUPS_KEPT; year++) {
          writeFileSync(join(at, `scopes.yml.${year}-01-01T00-00-00.000Z.bak`), "old")
        }
        writeFileSync(join(at, "scopes.yml.mine.bak"), "kept")
        yield* make("two")
        const left = readdirSync(at)
        assert.lengthOf(
          left.filter((name) => name.endsWith("Z.bak")),
          BACKUPS_KEPT
        )
        assert.include(left, "scopes.yml.mine.bak")
        assert.isEmpty(left.filter((name) => name.endsWith(".tmp")))
      }).pipe(Effect.provide(overFile(path)))
    })
  )

  it.scoped("a file marked read-only is left alone, in words, also by a process that may do anything", () =>
    Effect.gen(function* () {
      const at = yield* folder
      const path = join(at, "scopes.yml")
      writeFileSync(path, SUITE_TEXT)
      chmodSync(path, 0o444)
      const error = yield* Effect.provide(Effect.flip(make("one")), overFile(path))
      assert.strictEqual(error._tag, "PolicyReadOnly")
      assert.include(error.message, "is marked read-only")
      assert.deepEqual(readdirSync(at), ["scopes.yml"])
      assert.strictEqual(readFileSync(path, "utf8"), SUITE_TEXT)
    })
  )

  it.scoped("follows a link to its file and leaves the link", () =>
    Effect.gen(function* () {
      const at = yield* folder
      mkdirSync(join(at, "real"))
      writeFileSync(join(at, "real", "policy.yml"), SUITE_TEXT)
      symlinkSync(join("real", "policy.yml"), join(at, "scopes.yml"))
      yield* Effect.provide(make("one"), overFile(join(at, "scopes.yml")))
      assert.include(readFileSync(join(at, "real", "policy.yml"), "utf8"), "one")
      assert.strictEqual(readdirSync(at).length, 2)
    })
  )

  it.scoped("what an editor saves meanwhile wins over a write, and is built upon by a change", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "scopes.yml")
      writeFileSync(path, SUITE_TEXT)
      yield* Effect.gen(function* () {
        const writer = yield* PolicyWriter
        const { revision } = yield* writer.read
        writeFileSync(path, `${SUITE_TEXT}# saved by hand\n`)
        const error = yield* Effect.flip(writer.write("{}", { by: "ann", revision }))
        assert.strictEqual(error._tag, "PolicyChanged")
        let saved = false
        yield* writer.change("ann", (document) =>
          Effect.sync(() => {
            if (!saved) writeFileSync(path, `${SUITE_TEXT}t: []\n# saved again\n`)
            saved = true
            return createGroup(document, "one")
          })
        )
        const text = readFileSync(path, "utf8")
        assert.include(text, "# saved again")
        assert.include(text, "t: []")
        assert.include(text, "one: [one]")
      }).pipe(Effect.provide(overFile(path)))
    })
  )

  it.live("issue 6: of several processes that write one file none undoes what another was told is done", () =>
    Effect.gen(function* () {
      const at = yield* folder
      const path = join(at, "scopes.yml")
      writeFileSync(path, SUITE_TEXT)
      const writer = (who: number) =>
        Effect.gen(function* () {
          const done: Array<string> = []
          for (let i = 0; i < 8; i++) {
            const name = `by${who}n${i}`
            yield* Effect.matchEffect(make(name), {
              onSuccess: () => Effect.sync(() => void done.push(name)),
              onFailure: (error) => Effect.sync(() => assert.strictEqual(error._tag, "PolicyChanged"))
            })
          }
          return done
        }).pipe(Effect.provide(Layer.fresh(overFile(path))))
      const done = yield* Effect.all([0, 1, 2].map(writer), { concurrency: "unbounded" })
      const text = readFileSync(path, "utf8")
      assert.deepStrictEqual(
        done.flat().filter((name) => !text.includes(`${name}:`)),
        []
      )
      assert.isAbove(done.flat().length, 8)
      assert.isEmpty(readdirSync(at).filter((name) => name.endsWith(".tmp")))
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.live(
    "issue 6: what holds the file up is over with the process that did, and is told without the server's folders",
    () =>
      Effect.gen(function* () {
        const at = yield* folder
        const path = join(at, "scopes.yml")
        writeFileSync(path, SUITE_TEXT, { mode: 0o640 })
        const { kill } = yield* holder(path)
        const error = yield* Effect.provide(Effect.flip(make("one")), overFile(path))
        assert.strictEqual(error._tag, "PolicyUnavailable")
        assert.include(error.message, "is being written by another process: try again")
        assert.notInclude(error.message, at)
        yield* kill
        const lock = join(at, ".scopes.yml.lock")
        utimesSync(lock, new Date(), new Date(Date.now() + 3_600_000))
        const begun = performance.now()
        yield* Effect.provide(make("one"), overFile(path))
        assert.isBelow(performance.now() - begun, 1_500)
        assert.include(readFileSync(path, "utf8"), "one")
        assert.deepEqual([statSync(lock).mode & 0o777, statSync(lock).size], [0o600, 0])
      }).pipe(Effect.scoped)
  )

  it.scoped("issue 6: no refusal names the server's folders", () =>
    Effect.gen(function* () {
      const at = yield* folder
      const path = join(at, "scopes.yml")
      const told = (error: { readonly message: string }) =>
        Effect.sync(() => {
          assert.include(error.message, "scopes.yml")
          assert.notInclude(error.message, at)
        })
      writeFileSync(path, SUITE_TEXT)
      yield* Effect.gen(function* () {
        const writer = yield* PolicyWriter
        yield* told(yield* Effect.flip(writer.write("{}", { by: "ann", revision: "of yesterday" })))
        writeFileSync(path, "group_mappings: 7\n")
        yield* told(yield* Effect.flip(make("one")))
        chmodSync(path, 0o444)
        yield* told(yield* Effect.flip(writer.write("{}", { by: "ann", revision: (yield* writer.read).revision })))
        rmSync(path)
        yield* told(yield* Effect.flip(writer.read))
      }).pipe(Effect.provide(overFile(path)))
    })
  )
})

describe("layerReadOnly", () => {
  it.scoped("reads and refuses every write", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(make("one"))
      assert.strictEqual(error._tag, "PolicyReadOnly")
      assert.strictEqual((yield* (yield* PolicyWriter).read).text, SUITE_TEXT)
    }).pipe(Effect.provide(PolicyWriter.layerReadOnly(SUITE_TEXT).pipe(Layer.provideMerge(layerText(SUITE_TEXT)))))
  )
})
