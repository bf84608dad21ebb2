/** Reads what the gateway recorded, waiting (bounded) for rows that are still on their way. For tests only. */
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import { readAudit } from "@mcpgw/telemetry/AuditReader"
import * as Effect from "effect/Effect"
import { join } from "node:path"

export const auditRows = (dataDir: string): Promise<ReadonlyArray<AuditRecord>> =>
  Effect.runPromise(readAudit(join(dataDir, "audit.db"), { limit: 100_000 }))

/** Polls until `enough` says so; fails with the rows there are after twenty seconds. */
export const auditUntil = async (
  dataDir: string,
  enough: (rows: ReadonlyArray<AuditRecord>) => boolean
): Promise<ReadonlyArray<AuditRecord>> => {
  const deadline = Date.now() + 20_000
  for (;;) {
    const rows = await auditRows(dataDir)
    if (enough(rows)) return rows
    if (Date.now() > deadline)
      throw new Error(`not recorded within 20 s; there are:\n${rows.map((row) => JSON.stringify(row)).join("\n")}`)
    await Bun.sleep(25)
  }
}
