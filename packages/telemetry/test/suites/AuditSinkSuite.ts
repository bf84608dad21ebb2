/** What every `AuditSink` that keeps rows must do; run over each of its layers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { AuditRecord } from "../../src/AuditRecord.ts"
import { digestOf, encodeRow, genesisOf } from "../../src/AuditRecord.ts"
import { AuditSink } from "../../src/AuditSink.ts"
import { row, rows } from "../fixtures.ts"

export interface AuditSinkHarness<R> {
  readonly layer: Layer.Layer<AuditSink | R, unknown>
  /** Every row kept, oldest first. Called after `flush`. */
  readonly read: Effect.Effect<ReadonlyArray<AuditRecord>, unknown, R>
}

/** `make` gives a fresh sink that holds at most `capacity` rows. */
export const auditSinkSuite = <R>(
  name: string,
  make: (capacity: number) => Effect.Effect<AuditSinkHarness<R>, unknown, Scope.Scope>
): void => {
  const withSink = <A, E>(
    capacity: number,
    body: (sink: AuditSink["Type"], read: AuditSinkHarness<R>["read"]) => Effect.Effect<A, E, R>
  ) =>
    Effect.flatMap(make(capacity), (harness) =>
      Effect.flatMap(AuditSink, (sink) => body(sink, harness.read)).pipe(Effect.provide(harness.layer))
    )

  describe(`AuditSink contract: ${name}`, () => {
    it.scoped("keeps every field and the order of append", () =>
      withSink(1000, (sink, read) =>
        Effect.gen(function* () {
          const given = [
            row("a"),
            row("b", { decision: "deny", outcome: "refused", status: 403, rule: "auth:token_expired", tool: null }),
            row('c"\n\u0000é\ud83d\ude00', { rpc_code: -32_602, duration_ms: 0.125, subject: null })
          ]
          for (const one of given) sink.append(one)
          yield* sink.flush
          const kept = yield* read
          assert.deepStrictEqual(
            kept.map(({ chain: _chain, digest: _digest, previous: _previous, sequence: _sequence, ...rest }) => rest),
            given
          )
        })
      )
    )

    it.scoped("design §5: rows carry chain, sequence without gaps, previous digest", () =>
      withSink(1000, (sink, read) =>
        Effect.gen(function* () {
          for (const one of rows(300)) sink.append(one)
          yield* sink.flush
          const kept = yield* read
          assert.strictEqual(kept.length, 300)
          let previous = genesisOf(kept[0]?.chain ?? "")
          for (const [index, record] of kept.entries()) {
            assert.strictEqual(record.sequence, index + 1)
            assert.strictEqual(record.chain, kept[0]?.chain)
            assert.strictEqual(record.previous, previous)
            assert.strictEqual(record.digest, digestOf(previous, encodeRow(record)))
            previous = record.digest
          }
        })
      )
    )

    it.scoped("flush returns after every row appended before it is readable, each time", () =>
      withSink(1000, (sink, read) =>
        Effect.gen(function* () {
          yield* sink.flush
          for (const [index, one] of rows(5).entries()) {
            sink.append(one)
            yield* sink.flush
            assert.strictEqual((yield* read).length, index + 1)
          }
        })
      )
    )

    it.scoped("design §4.5: the buffer is bounded, what does not fit is counted as lost", () =>
      withSink(50, (sink, read) =>
        Effect.gen(function* () {
          for (const one of rows(57)) sink.append(one)
          assert.strictEqual(sink.lost(), 7)
          yield* sink.flush
          const kept = yield* read
          assert.deepStrictEqual(
            kept.map((record) => record.id),
            rows(50).map((one) => one.id)
          )
          assert.deepStrictEqual(kept.at(-1)?.sequence, 50)
        })
      )
    )

    it.scoped("appends of concurrent fibers are all kept, each fiber's in its order", () =>
      withSink(5000, (sink, read) =>
        Effect.gen(function* () {
          const fiber = (name: string) =>
            Effect.forEach(rows(100, name), (one) =>
              Effect.zipRight(
                Effect.yieldNow(),
                Effect.sync(() => sink.append(one))
              )
            )
          yield* Effect.forEach(["a", "b", "c", "d", "e"], fiber, { concurrency: "unbounded" })
          yield* sink.flush
          const kept = yield* read
          assert.strictEqual(kept.length, 500)
          assert.strictEqual(sink.lost(), 0)
          for (const name of ["a", "b", "c", "d", "e"])
            assert.deepStrictEqual(
              kept.map((record) => record.id).filter((id) => id.startsWith(name)),
              rows(100, name).map((one) => one.id)
            )
        })
      )
    )

    it.scoped("flushes may overlap appends and each other", () =>
      withSink(5000, (sink, read) =>
        Effect.gen(function* () {
          const burst = Effect.zipRight(
            Effect.sync(() => rows(20).forEach(sink.append)),
            sink.flush
          )
          yield* Effect.all([burst, burst, sink.flush, burst], { concurrency: "unbounded" })
          assert.strictEqual((yield* read).length, 60)
        })
      )
    )
  })
}
