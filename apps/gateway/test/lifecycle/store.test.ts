/**
 * The whole gateway over each store: killed with -9 at any moment of hundreds of writes of all kinds, it has every one it acknowledged; and
 * what people, keys and servers are is there after a restart.
 */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { overPostgres } from "@mcpgw/testkit/Postgres"
import type { Running } from "@mcpgw/testkit/Process"
import { Database } from "bun:sqlite"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask } from "./support/Ask.ts"
import { type Box, makeBox } from "./support/Box.ts"
import { KINDS, makeWriter, type Writer } from "./support/Writer.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 120_000 })

/** A start on a busy machine. */
const START_MS = 60_000
/** Over each of the two databases: a thousand in all, unless `MCPGW_TEST_STORE_WRITES` says how many over each. */
const WRITES = Math.max(500, Number(process.env["MCPGW_TEST_STORE_WRITES"] ?? 0) || 0)
const SEED = 20_261_128
const KILLS = Math.floor(WRITES / 125)
const AT_ONCE = 4

/** After how many more acknowledgements, and how many milliseconds then; the same in every run, as the writes are. */
const moments = fc.sample(fc.tuple(fc.integer({ min: 40, max: 120 }), fc.integer({ min: 0, max: 15 })), {
  seed: SEED,
  numRuns: KILLS
})

/** Laws of a gateway over one store. */
const gatewayStoreSuite = (
  name: string,
  databaseUrl: () => Promise<string>,
  afterKill: (dataDir: string) => void
): void => {
  describe(`design §2: the gateway over ${name}`, () => {
    let box: Box
    let running: Running
    let writer: Writer

    const start = async (): Promise<Running> => {
      const started = box.launch()
      await started.printed(/is ready at/, START_MS)
      return started
    }

    beforeAll(async () => {
      box = await makeBox({ scopes: DEFAULT_SCOPES, env: { MCPGW_DATABASE_URL: await databaseUrl() } })
      running = await start()
      writer = makeWriter(box.url, SEED, WRITES, AT_ONCE)
      await writer.signIn()
    })

    afterAll(async () => {
      await running?.stop()
      box?.remove()
    })

    /** Kills it while it is at work, and starts it again. */
    const kill = async (after: number, ms: number): Promise<void> => {
      const enough = writer.count() + after
      const working = writer.work()
      const reached = async (): Promise<void> => {
        while (writer.count() < enough && !writer.isDone()) await Bun.sleep(1)
      }
      await Promise.race([reached(), working])
      await Bun.sleep(ms)
      await running.stop("SIGKILL")
      await working
      afterKill(box.dataDir)
      running = await start()
    }

    it(`kill -9 at ${KILLS} random moments of ${WRITES} writes of all kinds: none acknowledged is lost, none is half there (seed ${SEED})`, async () => {
      let cut = 0
      for (const [after, ms] of moments) {
        await kill(after, ms)
        cut += await writer.check()
      }
      await writer.work()
      assert.strictEqual(await writer.check(), 0)
      assert.isAtMost(cut, KILLS * AT_ONCE)
      assert.strictEqual(writer.count() + cut, WRITES)
      for (const kind of KINDS) assert.isAbove(writer.acknowledged.get(kind) ?? 0, 5, kind)
    })

    it("a restart finds the servers, the session, the account, and a key that calls a tool", async () => {
      const made = await fetch(`${box.url}/api/keys`, {
        method: "POST",
        headers: writer.headers({ "content-type": "application/json" }),
        body: JSON.stringify({ name: "laptop" })
      })
      const { key }: { readonly key: string } = JSON.parse(await made.text())
      const call = async (): Promise<void> => {
        const params = { name: "current_time_by_timezone", arguments: { tz_name: "Europe/Berlin" } }
        const told = await ask({ url: `${box.url}/currenttime/mcp`, token: key, params })
        assert.include(told.text, "Europe/Berlin")
      }
      await call()
      const before = await writer.held()
      await running.stop()
      running = await start()
      assert.deepStrictEqual(await writer.held(), before, "by the session of before")
      await call()
      await writer.signIn()
    })
  })
}

gatewayStoreSuite(
  "SQLite",
  async () => "",
  (dataDir) => {
    using db = new Database(join(dataDir, "mcpgw.db"), { readonly: true })
    assert.deepStrictEqual(db.query("PRAGMA integrity_check").all(), [{ integrity_check: "ok" }])
  }
)

overPostgres((server) => {
  gatewayStoreSuite(
    "PostgreSQL",
    () => server().createDatabase(),
    (dataDir) => {
      assert.notInclude(readFileSync(join(dataDir, "mcpgw.db"), "latin1"), "server-1", "what is kept is on the server")
    }
  )
})
