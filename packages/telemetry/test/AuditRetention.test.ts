/** Removal of rows by age: what goes, what stays, and that the chain can still be checked. */
import { assert, describe, it } from "@effect/vitest"
import { Database } from "bun:sqlite"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import { verifyChain } from "../src/AuditChain.ts"
import { openLedger } from "../src/AuditLedger.ts"
import { readAudit } from "../src/AuditReader.ts"
import { encodeRow, removalRule } from "../src/AuditRecord.ts"
import { AuditSink } from "../src/AuditSink.ts"
import { layerSqlite } from "../src/AuditSqlite.ts"
import { open, script } from "./ScriptedWorker.ts"
import { recordPath, row, sql } from "./fixtures.ts"

const DAY = 86_400_000
const NOW = 1_767_225_600_000

/** Row `d{n}` began n days before now. */
const aged = (...days: ReadonlyArray<number>) => days.map((day) => row(`d${day}`, { at: NOW - day * DAY }))

/** A closed record of these rows, pruned to `keepDays` as of now, `rows` at a time, `times` times. */
const pruned = (days: ReadonlyArray<number>, keepDays: number, rows = 100, times = 1) =>
  Effect.gen(function* () {
    const path = yield* recordPath
    const ledger = openLedger(path, "token")
    ledger.append(
      aged(...days)
        .map(encodeRow)
        .join("\n")
    )
    const request = { type: "prune", at: NOW, before: NOW - keepDays * DAY, rows } as const
    const answers = Array.from({ length: times }, () => ledger.prune(request))
    ledger.close()
    return { path, answers }
  })

const kept = (path: string) =>
  Effect.map(readAudit(path), (rows) => rows.filter(({ http_method }) => http_method !== "").map(({ id }) => id))

