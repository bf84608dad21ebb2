/** Refusals that need another set-up than the golden table's: a gateway on every interface, a client that leaves mid-way. */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { open, send } from "../lifecycle/support/RawHttp.ts"
import { makeCallers, SCOPES } from "./Callers.ts"
import { bytesOf, type Names } from "./Exchange.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let box: Box
let running: Running
let backend: Backend
let names: Names

beforeAll(async () => {
  backend = startBackend()
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", `${backend.url}team-a/`), serverAt("/hidden", `${backend.url}team-b/`)],
    env: { MCPGW_HOST: "0.0.0.0" }
  })
  running = await box.start()
  const url = `http://localhost:${box.port}`
  names = { ...makeCallers(box.dataDir, url), host: "gateway.example" }
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

describe("a gateway on every interface (MCPGW_HOST=0.0.0.0)", () => {
  it("serves any host name: names are the operator's affair there", async () => {
    const [response] = await send(box.port, bytesOf({}, names))
    assert.strictEqual(response?.status, 200)
    assert.strictEqual(backend.calls().at(-1)?.path, "/team-a/mcp")
  })

  // Bun hands the request target through unnormalised when Host makes no URL of it: /backend/../.. would then be the server
  // /backend with the rest /../.., and leave the folder its URL names.
  for (const host of ["a b", "evil/..", "a#b", "", "user@host", "x:y:z"]) {
    it(`contracts §2.1: never routes by a raw path (Host: ${JSON.stringify(host)})`, async () => {
      const before = backend.calls().length
      const line = "POST /x/backend/../../team-b/mcp HTTP/1.1"
      const [response] = await send(box.port, bytesOf({ line, headers: { Host: host } }, names))
      assert.include([400, 403, 404], response?.status)
      assert.strictEqual(backend.calls().length, before)
    })
  }

  it("contracts §2.1: never routes by a raw path (HTTP/1.0 without Host)", async () => {
    const before = backend.calls().length
    const line = "POST /x/backend/../../team-b/mcp HTTP/1.0"
    const [response] = await send(box.port, bytesOf({ line, headers: { Host: null } }, names))
    assert.include([400, 403, 404], response?.status)
    assert.strictEqual(backend.calls().length, before)
  })

  it("a normalised path with dot segments is judged as the path it means", async () => {
    const before = backend.calls().length
    const [response] = await send(box.port, bytesOf({ line: "POST /backend/../hidden/mcp HTTP/1.1" }, names))
    assert.strictEqual(response?.status, 403)
    assert.strictEqual(backend.calls().length, before)
  })
})

describe("a client that leaves before its body has arrived", () => {
  it("design §3: is recorded as aborted, not as a failure of ours", async () => {
    const connection = open(box.port)
    const whole = bytesOf({ headers: { "Content-Length": "1000" } }, names)
    connection.write(whole)
    await Bun.sleep(50)
    connection.destroy()
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === "edge:body_aborted"))
    const row = rows.find(({ rule }) => rule === "edge:body_aborted")
    assert.strictEqual(row?.outcome, "aborted")
    assert.strictEqual(row?.decision, "none")
    assert.strictEqual(row?.server, "/backend")
    assert.notMatch(running.output(), /could not be handled/)
  })
})
