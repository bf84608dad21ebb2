import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { AuditRows, layerMemory } from "../src/AuditMemory.ts"
import { readAudit } from "../src/AuditReader.ts"
import { AuditSink, layerNoop } from "../src/AuditSink.ts"
import { layerSqlite } from "../src/AuditSqlite.ts"
import { recordPath, row } from "./fixtures.ts"
import { auditSinkSuite } from "./suites/AuditSinkSuite.ts"

auditSinkSuite<AuditRows>("layerMemory", (capacity) =>
  Effect.succeed({ layer: layerMemory({ capacity }), read: Effect.flatMap(AuditRows, (kept) => kept.read) })
)

auditSinkSuite<never>("layerSqlite", (capacity) =>
  Effect.map(recordPath, (path) => ({
    layer: layerSqlite({ path, capacity, batchRows: 64 }),
    read: readAudit(path, { limit: 10_000 })
  }))
)

describe("layerNoop", () => {
  it.effect("takes rows and loses nothing it promised to keep", () =>
    Effect.gen(function* () {
      const sink = yield* AuditSink
      sink.append(row("a"))
      yield* sink.flush
      assert.strictEqual(sink.lost(), 0)
    }).pipe(Effect.provide(layerNoop))
  )
})
