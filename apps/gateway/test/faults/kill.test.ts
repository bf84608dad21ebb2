/** kill -9 in the middle of work: the record lacks at most the rows of the last tenth of a second, and its chain holds. */
import { verifyChain } from "@mcpgw/telemetry/AuditChain"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditRows } from "../lifecycle/support/AuditFile.ts"
import { see, type Stand, startStand } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** Rows not older than this may be lost, milliseconds; and so long may the write itself take here. */
const LOST = 100
const WRITE = 150

let stand: Stand

beforeAll(async () => {
  stand = await startStand(["f0"])
})

afterAll(() => stand?.close())

describe("kill -9 with calls in flight", () => {
  it("what had ended a moment before is on record", async () => {
    const who = await stand.on("f0")
    const ended: Array<number> = []
    const began = Date.now()
    const state = { over: false }
    const work = async (): Promise<void> => {
      while (!state.over) {
        const { status } = await see(who, "fine")
        if (status === 200) ended.push(Date.now())
      }
    }
    const workers = Array.from({ length: 8 }, () => work().catch(() => undefined))
    const hanging = see(who, "half-open stream").catch(() => undefined)
    await Bun.sleep(1_000)
    const killed = Date.now()
    await stand.gateway.stop("SIGKILL")
    state.over = true
    await Promise.all([...workers, hanging])
    assert.isAbove(ended.length, 100)
    const rows = (await auditRows(stand.gateway.dataDir)).filter(({ tool, at }) => tool === "fine" && at >= began)
    const due = ended.filter((at) => at < killed - LOST - WRITE)
    assert.isAtLeast(rows.length, due.length)
    assert.isTrue((await Effect.runPromise(verifyChain(join(stand.gateway.dataDir, "audit.db")))).intact)
  })
})
