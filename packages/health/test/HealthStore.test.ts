/** What is known of servers' health, in memory and in a SQLite file; and several processes over one file. */
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HealthStore } from "../src/HealthStore.ts"
import { healthStoreSuite } from "./suites/healthStoreSuite.ts"
import { processesSuite } from "./suites/processesSuite.ts"

healthStoreSuite("layerMemory", () => Layer.fresh(HealthStore.layerMemory))
healthStoreSuite("layerSql over SQLite", () => Layer.provide(HealthStore.layerSql, Layer.fresh(Store.layerMemory)))

processesSuite(
  "a SQLite file",
  Effect.sync(() =>
    Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-health-")), "a.db"), pollMillis: 0 })
  )
)
