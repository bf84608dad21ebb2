/** Tables of this package, for `@mcpgw/store`'s migration helper. Append only: what was released is never edited. */
import type { Migration } from "@mcpgw/store/Migrations"
import { VERSION_TABLES } from "./internal/versionTables.ts"

/** One list, one owner: every layer here that needs a table runs all of it. */
export const migrations: ReadonlyArray<Migration> = [
  {
    id: "registry-0001-servers",
    statements: ["CREATE TABLE registry_servers (path TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL)"]
  },
  {
    id: "registry-0002-tools",
    statements: [
      // Null: the tools are in the record.
      "ALTER TABLE registry_servers ADD COLUMN inventory INTEGER",
      `CREATE TABLE registry_tools (
        inventory INTEGER NOT NULL, position INTEGER NOT NULL, tools TEXT NOT NULL, PRIMARY KEY (inventory, position)
      )`
    ]
  },
  {
    id: "registry-0003-changes",
    statements: [
      // The number of the change in the feed; 0 for a row older than the feed.
      "ALTER TABLE registry_servers ADD COLUMN revision BIGINT NOT NULL DEFAULT 0",
      "CREATE INDEX registry_servers_case ON registry_servers (lower(path))"
    ]
  },
  {
    id: "registry-0004-ratings",
    statements: [
      // `registered_at`: of which registration, so that a server registered anew begins without ratings.
      `CREATE TABLE registry_ratings (
        path TEXT NOT NULL, rater TEXT NOT NULL, registered_at TEXT NOT NULL, rating INTEGER NOT NULL,
        PRIMARY KEY (path, rater)
      )`
    ]
  },
  {
    id: "registry-0005-collaborators",
    statements: [
      // `member`: kind and name, in one case for people. `registered_at`: of which registration of the server.
      `CREATE TABLE registry_collaborators (
        path TEXT NOT NULL,
        member TEXT NOT NULL,
        registered_at TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        added_by TEXT NOT NULL,
        added_at TEXT NOT NULL,
        PRIMARY KEY (path, member)
      )`
    ]
  },
  { id: "registry-0006-versions", statements: VERSION_TABLES },
  {
    id: "registry-0007-import-claims",
    // How often work on the job was begun since it last got on.
    statements: ["ALTER TABLE registry_imports ADD COLUMN claims INTEGER NOT NULL DEFAULT 0"]
  },
  {
    id: "registry-0008-import-items",
    statements: [
      // What became of the entries of a page: `position` is that of the first of them among all of the run.
      `CREATE TABLE registry_import_items (
        job TEXT NOT NULL,
        position INTEGER NOT NULL,
        size INTEGER NOT NULL,
        items TEXT NOT NULL,
        PRIMARY KEY (job, position)
      )`
    ]
  },
  {
    id: "registry-0009-import-workers",
    // Which claim a job is worked on by: whoever held an earlier one writes nothing any more.
    statements: ["ALTER TABLE registry_imports ADD COLUMN worker TEXT"]
  },
  {
    id: "registry-0010-import-resumed",
    statements: ["ALTER TABLE registry_imports ADD COLUMN resumed_by TEXT"]
  }
]
