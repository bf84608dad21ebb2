/** A gateway with short deadlines before faulty servers, and what a client sees of one call. For tests only. */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import type { AuditRecord } from "@mcpgw/telemetry/AuditRecord"
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { type Caller, caller, callTool, messagesIn, post } from "@mcpgw/testkit/McpRequest"
import { readFileSync } from "node:fs"
import { auditUntil } from "../lifecycle/support/AuditFile.ts"
import { at, startSeeded } from "../support/seed.ts"
import { type FaultyServer, startFaulty } from "./FaultyServer.ts"

/** The default ones too: an administrator may refresh a server's health. */
const SCOPES = `${DEFAULT_SCOPES}
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

/** Seconds. */
export const FIRST_BYTE = 1
export const IDLE = 2
export const TOTAL = 4

export interface Stand {
  readonly gateway: TestGateway
  /** By path without its slash. */
  readonly servers: Readonly<Record<string, FaultyServer>>
  readonly on: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Caller>
  /** The audit row of the latest call to this path that fits. */
  readonly row: (path: string, fits?: (row: AuditRecord) => boolean) => Promise<AuditRecord>
  readonly close: () => Promise<void>
}

/** One faulty server for each path: what one does must not open the circuit of another. */
export const startStand = async (
  paths: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Promise<Stand> => {
  const servers: Record<string, FaultyServer> = {}
  for (const path of paths) servers[path] = await startFaulty()
  const gateway = await startSeeded({
    servers: paths.map((path) => at(`/${path}`, servers[path]?.url ?? "")),
    scopes: SCOPES,
    env: {
      MCPGW_FIRST_BYTE_TIMEOUT_SECONDS: String(FIRST_BYTE),
      MCPGW_IDLE_TIMEOUT_SECONDS: String(IDLE),
      MCPGW_TOTAL_TIMEOUT_SECONDS: String(TOTAL),
      MCPGW_HEARTBEAT_SECONDS: "1",
      ...env
    }
  })
  const token = await gateway.token(["all"])
  await checked(servers)
  return {
    gateway,
    servers,
    on: async (path, headers) => caller(`${gateway.url}/${path}/mcp`, token, headers),
    row: async (path, fits = ({ method }) => method === "tools/call") => {
      const found = (row: AuditRecord): boolean => row.server === `/${path}` && fits(row)
      const rows = await auditUntil(gateway.dataDir, (all) => all.some(found))
      const last = rows.filter(found).sort((a, b) => b.at - a.at)[0]
      if (last === undefined) throw new Error(`no row for ${path}`)
      return last
    },
    close: async () => {
      await gateway.close()
      await Promise.all(Object.values(servers).map((server) => server.stop()))
    }
  }
}

/** The first health check is over, so that nothing of it is counted with what a test does. */
const checked = async (servers: Readonly<Record<string, FaultyServer>>): Promise<void> => {
  await until("every server is asked for its tools", () =>
    Object.values(servers).every(({ asked }) => asked.includes("tools/list"))
  )
  await Bun.sleep(100)
}

export interface Sight {
  readonly status: number
  readonly code: number | null
  readonly sees: string
  readonly retryAfter: string | null
  readonly text: string
  readonly ms: number
}

/** Calls a tool and reads its answer to the end, however that comes. */
export const see = async (who: Caller, tool: string): Promise<Sight> => {
  const began = performance.now()
  const response = await post(who, callTool(tool, 1))
  const { text, cut } = await read(response)
  const ms = performance.now() - began
  const base = { status: response.status, retryAfter: response.headers.get("retry-after"), text, ms }
  if (cut) return { ...base, code: null, sees: "the body is cut short, its connection closed" }
  const stream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
  const last = stream ? messagesIn(text).at(-1) : JSON.parse(text)
  const words = last?.error === undefined ? "the answer" : `“${last.error.message.replace(/'f\d+'/, "'server'")}”`
  const before = stream ? (last?.error === undefined ? "events, then " : "an error event: ") : ""
  return { ...base, code: last?.error?.code ?? null, sees: before + words }
}

const read = async (response: Response): Promise<{ readonly text: string; readonly cut: boolean }> => {
  const decoder = new TextDecoder()
  let text = ""
  try {
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true })
    return { text, cut: false }
  } catch {
    return { text, cut: true }
  }
}

/** Resident memory of a process now, bytes. Linux only. */
export const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024

/** Asks again and again until it is so; fails after `ms`. */
export const until = async (what: string, look: () => boolean, ms = 10_000): Promise<void> => {
  const end = Date.now() + ms
  while (!look()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await Bun.sleep(20)
  }
}
