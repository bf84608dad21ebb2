/** Health of every earlier version, brought to the newest over both stores. */
import * as Store from "@mcpgw/store/Store"
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import { migrations } from "../src/Migrations.ts"

const samples: ReadonlyArray<Sample> = [
  {
    table: "server_health",
    row: {
      path: "/a",
      print: "p",
      status: "healthy",
      checked_at: "2026-01-01T00:00:00.000Z",
      by_calls: 0,
      due: 4_102_444_800_123,
      rest_until: 0
    }
  }
]

migrationsSuite("health, SQLite", migrations, samples, () => Store.layerMemory)
overPostgres(({ fresh }) => migrationsSuite("health, PostgreSQL", migrations, samples, () => fresh))
