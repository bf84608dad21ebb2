/** Tables of this package, for `@mcpgw/store`'s migration helper. Append only: what was released is never edited. */
import type { Migration } from "@mcpgw/store/Migrations"

export const migrations: ReadonlyArray<Migration> = [
  {
    id: "health-0001-statuses",
    statements: [
      // `print`: of which version of the server's record. `due`, `rest_until`: epoch milliseconds. `by_calls`: 1, no check found it so.
      `CREATE TABLE server_health (
        path TEXT PRIMARY KEY NOT NULL,
        print TEXT NOT NULL,
        status TEXT NOT NULL,
        checked_at TEXT,
        by_calls INTEGER NOT NULL,
        due INTEGER NOT NULL,
        rest_until INTEGER NOT NULL
      )`
    ]
  }
]
