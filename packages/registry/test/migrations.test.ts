/** Registries of every earlier version, brought to the newest over both stores. */
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Store from "@mcpgw/store/Store"
import { migrations } from "../src/Migrations.ts"
import { record } from "./suites/fixtures.ts"

const AT = "2026-01-01T00:00:00.000Z"

const samples: ReadonlyArray<Sample> = [
  {
    table: "registry_servers",
    row: { path: "/a", record: JSON.stringify(record("/a")), inventory: 9_007_199_254, revision: 4_102_444_800_123 }
  },
  { table: "registry_tools", row: { inventory: 9_007_199_254, position: 0, tools: "[]" } },
  { table: "registry_ratings", row: { path: "/a", rater: "ann", registered_at: AT, rating: 5 } },
  {
    table: "registry_collaborators",
    row: {
      path: "/a",
      member: "person ann",
      registered_at: AT,
      kind: "person",
      name: "Ann",
      role: "manager",
      added_by: "root",
      added_at: AT
    }
  },
  {
    table: "registry_versions",
    row: {
      sort_key: "a 1",
      name: "io.example/a",
      name_lower: "io.example/a",
      version: "1.0.0",
      path: "/a",
      server_name: "A",
      origin: "published",
      source: null,
      document: "{}",
      status: "active",
      kept_status: null,
      status_message: null,
      status_changed_at: AT,
      published_at: AT,
      updated_at: AT,
      is_latest: 1
    }
  },
  { table: "registry_version_names", row: { name: "io.example/a", touched_at: AT } },
  {
    table: "registry_imports",
    row: {
      id: "1",
      source: "https://registry.example",
      request: "{}",
      state: "done",
      progress: "{}",
      page_cursor: null,
      updated_since: AT,
      newest_seen: AT,
      next_at: null,
      lease_until: null,
      claims: 2,
      worker: "w",
      created_at: AT,
      created_by: "root",
      resumed_by: "ann"
    }
  },
  { table: "registry_import_items", row: { job: "1", position: 100, size: 0, items: "[]" } }
]

migrationsSuite("registry, SQLite", migrations, samples, () => Store.layerMemory)
overPostgres(({ fresh }) => migrationsSuite("registry, PostgreSQL", migrations, samples, () => fresh))
