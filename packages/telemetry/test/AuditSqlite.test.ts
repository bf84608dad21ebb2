import { Database } from "bun:sqlite"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { verifyChain } from "../src/AuditChain.ts"
import { readAudit } from "../src/AuditReader.ts"
import { AuditError, AuditSink } from "../src/AuditSink.ts"
import { layerSqlite } from "../src/AuditSqlite.ts"
import { folder, recordPath, row, rows, sql } from "./fixtures.ts"

const open = (options: Parameters<typeof layerSqlite>[0]) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layerSqlite(options), scope)
    const sink = yield* Effect.provide(AuditSink, context)
    return { sink, close: Scope.close(scope, Exit.void) }
  })

const startError = (path: string) =>
  Effect.map(Effect.exit(Effect.scoped(Layer.build(layerSqlite({ path })))), (exit) =>
    Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  )

describe("layerSqlite", () => {
  it.scoped("closing writes what was appended last", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const { close, sink } = yield* open({ path })
      rows(10).forEach(sink.append)
      yield* close
      assert.strictEqual((yield* readAudit(path)).length, 10)
      sink.append(row("late"))
      assert.strictEqual(sink.lost(), 1)
    })
  )

  it.scopedLive("a batch leaves by itself after intervalMs", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const { close, sink } = yield* open({ path, intervalMs: 5 })
      sink.append(row("a"))
      yield* readAudit(path).pipe(
        Effect.repeat({ until: (kept) => kept.length > 0, schedule: Schedule.spaced("5 millis") })
      )
      assert.deepStrictEqual(
        (yield* readAudit(path)).map((record) => record.id),
        ["a"]
      )
      yield* close
    })
  )

  it.scoped("the start fails with a tagged error when the file can not be opened", () =>
    Effect.gen(function* () {
      const base = yield* folder
      const missing = join(base, "absent", "audit.db")
      const error = yield* startError(missing)
      assert.instanceOf(error, AuditError)
      assert.deepInclude(error, { operation: "open", path: missing })
      mkdirSync(join(base, "audit.db"))
      assert.instanceOf(yield* startError(join(base, "audit.db")), AuditError)
    })
  )

  it.scoped("the start fails on a database that is something else", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      yield* Effect.sync(() => new Database(path, { create: true }).run("CREATE TABLE entry (other TEXT)"))
      assert.instanceOf(yield* startError(path), AuditError)
    })
  )

  it.scopedLive("a write that fails is tried again: nothing lost, nothing twice, the chain whole", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const { close, sink } = yield* open({ path, batchRows: 10, capacity: 100 })
      rows(15, "a").forEach(sink.append)
      yield* sink.flush
      yield* sql(path, "CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
      rows(25, "b").forEach(sink.append)
      const waiting = yield* Effect.fork(sink.flush)
      yield* Effect.sleep(50)
      yield* sql(path, "DROP TRIGGER full")
      yield* Fiber.join(waiting)
      const kept = yield* readAudit(path)
      assert.deepStrictEqual(
        kept.map((record) => record.id),
        [...rows(15, "a"), ...rows(25, "b")].map((one) => one.id)
      )
      assert.strictEqual(sink.lost(), 0)
      assert.isTrue((yield* verifyChain(path)).intact)
      yield* close
    })
  )

  it.scoped("two sinks on one file, as in a rolling restart, extend one chain", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const first = yield* open({ path })
      const second = yield* open({ path })
      for (const prefix of ["a", "b", "c"]) {
        rows(10, prefix).forEach(first.sink.append)
        rows(10, prefix).forEach(second.sink.append)
        yield* Effect.all([first.sink.flush, second.sink.flush], { concurrency: "unbounded" })
      }
      yield* first.close
      yield* second.close
      assert.deepInclude(yield* verifyChain(path), { intact: true, rows: 60 })
    })
  )

  it.scoped("readAudit gives the newest rows of a window, oldest first", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const { close, sink } = yield* open({ path })
      rows(10).forEach(sink.append)
      yield* close
      const sequences = (options: Parameters<typeof readAudit>[1]) =>
        Effect.map(readAudit(path, options), (kept) => kept.map((record) => record.sequence))
      assert.deepStrictEqual(yield* sequences({ limit: 3 }), [8, 9, 10])
      assert.deepStrictEqual(yield* sequences({ limit: 2, before: 8 }), [6, 7])
      assert.deepStrictEqual(yield* sequences({ after: 9 }), [10])
    })
  )
})
