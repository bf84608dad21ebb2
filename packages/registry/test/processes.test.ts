import * as Store from "@mcpgw/store/Store"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Effect from "effect/Effect"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { processesSuite } from "./suites/processesSuite.ts"

processesSuite(
  "a SQLite file",
  Effect.sync(() => Store.layerSqlite({ filename: join(mkdtempSync(join(tmpdir(), "mcpgw-two-")), "a.db") }))
)

overPostgres(({ kept }) => processesSuite("PostgreSQL", kept))