describe("AuditLedger.prune", () => {
  it.scoped("removes what is older and keeps the rest; the chain goes on from the last row removed", () =>
    Effect.gen(function* () {
      const whole = yield* pruned([40, 31, 30, 29, 1], 365)
      const before = yield* readAudit(whole.path)
      assert.deepStrictEqual(whole.answers, [{ type: "pruned", rows: 0, more: false }])
      const { answers, path } = yield* pruned([40, 31, 30, 29, 1], 30)
      assert.deepStrictEqual(answers, [{ type: "pruned", rows: 2, more: false }])
      assert.deepStrictEqual(yield* kept(path), ["d30", "d29", "d1"])
      const report = yield* verifyChain(path)
      assert.deepInclude(report, { intact: true, rows: 4, noted: "none" })
      if (!report.intact) return
      assert.strictEqual(report.from.sequence, 2)
      const [first, ...rest] = yield* readAudit(path)
      assert.deepInclude(first, { sequence: 3, previous: report.from.digest })
      assert.deepInclude(rest.at(-1), { rule: removalRule(report.from), at: NOW, sequence: 6 })
      assert.strictEqual(before.length, 5)
    })
  )

  it.scoped("goes in batches that say whether there is more, each of them whole", () =>
    Effect.gen(function* () {
      const { answers, path } = yield* pruned([50, 49, 48, 47, 46, 2], 30, 2, 4)
      assert.deepStrictEqual(
        answers.map(({ more, rows }) => [rows, more]),
        [
          [2, true],
          [2, true],
          [1, false],
          [0, false]
        ]
      )
      assert.deepStrictEqual(yield* kept(path), ["d2"])
      assert.deepInclude(yield* verifyChain(path), { intact: true, rows: 4 })
    })
  )

  it.scoped("a record all of whose rows are gone goes on where it was", () =>
    Effect.gen(function* () {
      const { path } = yield* pruned([50, 49], 30)
      const ledger = openLedger(path, "token")
      ledger.append(encodeRow(row("after")))
      ledger.close()
      assert.deepStrictEqual(
        (yield* readAudit(path)).map(({ sequence }) => sequence),
        [3, 4]
      )
      assert.deepInclude(yield* verifyChain(path), { intact: true, rows: 2 })
    })
  )

  it.scoped("a row late in the record waits for those before it; one dated after now keeps none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* kept((yield* pruned([50, 3, 49, 2], 30)).path), ["d3", "d49", "d2"])
      assert.deepStrictEqual(yield* kept((yield* pruned([50, -900, 49, 2], 30)).path), ["d2"])
      assert.deepStrictEqual(yield* kept((yield* pruned([-900, 2], 30)).path), ["d-900", "d2"])
    })
  )

  it.scoped("property: whatever the ages, the chain holds, nothing young goes, and only a beginning goes", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.array(FastCheck.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 30 }),
          FastCheck.integer({ min: 1, max: 40 }),
          FastCheck.integer({ min: 1, max: 7 }),
          (days, keepDays, rows) =>
            Effect.gen(function* () {
              const { path } = yield* pruned(days, keepDays, rows, 40)
              assert.isTrue((yield* verifyChain(path)).intact)
              const stay = yield* kept(path)
              const ids = days.map((day) => `d${day}`)
              assert.deepStrictEqual(stay, ids.slice(ids.length - stay.length))
              assert.isTrue(days.slice(0, days.length - stay.length).every((day) => day > keepDays))
              const [oldest = 0] = days.slice(days.length - stay.length)
              assert.isAtMost(oldest, keepDays)
            }).pipe(Effect.scoped, Effect.runPromise)
        ),
        { numRuns: 25 }
      )
    )
  )

  it.scoped("what is removed is gone from the file", () =>
    Effect.gen(function* () {
      const path = yield* recordPath
      const ledger = openLedger(path, "token")
      ledger.append(encodeRow(row("old", { at: NOW - 50 * DAY, username: "mallory-of-old" })))
      ledger.append(encodeRow(row("new", { at: NOW })))
      ledger.sync()
      ledger.prune({ type: "prune", at: NOW, before: NOW - 30 * DAY, rows: 10 })
      ledger.close()
      const text = Buffer.from(yield* Effect.promise(() => Bun.file(path).arrayBuffer())).toString("latin1")
      assert.notInclude(text, "mallory-of-old")
      assert.include(text, "ana")
    })
  )

  it.scoped("a version that knows of no anchor does not extend the record; one nothing was removed from it does", () =>
    Effect.gen(function* () {
      const format = (path: string) =>
        Effect.sync(() => {
          using db = new Database(path, { readonly: true })
          return db.prepare<{ format: number }, []>("SELECT format FROM chain").get()?.format
        })
      assert.strictEqual(yield* format((yield* pruned([1], 30)).path), 1)
      assert.strictEqual(yield* format((yield* pruned([40], 30)).path), 2)
    })
  )

  it.scoped(
    "a record of an older version is taken over: its rows, its chain, and a view that knows of the anchor",
    () =>
      Effect.gen(function* () {
        const { path } = yield* pruned([50, 49, 2], 365)
        yield* sql(path, "DROP VIEW audit", "CREATE VIEW audit AS SELECT 'old' AS chain", "DROP TABLE anchor")
        assert.deepInclude(yield* verifyChain(path), {
          intact: true,
          rows: 3,
          from: { sequence: 0, digest: yield* genesis(path) }
        })
        const ledger = openLedger(path, "token")
        ledger.prune({ type: "prune", at: NOW, before: NOW - 30 * DAY, rows: 10 })
        ledger.close()
        assert.deepStrictEqual(yield* kept(path), ["d2"])
        assert.isTrue((yield* verifyChain(path)).intact)
      })
  )
})

const genesis = (path: string) =>
  Effect.sync(() => {
    using db = new Database(path, { readonly: true })
    return db.prepare<{ genesis: string }, []>("SELECT genesis FROM chain").get()?.genesis ?? ""
  })

