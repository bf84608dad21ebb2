/**
 * The whole gateway over each store: killed with -9 at any moment of a thousand registrations, it has every one it acknowledged; and what
 * people, keys and servers are is there after a restart.
 */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { overPostgres } from "@mcpgw/testkit/Postgres"
import type { Running } from "@mcpgw/testkit/Process"
import { Database } from "bun:sqlite"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask, eventually } from "./support/Ask.ts"
import { type Box, makeBox } from "./support/Box.ts"
import { descriptionOf, makeRegistrar, pathOf, type Registrar } from "./support/Registrar.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

/** A start on a busy machine. */
const START_MS = 60_000
const REGISTRATIONS = 1_000
const KILLS = 3
const AT_ONCE = 4

/** After how many more acknowledgements, and how many milliseconds then; the same in every run. */
const moments = fc.sample(fc.tuple(fc.integer({ min: 60, max: 190 }), fc.integer({ min: 0, max: 15 })), {
  seed: 20_261_128,
  numRuns: KILLS
})

const workers = (work: () => Promise<void>): Promise<unknown> => Promise.all(Array.from({ length: AT_ONCE }, work))

/** Laws of a gateway over one store. */
const gatewayStoreSuite = (
  name: string,
  databaseUrl: () => Promise<string>,
  afterKill: (dataDir: string) => void
): void => {
  describe(`design §2: the gateway over ${name}`, () => {
    let box: Box
    let running: Running
    let registrar: Registrar

    const start = async (): Promise<Running> => {
      const started = box.launch()
      await started.printed(/is ready at/, START_MS)
      return started
    }

    beforeAll(async () => {
      box = await makeBox({ scopes: DEFAULT_SCOPES, env: { MCPGW_DATABASE_URL: await databaseUrl() } })
      running = await start()
      registrar = makeRegistrar(box.url)
      await registrar.signIn()
    })

    afterAll(async () => {
      await running?.stop()
      box?.remove()
    })

    /** Kills it while it is at work, and starts it again. */
    const kill = async (after: number, ms: number): Promise<void> => {
      const enough = registrar.acknowledged.size + after
      const working = workers(() => registrar.work(REGISTRATIONS))
      const reached = async (): Promise<void> => {
        while (registrar.acknowledged.size < enough) await Bun.sleep(1)
      }
      await Promise.race([reached(), working])
      await Bun.sleep(ms)
      await running.stop("SIGKILL")
      await working
      afterKill(box.dataDir)
      running = await start()
    }

    it("kill -9 at random moments of 1,000 registrations: none acknowledged is lost, none is half there", async () => {
      for (const [after, ms] of moments) {
        await kill(after, ms)
        const held = await registrar.held()
        for (const n of registrar.acknowledged) assert.strictEqual(held.get(pathOf(n)), descriptionOf(n))
      }
      await workers(() => registrar.work(REGISTRATIONS))
      // What was cut off is there whole, or not at all and can be registered.
      const held = await registrar.held()
      const cut = Array.from({ length: REGISTRATIONS }, (_, n) => n).filter((n) => !registrar.acknowledged.has(n))
      assert.isAtMost(cut.length, KILLS * AT_ONCE)
      for (const n of cut) {
        const status = await registrar.register(n)
        if (held.has(pathOf(n))) assert.include([400, 409], status, "the path is taken")
        else assert.strictEqual(status, 201)
      }
      const all = await registrar.held()
      for (let n = 0; n < REGISTRATIONS; n++) assert.strictEqual(all.get(pathOf(n)), descriptionOf(n))
    })

    it("a restart finds the servers, the session, the account, and a key that calls a tool", async () => {
      const made = await fetch(`${box.url}/api/keys`, {
        method: "POST",
        headers: registrar.headers({ "content-type": "application/json" }),
        body: JSON.stringify({ name: "laptop" })
      })
      const { key }: { readonly key: string } = JSON.parse(await made.text())
      const call = async (): Promise<void> => {
        const params = { name: "current_time_by_timezone", arguments: { tz_name: "Europe/Berlin" } }
        const told = await ask({ url: `${box.url}/currenttime/mcp`, token: key, params })
        assert.include(told.text, "Europe/Berlin")
      }
      await call()
      const before = await registrar.held()
      await running.stop()
      running = await start()
      assert.deepStrictEqual(await registrar.held(), before, "by the session of before")
      await call()
      await registrar.signIn()
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
  it("two gateways that start at once over one empty database both come up, with everything there once", async () => {
    const MCPGW_DATABASE_URL = await server().createDatabase()
    const boxes = await Promise.all([0, 1].map(() => makeBox({ scopes: DEFAULT_SCOPES, env: { MCPGW_DATABASE_URL } })))
    const running = boxes.map((box) => box.launch())
    await Promise.all(running.map(({ printed }) => printed(/is ready at/, START_MS)))
    for (const { url } of boxes) {
      const registrar = makeRegistrar(url)
      await registrar.signIn()
      await eventually("both demo servers", async () => (await registrar.held()).size === 2)
    }
    await Promise.all(running.map(({ stop }) => stop()))
    for (const { remove } of boxes) remove()
  })

  gatewayStoreSuite(
    "PostgreSQL",
    () => server().createDatabase(),
    (dataDir) => {
      assert.notInclude(readFileSync(join(dataDir, "mcpgw.db"), "latin1"), "server-1", "what is kept is on the server")
    }
  )
})
