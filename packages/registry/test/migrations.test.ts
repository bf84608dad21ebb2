/** Registries of every earlier version, brought to the newest over both stores. */
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Store from "@mcpgw/store/Store"
import { migrations } from "../src/Migrations.ts"
import { record } from "./suites/fixtures.ts"

const samples: ReadonlyArray<Sample> = [
  {
    table: "registry_servers",
    row: { path: "/a", record: JSON.stringify(record("/a")), inventory: 9_007_199_254, revision: 4_102_444_800_123 }
  },
  { table: "registry_tools", row: { inventory: 9_007_199_254, position: 0, tools: "[]" } }
]

migrationsSuite("registry, SQLite", migrations, samples, () => Store.layerMemory)
overPostgres(({ fresh }) => migrationsSuite("registry, PostgreSQL", migrations, samples, () => fresh))
