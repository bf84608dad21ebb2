/**
 * Many faulty calls through a real gateway, fault by fault, to see that nothing grows and that nobody else feels it:
 * `bun run apps/gateway/test/faults/soak.ts [faulty calls] [calls a second] [fault,…]`. Prints, and writes into docs/faults.md when no
 * faults are named, what a bystander's calls to a healthy server took beside each fault, and just before it beside good calls and
 * alone; and the gateway's memory and descriptors. Not a test: it takes minutes, and its figures are the machine's.
 */
import { type Caller, callTool, post } from "@mcpgw/testkit/McpRequest"
import { readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { type Bystander, startBystander, startCalm } from "./Bystander.ts"
import { FAULTS } from "./FaultyServer.ts"
import { writeMeasured } from "./Ledger.ts"
import { residentOf, type Stand, startStand } from "./Stand.ts"

/** Calls go round; a server that fails only now and then keeps its circuit closed. */
const SERVERS = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"]

const GOOD = "fine"
/** Those that end at once; the caller leaves the last ones. */
const ALL = [
  "closed at once",
  "reset at once",
  "closed mid-body",
  "closed mid-stream",
  "reset mid-stream",
  "ended without an answer",
  "no JSON",
  "no MCP",
  "no events",
  "no HTTP",
  "length too small",
  "two lengths",
  "too many",
  "unavailable",
  "hang",
  "half-open stream"
]

const CALLS = Number(process.argv[2] ?? 100_000)
const RATE = Number(process.argv[3] ?? 1_000)
const NAMED = process.argv[4]?.split(",")
const TOOLS = NAMED ?? ALL
const LEAVES_AFTER_MS = 30
/** Each fault is measured in turns with what it is compared with, so that a machine that is busy for a moment is so for all. */
const TURNS = 6
/** Of each turn, milliseconds: how long the bystander is alone, and how long beside good calls. */
const ALONE_MS = 1_000
const GOOD_MS = 2_000
/** How often calls are begun, milliseconds. */
const BEAT_MS = 10
/** Calls begun and not ended at which no more are begun: a machine too slow for the rate makes it slower. */
const MOST = 256

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const outcomes = new Map<string, number>()

const call = async (who: Caller, tool: string): Promise<void> => {
  const leaving = new AbortController()
  const leave = setTimeout(() => leaving.abort(), tool.startsWith("ha") ? LEAVES_AFTER_MS : 60_000)
  let outcome: string
  try {
    const response = await post(who, callTool(tool, 1), { signal: leaving.signal })
    outcome = String(response.status)
    await response.text()
  } catch {
    outcome = "left or cut off"
  }
  clearTimeout(leave)
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
}

/** So many calls, half of them good ones: alone, a fault would open its server's circuit and nothing more would be seen. */
const load = async (callers: ReadonlyArray<Caller>, fault: string, calls: number): Promise<void> => {
  const open = new Set<Promise<void>>()
  const tools = [GOOD, fault]
  let begun = 0
  while (begun < calls) {
    for (let i = 0; i < (RATE * BEAT_MS) / 1_000 && open.size < MOST && begun < calls; i++, begun++) {
      const who = callers[begun % callers.length]
      const tool = tools[Math.floor(begun / callers.length) % tools.length]
      if (who === undefined || tool === undefined) continue
      const one: Promise<void> = call(who, tool).finally(() => open.delete(one))
      open.add(one)
    }
    await Bun.sleep(BEAT_MS)
  }
  await Promise.all(open)
}

interface Row {
  readonly fault: string
  /** Faulty calls since the gateway started. */
  readonly soFar: number
  /** What the bystander's calls took, milliseconds. */
  readonly alone: ReadonlyArray<number>
  /** Beside good calls, as many a second. */
  readonly good: ReadonlyArray<number>
  readonly beside: ReadonlyArray<number>
  readonly megabytes: number
  readonly descriptors: number
}

const stateOf = ({ gateway: { pid } }: Stand) => ({
  megabytes: residentOf(pid) / 1e6,
  descriptors: readdirSync(`/proc/${pid}/fd`).length
})

/** Milliseconds below which this share of the values lies. */
const at = (values: ReadonlyArray<number>, share: number): string =>
  (values.toSorted((one, other) => one - other)[Math.floor(share * (values.length - 1))] ?? 0).toFixed(1)

const line = ({ fault, soFar, alone, good, beside, megabytes, descriptors }: Row): string => {
  const took = [alone, good, beside].flatMap((values) => [at(values, 0.5), at(values, 0.99)])
  return `| ${[fault, ...took, soFar, megabytes.toFixed(0), descriptors].join(" | ")} |`
}

const HEAD = `| Fault | p50 alone | p99 | p50 beside good calls | p99 | p50 beside the fault | p99 | Faulty calls so far | Gateway, MB | Descriptors |
|---|---|---|---|---|---|---|---|---|---|`

const each = (): number => Math.ceil(CALLS / TOOLS.length)

const documentOf = (rows: ReadonlyArray<Row>, rested: string): string => {
  const p99 = (of: (row: Row) => ReadonlyArray<number>): string => at(rows.flatMap(of), 0.99)
  return `Made by \`bun run apps/gateway/test/faults/soak.ts ${CALLS} ${RATE}\` on ${new Date().toISOString().slice(0, 10)}, on ${availableParallelism()} cores that it shared
with other work; written, never asserted. One caller calls a healthy server all the time, in milliseconds: in ${TURNS} turns alone, beside good
calls to other servers, and beside faulty ones, ${each()} of each fault with as many good ones between them, ${RATE} calls a second.

${HEAD}
${rows.map(line).join("\n")}

p99 of all turns: ${p99(({ alone }) => alone)} ms alone, ${p99(({ good }) => good)} ms beside good calls, ${p99(({ beside }) => beside)} ms beside faulty ones. ${rested}
`
}

/** One fault, in turns. */
const soak = async (callers: ReadonlyArray<Caller>, { took }: Bystander, fault: string) => {
  const seen: Record<"alone" | "good" | "beside", Array<number>> = { alone: [], good: [], beside: [] }
  for (let turn = 0; turn < TURNS; turn++) {
    await took()
    await Bun.sleep(ALONE_MS)
    seen.alone.push(...(await took()))
    await load(callers, GOOD, (RATE * GOOD_MS) / 1_000)
    seen.good.push(...(await took()))
    await load(callers, fault, Math.ceil((2 * each()) / TURNS))
    seen.beside.push(...(await took()))
  }
  return seen
}

const measure = async (stand: Stand, bystander: Bystander): Promise<void> => {
  const callers = await Promise.all(SERVERS.map((path) => stand.on(path)))
  for (const tool of TOOLS) await load(callers, tool, 200)
  outcomes.clear()
  const rows: Array<Row> = []
  print(HEAD)
  for (const [i, fault] of TOOLS.entries()) {
    const row = { fault, soFar: (i + 1) * each(), ...(await soak(callers, bystander, fault)), ...stateOf(stand) }
    rows.push(row)
    print(line(row))
  }
  await Bun.sleep(6_000)
  const { megabytes, descriptors } = stateOf(stand)
  const rested = `Six seconds later the gateway holds ${megabytes.toFixed(0)} MB and ${descriptors} descriptors.`
  print(`${rested}\n${[...outcomes].map(([name, n]) => `${name}: ${n}`).join(", ")}`)
  if (NAMED === undefined) writeMeasured(documentOf(rows, rested))
}

const stranger = TOOLS.find((tool) => FAULTS[tool] === undefined)
if (stranger !== undefined)
  throw new Error(`no fault ${JSON.stringify(stranger)}; it may be ${Object.keys(FAULTS).join(", ")}`)
const calm = await startCalm()
const stand = await startStand(SERVERS, { MCPGW_FIRST_BYTE_TIMEOUT_SECONDS: "5", MCPGW_LOG_LEVEL: "error" })
try {
  const token = await stand.gateway.token(["all"], { sub: "bystander" })
  const registered = await stand.gateway.register({ name: "calm", path: "/calm", proxy_pass_url: calm.url })
  if (!registered.ok) throw new Error(await registered.text())
  const bystander = startBystander(`${stand.gateway.url}/calm/mcp`, token)
  await measure(stand, bystander).finally(() => bystander.stop())
} finally {
  calm.stop()
  await stand.close()
}
