/**
 * Many faulty calls through a real gateway, to see that nothing grows and that nobody else feels it:
 * `bun run apps/gateway/test/faults/soak.ts [calls] [at once] [tool,…]`. Prints memory and descriptors of the gateway as it goes, and what a
 * bystander's calls to a healthy server took meanwhile, beside as many calls without a fault. `[tool,…]` narrows the faults. Not a test:
 * it takes minutes, and its figures are the machine's.
 */
import { type Caller, caller, callTool, post } from "@mcpgw/testkit/McpRequest"
import { readdirSync } from "node:fs"
import { startFaulty } from "./FaultyServer.ts"
import { residentOf, type Stand, startStand } from "./Stand.ts"

const CALLS = Number(process.argv[2] ?? 100_000)
const AT_ONCE = Number(process.argv[3] ?? 32)
/** Several, and good answers between the faults, so that circuits open only now and then. */
const SERVERS = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"]

/** Those that end at once; the caller leaves the last ones. */
const ALL = [
  "fine",
  "closed at once",
  "fine",
  "closed mid-stream",
  "fine",
  "reset at once",
  "fine",
  "ended without an answer",
  "no JSON",
  "no MCP",
  "no events",
  "fine",
  "no HTTP",
  "fine",
  "closed mid-body",
  "length too small",
  "fine",
  "two lengths",
  "fine",
  "reset mid-stream",
  "too many",
  "unavailable",
  "hang",
  "half-open stream"
]
const TOOLS = process.argv[4]?.split(",") ?? ALL
const LEAVES_AFTER_MS = 30

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

/** A healthy server in a process of its own; answers its URL. */
const calmServer = async () => {
  const child = Bun.spawn([process.execPath, import.meta.path, CALM], { stdout: "pipe", stderr: "inherit" })
  const { value } = await child.stdout.getReader().read()
  return { url: new TextDecoder().decode(value).trim(), stop: () => child.kill() }
}

const CALM = "--calm"

/** Somebody else's calls to the healthy server, one after the other with pauses, in a process of their own until told to stop. */
const bystander = (url: string, token: string) => {
  const child = Bun.spawn([process.execPath, import.meta.path, BYSTANDER, url, token], {
    stdout: "pipe",
    stderr: "inherit"
  })
  return async (): Promise<string> => {
    child.kill("SIGTERM")
    return (await new Response(child.stdout).text()).trim()
  }
}

const BYSTANDER = "--bystander"

const standBy = async (url: string, token: string): Promise<void> => {
  const state = { over: false }
  process.once("SIGTERM", () => {
    state.over = true
  })
  const took: Array<number> = []
  const who = caller(`${url}/calm/mcp`, token)
  while (!state.over) {
    const began = performance.now()
    const response = await post(who, callTool("fine", 1))
    await response.text()
    if (response.status !== 200) throw new Error(`the bystander was answered ${response.status}`)
    took.push(performance.now() - began)
    await Bun.sleep(5)
  }
  took.sort((one, other) => one - other)
  const at = (share: number): string => (took[Math.floor(share * (took.length - 1))] ?? 0).toFixed(1)
  print(`p50 ${at(0.5)} ms, p99 ${at(0.99)} ms of ${took.length} calls`)
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const state = ({ gateway, servers }: Stand, done: number): string => {
  const upstream = Object.values(servers).reduce((sum, server) => sum + server.open(), 0)
  const memory = (residentOf(gateway.pid) / 1e6).toFixed(1).padStart(7)
  return `${String(done).padStart(8)} calls ${memory} MB resident ${String(descriptorsOf(gateway.pid)).padStart(5)} descriptors ${String(upstream).padStart(4)} connections to servers`
}

const soak = async (): Promise<void> => {
  const calm = await calmServer()
  const stand = await startStand(SERVERS, { MCPGW_FIRST_BYTE_TIMEOUT_SECONDS: "5", MCPGW_LOG_LEVEL: "error" })
  try {
    const token = await stand.gateway.token(["all"], { sub: "bystander" })
    const registered = await stand.gateway.register({ name: "calm", path: "/calm", proxy_pass_url: calm.url })
    if (!registered.ok) throw new Error(await registered.text())
    const callers = await Promise.all(SERVERS.map((path) => stand.on(path)))
    /** So many calls, and what the bystander saw meanwhile. */
    const load = async (calls: number, tools: ReadonlyArray<string>, seen: (done: number) => void): Promise<string> => {
      const stop = bystander(stand.gateway.url, token)
      let next = 0
      const work = async (): Promise<void> => {
        while (next < calls) {
          const i = next++
          if (i % Math.ceil(CALLS / 10) === 0) seen(i)
          const who = callers[i % callers.length]
          if (who !== undefined) await call(who, tools[Math.floor(i / callers.length) % tools.length] ?? "fine")
        }
      }
      const began = performance.now()
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      const rate = (calls / (performance.now() - began)) * 1000
      return `${await stop()}, beside ${rate.toFixed(0)} calls a second`
    }
    await load(1_000, TOOLS, () => undefined)
    print(`a bystander beside good calls:   ${await load(Math.min(CALLS, 10_000), ["fine"], () => undefined)}`)
    outcomes.clear()
    const faulty = await load(CALLS, TOOLS, (done) => print(state(stand, done)))
    print(state(stand, CALLS))
    print(`a bystander beside faulty calls: ${faulty}`)
    await Bun.sleep(6_000)
    print(`${state(stand, CALLS)}, six seconds later`)
    print([...outcomes].map(([name, n]) => `${name}: ${n}`).join(", "))
  } finally {
    calm.stop()
    await stand.close()
  }
}

const [, , mode, url = "", token = ""] = process.argv
if (mode === BYSTANDER) await standBy(url, token)
else if (mode === CALM) print((await startFaulty()).url)
else await soak()
