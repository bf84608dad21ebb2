/** SIGTERM with a call that never ends: the deadline holds, nothing hangs, the record says how it ended (MCPGW_DRAIN_SECONDS). */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask, eventually } from "./support/Ask.ts"
import { auditRows } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { claimsFor, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
tester:
  - server: backend
    methods: [tools/list]
    tools: [slow]
`

let box: Box
let running: Running
let backend: Backend
let exitCode: number
let ending: string

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url)],
    env: { MCPGW_DRAIN_SECONDS: "1" }
  })
  running = await box.start()
  const token = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
  const slow = ask({ url: `${box.url}/backend/mcp`, token, params: { name: "slow" } }).then(
    ({ status }) => `answered ${status}`,
    () => "cut off"
  )
  await eventually("the slow call is with the server", () =>
    backend.calls().some(({ body }) => body.includes('"slow"'))
  )
  exitCode = await running.stop("SIGTERM")
  ending = await slow
})

afterAll(async () => {
  await running?.stop("SIGKILL")
  await backend?.stop()
  box?.remove()
})

describe("SIGTERM with a call that never ends", () => {
  it("ends within the deadline, with exit code 0, and says what it closed", () => {
    assert.strictEqual(exitCode, 0)
    assert.match(running.output(), /level=WARN .*closing 1 requests that did not finish within MCPGW_DRAIN_SECONDS/)
    assert.notMatch(running.output(), /level=(?:ERROR|FATAL)/)
  })

  it("the client is told or cut off, never left waiting", () => {
    assert.match(ending, /^(?:cut off|answered 5\d\d)$/)
  })

  it("the call is on record as one that did not finish", async () => {
    const rows = (await auditRows(box.dataDir)).filter(({ tool }) => tool === "slow")
    assert.lengthOf(rows, 1)
    assert.include(["aborted", "error"], rows[0]?.outcome)
    assert.strictEqual(rows[0]?.decision, "allow")
  })
})
