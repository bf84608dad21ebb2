/** Tables of this package, for `@mcpgw/store`'s migration helper. Append only: what was released is never edited. */
import type { Migration } from "@mcpgw/store/Migrations"

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
  }
]