describe("verifyChain after a removal", () => {
  const tampered = (...statements: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { path } = yield* pruned([50, 49, 48, 3, 2, 1], 30)
      yield* sql(path, ...statements)
      return yield* verifyChain(path)
    })

  it.scoped("finds rows removed by hand, with or without a new anchor", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* tampered("DELETE FROM entry WHERE sequence = 4"), {
        sequence: 4,
        reason: "missing_row"
      })
      assert.deepInclude(
        yield* tampered(
          "UPDATE anchor SET sequence = 4, digest = (SELECT digest FROM entry WHERE sequence = 4)",
          "DELETE FROM entry WHERE sequence = 4"
        ),
        { intact: false, sequence: 4, reason: "removal_unrecorded" }
      )
      assert.deepInclude(yield* tampered("DELETE FROM entry WHERE sequence = 7"), {
        intact: false,
        reason: "removal_unrecorded"
      })
    })
  )

  it.scoped("finds a changed anchor, and one taken away", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* tampered("UPDATE anchor SET digest = (SELECT genesis FROM chain)"), {
        sequence: 4,
        reason: "digest_mismatch"
      })
      assert.deepInclude(yield* tampered("DELETE FROM anchor"), { sequence: 1, reason: "missing_row" })
    })
  )

  it.scoped("says of a head noted before whether it was found or is beyond checking", () =>
    Effect.gen(function* () {
      const { path } = yield* pruned([50, 49, 48, 3, 2, 1], 30)
      const report = yield* verifyChain(path)
      assert.isTrue(report.intact)
      if (!report.intact) return
      const noted = (sequence: number, digest: string) => verifyChain(path, { anchor: { sequence, digest } })
      assert.deepInclude(yield* noted(report.head.sequence, report.head.digest), { noted: "confirmed" })
      assert.deepInclude(yield* noted(report.from.sequence, report.from.digest), { noted: "confirmed" })
      assert.deepInclude(yield* noted(report.from.sequence, "other"), { sequence: 3, reason: "anchor_mismatch" })
      assert.deepInclude(yield* noted(2, "whatever it was"), { intact: true, noted: "removed" })
      assert.deepInclude(yield* noted(99, "none"), { reason: "anchor_missing" })
    })
  )
})

const yields = Effect.repeatN(Effect.yieldNow(), 20)

describe("AuditSqliteOptions.retentionDays", () => {
  it.scoped("asks at start and every hour, and again at once while there is more", () => {
    const lines: Array<string> = []
    const logger = Logger.make((entry) => lines.push(Logger.stringLogger.log(entry)))
    return Effect.gen(function* () {
      const { lives, spawn } = script()
      const asked = () =>
        (lives[0]?.received ?? []).flatMap((message) =>
          typeof message === "object" && message.type === "prune" ? [[message.at, message.before]] : []
        )
      yield* TestClock.setTime(NOW)
      yield* open(spawn, { retentionDays: 30 })
      yield* yields
      assert.deepStrictEqual(asked(), [[NOW, NOW - 30 * DAY]])
      lives[0]?.events.message({ type: "pruned", rows: 2_000, more: true })
      yield* yields
      assert.strictEqual(asked().length, 2)
      lives[0]?.events.message({ type: "pruned", rows: 7, more: false })
      yield* yields
      assert.isTrue(lines.some((line) => line.includes("2007 audit rows older than 30 days removed")))
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(asked().length, 2)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(asked()[2], [NOW + 3_600_000, NOW + 3_600_000 - 30 * DAY])
    }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })

  it.scoped("a worker that does not answer is asked again an hour later", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      const count = () =>
        (lives[0]?.received ?? []).filter((message) => typeof message === "object" && message.type === "prune").length
      yield* open(spawn, { retentionDays: 1 })
      yield* yields
      yield* TestClock.adjust("60 minutes")
      assert.strictEqual(count(), 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(count(), 2)
    })
  )

  it.scoped("undefined keeps rows for ever: nothing is asked", () =>
    Effect.gen(function* () {
      const { lives, spawn } = script()
      yield* open(spawn, { retentionDays: undefined })
      yield* TestClock.adjust("30 days")
      assert.strictEqual(lives[0]?.received.length, 1)
    })
  )

  it.scoped(
    "by the worker itself: old rows go at the start, the next by the clock, and new ones are written meanwhile",
    () =>
      Effect.gen(function* () {
        const path = yield* recordPath
        const first = openLedger(path, "other")
        first.append(aged(50, 29).map(encodeRow).join("\n"))
        first.close()
        yield* TestClock.setTime(NOW)
        yield* Effect.gen(function* () {
          const sink = yield* AuditSink
          yield* yields
          sink.append(row("new", { at: NOW }))
          // The worker answers in order: after this it has removed what it was asked to.
          yield* sink.flush
          assert.deepStrictEqual(yield* kept(path), ["d29", "new"])
          yield* TestClock.adjust("2 days")
          yield* sink.flush
          assert.deepStrictEqual(yield* kept(path), ["new"])
        }).pipe(Effect.provide(layerSqlite({ path, retentionDays: 30 })))
        assert.isTrue((yield* verifyChain(path)).intact)
      })
  )
})
