/** Rows, temporary files and raw access to a record, shared by the tests of this package. */
import { Database } from "bun:sqlite"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AuditRow } from "@mcpgw/domain/Audit"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"

export const row = (id: string, more?: Partial<AuditRow>): AuditRow => ({
  id,
  at: 1_767_225_600_000,
  issuer: "https://issuer.example/realms/main",
  subject: "f3b2c1d0",
  username: "ana",
  client_id: "cursor",
  auth_method: "bearer",
  remote: "192.0.2.7",
  http_method: "POST",
  server: "/currenttime",
  method: "tools/call",
  tool: "current_time_by_timezone",
  decision: "allow",
  rule: "mcp-servers-restricted/execute[2].tools",
  outcome: "ok",
  status: 200,
  rpc_code: null,
  duration_ms: 1.25,
  ...more
})

export const rows = (count: number, prefix = "r"): ReadonlyArray<AuditRow> =>
  Array.from({ length: count }, (_, index) => row(`${prefix}${index + 1}`))

const text = FastCheck.string({ unit: "binary", maxLength: 40 })
const maybe = FastCheck.option(text, { nil: null })

export const arbitraryRow: FastCheck.Arbitrary<AuditRow> = FastCheck.record({
  id: text,
  at: FastCheck.nat(),
  issuer: maybe,
  subject: maybe,
  username: maybe,
  client_id: maybe,
  auth_method: maybe,
  remote: maybe,
  http_method: FastCheck.constantFrom("POST", "GET", "DELETE"),
  server: maybe,
  method: maybe,
  tool: maybe,
  decision: FastCheck.constantFrom("allow" as const, "deny" as const, "none" as const),
  rule: maybe,
  outcome: FastCheck.constantFrom("ok" as const, "error" as const, "refused" as const, "aborted" as const),
  status: FastCheck.integer({ min: 100, max: 599 }),
  rpc_code: FastCheck.option(FastCheck.integer({ min: -32_768, max: 0 }), { nil: null }),
  // SQLite and JavaScript agree on doubles, not on the sign of zero.
  duration_ms: FastCheck.double({ min: 0.001, max: 1e9, noNaN: true })
})

/** A folder that goes with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mcpgw-telemetry-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Path of a record that does not exist yet. */
export const recordPath = Effect.map(folder, (path) => join(path, "audit.db"))

/** Runs SQL on the file behind the sink's back. */
export const sql = (path: string, ...statements: ReadonlyArray<string>) =>
  Effect.sync(() => {
    const db = new Database(path, { readwrite: true })
    for (const statement of statements) db.run(statement)
    db.close()
  })
