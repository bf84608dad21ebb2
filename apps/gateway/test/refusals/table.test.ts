/** The golden table of refusals, row by row over a bare socket against a running gateway (golden/refusals.yml). */
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import type { Running } from "@mcpgw/testkit/Process"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { LEAVER, makeCallers, REVOKED, SCOPES } from "./Callers.ts"
import { makeKeys } from "./Keys.ts"
import { type Answer, exchange, type Names } from "./Exchange.ts"
import { type AuditExpected, type Expected, readTable, REGENERATE, writeTable } from "./Golden.ts"
import { openSession } from "./Sessions.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const FILE = join(import.meta.dirname, "..", "golden", "refusals.yml")
const table = readTable(FILE)

let box: Box
let running: Running
let backend: Backend
const found = new Map<string, Expected>()

interface Observed {
  readonly answer: Answer
  readonly reached: number
  readonly from: number
  readonly to: number
}

beforeAll(async () => {
  backend = startBackend()
  const dead = "http://127.0.0.1:9/"
  box = await makeBox({
    scopes: SCOPES,
    revoked: [REVOKED],
    left: [LEAVER],
    servers: [
      serverAt("/backend", backend.url),
      serverAt("/other", backend.url),
      serverAt("/hidden", backend.url),
      { ...serverAt("/off", backend.url), is_enabled: false },
      serverAt("/down", dead)
    ]
  })
  running = await box.start()
  await settled()
  const names = await namesOf()
  const observed = await sendAll(names)
  const rows = await recorded(observed)
  for (const [name, { answer, reached, from, to }] of observed) {
    const audit = rows.filter(({ at }) => at >= from && at <= to).map(shown)
    found.set(name, { ...answer, ...(reached === 0 ? {} : { reached }), audit })
  }
  if (REGENERATE) writeTable(FILE, found)
})

afterAll(async () => {
  await running?.stop()
  await backend?.stop()
  box?.remove()
})

/** Waits until every server has been probed once, so that no probe falls into the table. */
const settled = async (): Promise<void> => {
  const deadline = Date.now() + 10_000
  for (;;) {
    const text = await (await fetch(`${box.url}/metrics`)).text()
    if ((text.match(/^\w*health_check\w*_total\{.*\} [1-9]/gm) ?? []).length >= 4) return
    if (Date.now() > deadline) throw new Error(`servers not probed:\n${text}`)
    await Bun.sleep(50)
  }
}

const namesOf = async (): Promise<Names> => {
  const callers = makeCallers(box.dataDir, box.url)
  const session = await openSession(box.url, "/backend/mcp", callers["reader"] ?? "", "2025-11-25")
  const last = session.endsWith("A") ? "B" : "A"
  return {
    ...callers,
    ...(await makeKeys(box.url)),
    session,
    oldSession: await openSession(box.url, "/backend/mcp", callers["reader"] ?? "", "2025-03-26"),
    bothSession: await openSession(box.url, "/backend/mcp", callers["both"] ?? "", "2025-11-25"),
    alteredSession: `${session.slice(0, -4)}${last.repeat(4)}`
  }
}

/** One after another, a pause between: an audit row belongs to the row in whose time it began. */
const sendAll = async (names: Names): Promise<ReadonlyMap<string, Observed>> => {
  const observed = new Map<string, Observed>()
  for (const { name, send } of table) {
    await Bun.sleep(2)
    const before = backend.calls().length
    const from = Date.now()
    const answer = await exchange(box.port, send, names).catch((error: unknown): Answer => ({
      status: -1,
      body: String(error).slice(0, 500)
    }))
    observed.set(name, { answer, reached: backend.calls().length - before, from, to: Date.now() })
  }
  return observed
}

/** Every row of the table that is recorded at all, the last one included. */
const recorded = async (observed: ReadonlyMap<string, Observed>): Promise<ReadonlyArray<AuditRecord>> => {
  await Bun.sleep(2)
  const sentinel = await fetch(`${box.url}/sentinel/mcp`, { method: "POST" })
  assert.strictEqual(sentinel.status, 401)
  assert.strictEqual(observed.size, table.length)
  return auditUntil(box.dataDir, (rows) => rows.at(-1)?.server === "/sentinel")
}

const shown = ({ decision, rule, outcome, status, server, method, tool }: AuditRecord): AuditExpected => ({
  decision,
  rule,
  outcome,
  status,
  server,
  method,
  tool
})

describe("refusals, row by row (golden/refusals.yml)", () => {
  it("names each row once", () => {
    assert.strictEqual(new Set(table.map(({ name }) => name)).size, table.length)
    assert.isAtLeast(table.length, 80)
  })

  for (const { name, cites, expect: expected } of table) {
    it(`${cites}: ${name}`, () => {
      assert.deepEqual(found.get(name), expected)
    })
  }
})

describe("refusals, as a whole", () => {
  const all = (): ReadonlyArray<readonly [string, Expected]> => [...found]

  it("nothing refused reaches a server; only rows marked (allowed) do", () => {
    assert.deepEqual(
      all().filter(([name, { reached }]) => (reached !== undefined) !== name.includes("(allowed)")),
      []
    )
  })

  it("W-13: every 4xx of ours on an MCP route carries a JSON-RPC error", () => {
    const bare = all().filter(
      ([, { status, code, body }]) => status >= 400 && status < 500 && code === undefined && body !== ""
    )
    assert.deepEqual(bare, [])
  })

  it("A-01: every 401 carries a challenge, and names an error exactly when something was presented", () => {
    for (const [name, { status, headers, message }] of all()) {
      if (status !== 401) continue
      const challenge = headers?.["www-authenticate"] ?? ""
      assert.match(challenge, /^Bearer /, name)
      const nothingSent = message?.startsWith("Authentication required") === true
      assert.strictEqual(challenge.includes('error="invalid_token"'), !nothingSent, name)
    }
  })

  it("design §6: a refused tool and a tool that does not exist get the same bytes, but for the name asked", () => {
    const [refused, absent] = [found.get("refused tool"), found.get("tool that does not exist")]
    const bytes = (expected: Expected | undefined): string => JSON.stringify({ ...expected, audit: undefined })
    assert.strictEqual(bytes(refused).replaceAll("secret", "absent"), bytes(absent))
  })

  it("contracts §2.1: a pretty-printed body reaches the same decision", () => {
    assert.deepEqual(found.get("pretty-printed body, refused tool"), found.get("refused tool"))
  })

  it("S-19: no answer names an internal host or shows a stack", () => {
    for (const [name, expected] of all()) {
      assert.notMatch(
        JSON.stringify({ ...expected, headers: {} }),
        /127\.0\.0\.1:\d|node_modules|\.ts:\d|at \w+ \(/,
        name
      )
    }
  })

  it("design §3: settle wraps refusals — whatever our code answered is recorded", () => {
    const silent = all().filter(([, { code, audit }]) => code !== undefined && audit.length === 0)
    assert.deepEqual(
      silent.map(([name]) => name),
      []
    )
  })
})
