import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { verifyChain } from "../src/AuditChain.ts"
import { readAudit } from "../src/AuditReader.ts"
import { AuditSink } from "../src/AuditSink.ts"
import { layerSqlite } from "../src/AuditSqlite.ts"
import { recordPath, rows, sql } from "./fixtures.ts"

const write = (path: string, count: number, prefix?: string) =>
  Effect.flatMap(AuditSink, (sink) =>
    Effect.sync(() => rows(count, prefix).forEach(sink.append)).pipe(Effect.zipRight(sink.flush))
  ).pipe(Effect.provide(layerSqlite({ path })))

const tampered = (...statements: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = yield* recordPath
    yield* write(path, 20)
    const before = yield* verifyChain(path)
    assert.isTrue(before.intact)
    yield* sql(path, ...statements)
    return yield* verifyChain(path)
  })

const assertBroken = (report: unknown, sequence: number, reason: string) =>
  assert.deepInclude(report, { intact: false, sequence, reason })

describe("verifyChain (design §5: chain, sequence, previous digest)", () => {
  it.scoped("an untouched record is intact; its chain goes on across restarts", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      yield* write(path, 20)
      const first = yield* verifyChain(path)
      yield* write(path, 5, "second")
      const second = yield* verifyChain(path)
      assert.deepInclude(second, { intact: true, rows: 25, chain: first.chain })
      const kept = yield* readAudit(path)
      assert.strictEqual(kept[20]?.previous, kept[19]?.digest)
    })
  )

  it.scoped("finds a changed row", () =>
    Effect.map(tampered("UPDATE entry SET body = replace(body, 'allow', 'deny') WHERE sequence = 7"), (report) =>
      assertBroken(report, 7, "digest_mismatch")
    )
  )

  it.scoped("finds a changed row whose digest was changed with it", () =>
    Effect.map(
      tampered("UPDATE entry SET digest = (SELECT digest FROM entry WHERE sequence = 3) WHERE sequence = 7"),
      (report) => assertBroken(report, 7, "digest_mismatch")
    )
  )

  it.scoped("finds a deleted row, in the middle and at the start", () =>
    Effect.gen(function* () {
      assertBroken(yield* tampered("DELETE FROM entry WHERE sequence = 9"), 9, "missing_row")
      assertBroken(yield* tampered("DELETE FROM entry WHERE sequence = 1"), 1, "missing_row")
    })
  )

  it.scoped("finds a deleted row behind renumbered ones", () =>
    Effect.map(
      tampered(
        "DELETE FROM entry WHERE sequence = 9",
        "UPDATE entry SET sequence = -sequence WHERE sequence > 9",
        "UPDATE entry SET sequence = -sequence - 1 WHERE sequence < 0"
      ),
      (report) => assertBroken(report, 9, "digest_mismatch")
    )
  )

  it.scoped("finds two rows that changed places", () =>
    Effect.map(
      tampered(
        "UPDATE entry SET sequence = -4 WHERE sequence = 4",
        "UPDATE entry SET sequence = 4 WHERE sequence = 5",
        "UPDATE entry SET sequence = 5 WHERE sequence = -4"
      ),
      (report) => assertBroken(report, 4, "digest_mismatch")
    )
  )

  it.scoped("finds an added row", () =>
    Effect.map(tampered("INSERT INTO entry SELECT 21, digest, body FROM entry WHERE sequence = 20"), (report) =>
      assertBroken(report, 21, "digest_mismatch")
    )
  )

  it.scoped("finds a record given another chain's id", () =>
    Effect.map(tampered("UPDATE chain SET id = 'another'"), (report) => assertBroken(report, 1, "digest_mismatch"))
  )

  it.scoped("finds a cut tail and a rewritten past against an anchor kept elsewhere", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      yield* write(path, 20)
      const report = yield* verifyChain(path)
      assert.isTrue(report.intact)
      if (!report.intact) return
      yield* sql(path, "DELETE FROM entry WHERE sequence > 15")
      assert.isTrue((yield* verifyChain(path)).intact)
      assertBroken(yield* verifyChain(path, { anchor: report.head }), 16, "anchor_missing")
      yield* write(path, 10, "other")
      assertBroken(yield* verifyChain(path, { anchor: report.head }), 20, "anchor_mismatch")
    })
  )

  it.scoped("says which file can not be read", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const error = yield* Effect.flip(verifyChain(path))
      assert.deepInclude(error, { _tag: "AuditError", operation: "read", path })
    })
  )
})
