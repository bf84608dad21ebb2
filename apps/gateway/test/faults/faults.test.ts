/** Every fault of a server with what its client is told and what goes on record; together they are docs/faults.md. */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { FAULTS } from "./FaultyServer.ts"
import { documentNow, documentOf, type Line, type When } from "./Ledger.ts"
import { FIRST_BYTE, IDLE, see, type Stand, startStand, TOTAL } from "./Stand.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

interface Case {
  /** Tool name, a key of `FAULTS`. */
  readonly fault: string
  readonly words?: string
  readonly status: number
  readonly code: number | null
  readonly when: When
  readonly rule?: string
  readonly outcome?: string
}

const [BROKEN, TIMEOUT, GONE] = [-31502, -31504, -31503]

const CASES: ReadonlyArray<Case> = [
  {
    fault: "hang",
    words: "takes the call and says nothing",
    status: 504,
    code: TIMEOUT,
    when: "first-byte deadline",
    rule: "upstream:first_byte_timeout"
  },
  {
    fault: "half-open",
    words: "falls silent before a JSON body",
    status: 504,
    code: TIMEOUT,
    when: "idle deadline",
    rule: "upstream:idle_timeout"
  },
  {
    fault: "half-open stream",
    words: "falls silent within a stream",
    status: 200,
    code: BROKEN,
    when: "idle deadline"
  },
  {
    fault: "trickle",
    words: "sends progress for ever and never the answer",
    status: 200,
    code: TIMEOUT,
    when: "total deadline"
  },
  { fault: "too many", words: "429 with Retry-After, body of its own", status: 429, code: BROKEN, when: "at once" },
  {
    fault: "too many, in words",
    words: "429 with Retry-After and a JSON-RPC error",
    status: 429,
    code: -32000,
    when: "at once"
  },
  { fault: "unavailable", words: "503 with Retry-After, no body", status: 503, code: BROKEN, when: "at once" },
  {
    fault: "closed at once",
    words: "closes before it answers",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  {
    fault: "reset at once",
    words: "resets before it answers",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  { fault: "closed mid-stream", words: "closes within a stream", status: 200, code: BROKEN, when: "at once" },
  { fault: "reset mid-stream", words: "resets within a stream", status: 200, code: BROKEN, when: "at once" },
  {
    fault: "ended without an answer",
    words: "ends a stream properly, without the answer",
    status: 200,
    code: BROKEN,
    when: "at once"
  },
  {
    fault: "closed mid-body",
    words: "closes within a JSON body",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  {
    fault: "closed within a large body",
    words: "closes within a JSON body of more than 64 kB",
    status: 200,
    code: null,
    when: "at once"
  },
  {
    fault: "no HTTP",
    words: "answers with something that is no HTTP",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  {
    fault: "no MCP",
    words: "answers with a web page",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:unreadable"
  },
  {
    fault: "no JSON",
    words: "answers with JSON that is none",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:unreadable"
  },
  { fault: "no events", words: "streams what are no events", status: 200, code: BROKEN, when: "at once" },
  {
    fault: "length too small",
    words: "sends more than its Content-Length",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:unreadable"
  },
  {
    fault: "length too large",
    words: "sends less than its Content-Length",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  {
    fault: "two lengths",
    words: "sends two Content-Lengths",
    status: 502,
    code: BROKEN,
    when: "at once",
    rule: "upstream:broken"
  },
  { fault: "endless event", words: "sends an event without end", status: 200, code: BROKEN, when: "at once" }
]

const SECONDS: Readonly<Record<When, number>> = {
  "at once": 0,
  "first-byte deadline": FIRST_BYTE,
  "idle deadline": IDLE,
  "total deadline": TOTAL,
  "as the server sends it": 0
}

let stand: Stand
const lines = new Map<string, Line>()

beforeAll(async () => {
  stand = await startStand([...CASES.map((_, i) => `f${i}`), "f100"])
})

afterAll(() => stand?.close())

describe("a fault of the server: what the client is told, when, and what goes on record", () => {
  it.concurrent.each(CASES.map((one, i) => [one.fault, one, `f${i}`] as const))("%s", async (fault, wanted, path) => {
    assert.isDefined(FAULTS[fault])
    const { status, code, sees, retryAfter, text, ms } = await see(await stand.on(path), fault)
    assert.deepEqual([status, code], [wanted.status, wanted.code], text.slice(0, 500))
    assert.isAtLeast(ms, SECONDS[wanted.when] * 1000 - 50)
    assert.isBelow(ms, SECONDS[wanted.when] * 1000 + 15_000, "never a hang")
    assert.notMatch(text, /127\.0\.0\.1|localhost/, "S-19: no internal address")
    if (status === 429) assert.strictEqual(retryAfter, "17")
    if (fault === "unavailable") assert.strictEqual(retryAfter, "9")
    const row = await stand.row(path)
    assert.deepEqual([row.decision, row.outcome, row.status], ["allow", wanted.outcome ?? "error", status])
    const rule = row.rule?.startsWith("upstream:") === true ? row.rule : ""
    assert.strictEqual(rule, wanted.rule ?? "")
    lines.set(fault, {
      fault: wanted.words ?? fault,
      sees: retryAfter === null ? sees : `${sees}, with the server's Retry-After`,
      status,
      code,
      when: wanted.when,
      outcome: row.outcome,
      rule
    })
  })
})

describe("a server that is gone", () => {
  it("502 within a second, three times; then 503 with Retry-After and no call is dialled, until a check finds it back", async () => {
    const server = stand.servers["f100"]
    assert(server !== undefined)
    const who = await stand.on("f100")
    assert.strictEqual((await see(who, "fine")).status, 200)
    await server.stop()
    let least = Infinity
    // A connection that was kept may break where a new one is refused.
    for (let i = 0; i < 3; i++) {
      const { status, sees, ms } = await see(who, "fine")
      assert.strictEqual(status, 502)
      least = Math.min(least, ms)
      if (i < 2) continue
      const { outcome, rule } = await stand.row("f100", (row) => row.rule === "upstream:refused")
      lines.set("gone", {
        fault: "is not there",
        sees,
        status,
        code: BROKEN,
        when: "at once",
        outcome,
        rule: rule ?? ""
      })
    }
    // The least of three: a busy machine may let any one wait.
    assert.isBelow(least, 1_000)
    const unwell = () => see(who, "fine")
    await vi.waitFor(async () => assert.strictEqual((await unwell()).status, 503), 15_000)
    const { status, code, sees, retryAfter } = await unwell()
    assert.deepEqual([status, code], [503, GONE])
    assert.isAtLeast(Number(retryAfter), 1)
    const { outcome, rule } = await stand.row("f100", (row) => row.rule === "resolve:unavailable")
    lines.set("marked", {
      fault: "failed three times in a row",
      sees: `${sees}, with Retry-After`,
      status,
      code,
      when: "at once",
      outcome,
      rule: rule ?? ""
    })
    await server.listen()
    await vi.waitFor(async () => assert.strictEqual((await see(who, "fine")).status, 200), {
      timeout: 15_000,
      interval: 200
    })
  })
})

describe("docs/faults.md", () => {
  it("says what was seen", () => {
    const order = [...CASES.map(({ fault }) => fault), "gone", "marked"]
    const text = documentOf(order.map((name) => lines.get(name)).filter((line) => line !== undefined))
    assert.strictEqual(documentNow(text), text)
  })
})
