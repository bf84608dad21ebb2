/**
 * What the policy judged is what the server received, always: thousands of generated and mutated bodies, one after another, through a
 * real gateway whose policy allows one tool. The server keeps the bytes it got; readers that share nothing with the gateway's say what
 * a careless server would make of them; the audit record says what was judged.
 */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { type Caller, caller, openSession, withHeaders } from "@mcpgw/testkit/McpRequest"
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import * as fc from "fast-check"
import { isUtf8 } from "node:buffer"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { type AuditExpected, readTable } from "../refusals/Golden.ts"
import { at, startSeeded } from "../support/seed.ts"
import { READERS, type Reading, readBody } from "./LenientReaders.ts"
import { bodies } from "./Mutations.ts"
import { startUpstream, type Upstream } from "./Upstream.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SEED = 20_260_728
const RUNS = 8_000
/** Milliseconds after which no further body is sent, on a machine that is slow. */
const ENOUGH = 20_000

const SCOPES = `
one:
  - server: "*"
    methods: [tools/list]
    tools: [allowed]
`

/** What the policy above and the protocol itself allow (design §6). */
const ALLOWED: ReadonlySet<string> = new Set([
  "tools/list",
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
  // A method listed among the tools is granted, as policy files of the replaced system rely on.
  "allowed"
])

interface Case {
  readonly status: number
  readonly text: string
  /** What arrived at the server. */
  readonly arrived: Buffer | undefined
  /** With which headers. */
  readonly headers: Headers | undefined
  readonly sent: Buffer
}

let server: Upstream
let gateway: TestGateway
const callers: Array<Caller> = []
const cases: Array<Case> = []
/** Requests made before the first case: two handshakes of two messages. */
const BEFORE = 4

