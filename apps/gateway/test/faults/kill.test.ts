/** kill -9 in the middle of work: the record lacks at most the rows of the last tenth of a second, and its chain holds. */
import { verifyChain } from "@mcpgw/telemetry/AuditChain"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import { auditRows } from "../lifecycle/support/AuditFile.ts"
import { see, type Stand, startStand } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** Milliseconds of answered calls that may be missing. */
const LOST = 100
/** Tried again when a busy machine let the writer wait for its turn; what is built to lose more loses it every time. */
const AGAIN = 2

let stand: Stand

beforeEach(async () => {
  stand = await startStand(["f0"])
})

afterEach(() => stand?.close())

describe("kill -9 with calls in flight", () => {
  it(
    "what had been answered up to a tenth of a second before is on record, without a hole",
    { retry: AGAIN },
    async () => {
      const who = await stand.on("f0")
      const answered: Array<number> = []
      const began = Date.now()
      const state = { over: false }
      const work = async (): Promise<void> => {
        while (!state.over) {
          const { status } = await see(who, "fine")
          if (status === 200) answered.push(Date.now())
        }
      }
      const workers = Array.from({ length: 8 }, () => work().catch(() => undefined))
      const hanging = see(who, "half-open stream").catch(() => undefined)
      await Bun.sleep(1_000)
      await stand.gateway.stop("SIGKILL")
      state.over = true
      await Promise.all([...workers, hanging])
      assert.isAbove(answered.length, 20)
      const rows = (await auditRows(stand.gateway.dataDir)).filter(({ tool, at }) => tool === "fine" && at >= began)
      const lastRow = Math.max(...rows.map(({ at, duration_ms }) => at + duration_ms))
      assert.isAtMost(Math.max(...answered) - lastRow, LOST, "milliseconds between the last row and the last answer")
      assert.isAtLeast(rows.length, answered.filter((at) => at <= lastRow).length)
      assert.isTrue((await Effect.runPromise(verifyChain(join(stand.gateway.dataDir, "audit.db")))).intact)
    }
  )
})
