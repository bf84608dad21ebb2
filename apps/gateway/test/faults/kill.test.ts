/** kill -9 in the middle of work: the record lacks at most the rows of the last tenth of a second, and its chain holds. */
import { Database } from "bun:sqlite"
import { verifyChain } from "@mcpgw/telemetry/AuditChain"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditRows } from "../lifecycle/support/AuditFile.ts"
import { see, type Stand, startStand } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** Milliseconds of answered calls that may be missing. */
const LOST = 100
/** Of all moments at which it is looked, this share may lack more: a busy machine lets the writer wait for its turn. */
const HELD_UP = 0.4
/** Between two calls of a caller: with more calls, batches that are full leave before their time and hide it. */
const PAUSE_MS = 15
const LOOK_MS = 5
const RUN_MS = 1_500

let stand: Stand

beforeAll(async () => {
  stand = await startStand(["f0"])
})

afterAll(() => stand?.close())

interface LastRow {
  readonly ended: number
}

const LAST = "SELECT at + duration_ms AS ended FROM audit WHERE tool = 'fine' ORDER BY sequence DESC LIMIT 1"

/** Looks at the file as it is after a kill: what a kill at this moment would lose, in milliseconds of answered calls. */
const lossesSeen = async (path: string, lastAnswer: () => number): Promise<ReadonlyArray<number>> => {
  using db = new Database(path, { readonly: true })
  using last = db.prepare<LastRow, []>(LAST)
  const losses: Array<number> = []
  const end = performance.now() + RUN_MS
  while (performance.now() < end) {
    await Bun.sleep(LOOK_MS)
    const answered = lastAnswer()
    losses.push(answered - (last.get()?.ended ?? answered))
  }
  return losses.toSorted((a, b) => a - b)
}

describe("kill -9 with calls in flight", () => {
  it("what had been answered up to a tenth of a second before is on record, without a hole", async () => {
    const file = join(stand.gateway.dataDir, "audit.db")
    const who = await stand.on("f0")
    const answered: Array<number> = []
    const state = { over: false }
    const work = async (): Promise<void> => {
      while (!state.over) {
        const { status } = await see(who, "fine")
        if (status === 200) answered.push(Date.now())
        await Bun.sleep(PAUSE_MS)
      }
    }
    const workers = Array.from({ length: 8 }, () => work().catch(() => undefined))
    const hanging = see(who, "half-open stream").catch(() => undefined)
    await Bun.sleep(300)
    const losses = await lossesSeen(file, () => answered.at(-1) ?? 0)
    await stand.gateway.stop("SIGKILL")
    state.over = true
    await Promise.all([...workers, hanging])
    assert.isAbove(losses.length, 20)
    const usual = losses[Math.floor(losses.length * (1 - HELD_UP))]
    assert.isAtMost(usual ?? Infinity, LOST, `milliseconds; most of all: ${losses.at(-1)}`)
    const rows = (await auditRows(stand.gateway.dataDir)).filter(({ tool }) => tool === "fine")
    const lastRow = Math.max(...rows.map(({ at, duration_ms }) => at + duration_ms))
    assert.isAtLeast(rows.length, answered.filter((at) => at <= lastRow).length)
    assert.isTrue((await Effect.runPromise(verifyChain(file))).intact)
  })
})