beforeAll(async () => {
  const script = legacyScript()
  // Whatever it is, it is answered: what was refused can not have come from here.
  server = await startUpstream((asked) =>
    asked.rpc.method === "initialize"
      ? script(asked)
      : new Response('{"jsonrpc":"2.0","id":7,"result":{}}', { headers: { "content-type": "application/json" } })
  )
  gateway = await startSeeded({ servers: [at("/one", server.url)], scopes: SCOPES })
  const anyone = caller(`${gateway.url}/one/mcp`, await gateway.token(["one"]))
  const modern = withHeaders(anyone, {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "allowed"
  })
  callers.push(await openSession(anyone, "2025-03-26"), await openSession(anyone), anyone, modern)
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

const exchange = async ({ url, headers }: Caller, sent: Buffer): Promise<Case> => {
  server.forget()
  const response = await fetch(url, {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
    body: new Uint8Array(sent)
  })
  const text = await response.text()
  const [arrived, ...more] = server.asked()
  assert.isEmpty(more, "sent once, it arrives once")
  return { status: response.status, text, arrived: arrived?.bytes, headers: arrived?.headers, sent }
}

const isAllowed = ({ method, tool }: Reading): boolean =>
  method === undefined || ALLOWED.has(method) || (method === "tools/call" && tool === "allowed")

/** It arrived as it was sent, and nobody can read in it what the policy does not allow. */
const checkForwarded = ({ status, arrived, headers, sent }: Case): void => {
  assert.strictEqual(status, 200)
  assert.isTrue(arrived?.equals(sent), "byte for byte")
  assert.isTrue(isUtf8(sent), "servers differ on what is no UTF-8")
  for (const [name, pick] of Object.entries(READERS)) {
    for (const reading of readBody(sent, pick)) {
      assert.isTrue(isAllowed(reading), `read by ${name}: ${JSON.stringify(reading)} in ${sent.toString()}`)
      // Servers that route by headers read the same there (W-43).
      assert.include([null, reading.method], headers?.get("mcp-method") ?? null, sent.toString())
      if (reading.tool !== undefined) assert.include([null, reading.tool], headers?.get("mcp-name") ?? null)
    }
  }
}

interface Refused {
  readonly jsonrpc?: string
  readonly error?: { readonly code?: number; readonly message?: string }
}

const errorsIn = (text: string): ReadonlyArray<Refused> => {
  const value: Refused | ReadonlyArray<Refused> = JSON.parse(text)
  return Array.isArray(value) ? value : [value as Refused]
}

/** W-13: it says why, as JSON-RPC says it. */
const checkRefused = ({ status, text }: Case): void => {
  assert.isTrue(status === 200 || (status >= 400 && status < 500), `${status} ${text}`)
  const errors = errorsIn(text)
  assert.isNotEmpty(errors)
  for (const { jsonrpc, error } of errors) {
    assert.strictEqual(jsonrpc, "2.0")
    assert.isNumber(error?.code)
    assert.isNotEmpty(error?.message)
  }
}

/** Rows of one request, in order of its messages. */
const byRequest = (rows: ReadonlyArray<AuditRecord>): ReadonlyArray<ReadonlyArray<AuditRecord>> => {
  const groups = new Map<number, Array<AuditRecord>>()
  for (const row of rows) {
    const [, count = "", index = "0"] = /-(\w+)(?:\.(\d+))?$/.exec(row.id) ?? []
    const group = groups.get(Number.parseInt(count, 36)) ?? []
    group[Number(index)] = row
    groups.set(Number.parseInt(count, 36), group)
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group)
}

/** One more request, and the record up to it. */
const recordedCases = async (): Promise<ReadonlyArray<ReadonlyArray<AuditRecord>>> => {
  const path = `/sentinel-${crypto.randomUUID()}`
  await fetch(gateway.url + path + "/mcp", { method: "POST" })
  const rows = await auditUntil(gateway.dataDir, (found) => found.at(-1)?.server === path)
  return byRequest(rows.filter(({ server }) => server === "/one")).slice(BEFORE)
}

const GOLDEN = join(import.meta.dirname, "..", "golden", "refusals.yml")

/** A denial is one kind, whichever rule it was. `code`: undefined in the answer to a batch, which has several. */
const kindOf = (row: Pick<AuditExpected, "decision" | "rule" | "status">, code: number | undefined): string =>
  `${row.decision === "deny" ? "denied" : row.rule} ${row.status} ${code ?? "in a batch"}`

/** Too special for the table: its siblings are answered in the body, the notification by the status (W-03). */
const DENIED_NOTIFICATION_IN_A_BATCH = "denied 403 in a batch"

/** As a row shows it. */
const shown = ({ method, tool }: Reading): Array<string | null> => [
  bounded(method ?? "response"),
  tool === undefined ? null : bounded(tool)
]

const bounded = (text: string): string => readable(text.length > 256 ? `${text.slice(0, 256)}…` : text)

/** The record's database has its own number of marks for half a surrogate pair. */
const readable = (text: string): string => text.toWellFormed().replace(/\ufffd+/g, "\ufffd")

describe("S-10: what was judged is what the server received", () => {
  it("bodies that reach the server are untouched, and no reader finds in them what is not allowed; the rest is refused in words", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), bodies, async (who, body) => {
        const from = callers[who]
        if (from === undefined) return
        const done = await exchange(from, body)
        cases.push(done)
        if (done.arrived === undefined) checkRefused(done)
        else checkForwarded(done)
      }),
      { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: ENOUGH, markInterruptAsFailure: false }
    )
    const forwarded = cases.filter(({ arrived }) => arrived !== undefined).length
    // A generator of nothing but rubbish, or of nothing but good messages, would prove little.
    assert.isAbove(forwarded, cases.length / 20)
    assert.isBelow(forwarded, cases.length / 2)
  })

  it("every request is on record: what was carried as every reader reads it, what was denied as it was judged", async () => {
    const recorded = await recordedCases()
    assert.lengthOf(recorded, cases.length)
    for (const [i, { arrived, sent }] of cases.entries()) {
      const rows = recorded[i] ?? []
      const judged = rows.map(({ method, tool }) =>
        [method, tool].map((text) => (text === null ? null : readable(text)))
      )
      const decisions = new Set(rows.map(({ decision }) => decision))
      for (const pick of Object.values(READERS)) {
        if (arrived !== undefined) assert.deepEqual(judged, readBody(arrived, pick).map(shown), sent.toString())
        else if (decisions.has("deny")) assert.deepEqual(judged, readBody(sent, pick).map(shown), sent.toString())
      }
      assert.strictEqual(decisions.has("allow"), arrived !== undefined, sent.toString())
    }
  })

  it("every kind of refusal is one of the golden table's: rule, status and code", async () => {
    const table = readTable(GOLDEN).flatMap(({ expect }) => expect.audit.map((row) => kindOf(row, expect.code)))
    const golden = new Set([DENIED_NOTIFICATION_IN_A_BATCH, ...table])
    const found = new Map<string, string>()
    const recorded = await recordedCases()
    for (const [i, { arrived, text, status, sent }] of cases.entries()) {
      const row = recorded[i]?.find(({ rule }) => rule !== "batch:sibling_refused")
      if (arrived !== undefined || row === undefined) continue
      assert.strictEqual(row.status, status)
      found.set(kindOf(row, text.startsWith("[") ? undefined : errorsIn(text)[0]?.error?.code), sent.toString())
    }
    assert.isAtLeast(found.size, 12)
    assert.deepEqual(
      [...found].filter(([kind]) => !golden.has(kind)),
      []
    )
  })
})
