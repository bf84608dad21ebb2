/** Tables of this package, for `@mcpgw/store`'s migration helper. Append only: what was released is never edited. */
import type { Migration } from "@mcpgw/store/Migrations"

export const migrations: ReadonlyArray<Migration> = [
  {
    id: "vault-0001-server-credentials",
    statements: [
      // `set_at` is ISO 8601. Two rows of one path live side by side while the record still names the older one.
      `CREATE TABLE vault_server_credentials (
        id TEXT PRIMARY KEY NOT NULL,
        path TEXT NOT NULL,
        sealed TEXT NOT NULL,
        set_at TEXT NOT NULL
      )`,
      `CREATE INDEX vault_server_credentials_path ON vault_server_credentials (path)`
    ]
  }
]
