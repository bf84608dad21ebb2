import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { openLedger } from "../src/AuditLedger.ts"
import { readAudit } from "../src/AuditReader.ts"
import { encodeRow } from "../src/AuditRecord.ts"
import { recordPath, rows, sql } from "./fixtures.ts"

const batch = (count: number, prefix: string): string => rows(count, prefix).map(encodeRow).join("\n")

describe("AuditLedger", () => {
  it.scoped("a batch is written whole or not at all, and says how far the token came when opened again", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const first = openLedger(path, "token")
      assert.strictEqual(first.append(batch(3, "a")), 3)
      yield* sql(
        path,
        "CREATE TRIGGER full BEFORE INSERT ON entry WHEN NEW.sequence = 5 BEGIN SELECT RAISE(ABORT, 'full'); END"
      )
      assert.throws(() => first.append(batch(3, "b")), "full")
      assert.strictEqual(first.written(), 3)
      first.abandon()
      yield* sql(path, "DROP TRIGGER full")
      const second = openLedger(path, "token")
      assert.strictEqual(second.written(), 3)
      assert.strictEqual(second.append(batch(3, "b")), 6)
      second.close()
      assert.strictEqual((yield* readAudit(path)).length, 6)
      const third = openLedger(path, "token")
      assert.strictEqual(third.written(), 0)
      third.close()
    })
  )

  it.scoped("two workers of one sink never write the same rows twice", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const late = openLedger(path, "token")
      const next = openLedger(path, "token")
      late.append(batch(2, "a"))
      assert.throws(() => next.append(batch(2, "a")), "in between")
      next.abandon()
      late.close()
      assert.strictEqual((yield* readAudit(path)).length, 2)
    })
  )

  it.scoped("a row written and checkpointed is read back through the view, every column named", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const ledger = openLedger(path, "token")
      ledger.append(batch(1, "a"))
      ledger.sync()
      ledger.close()
      const [kept] = yield* readAudit(path)
      assert.deepInclude(kept, { ...rows(1, "a")[0], sequence: 1 })
    })
  )
})
