/** The usual answers of a server with sessions, 2025-03-26 to 2025-11-25, for `startScripted`. Imported from tests only. */
import { type Answer, type Asked, result } from "./ScriptedServer.ts"

export interface LegacyOptions {
  /** Names of its tools. */
  readonly tools?: ReadonlyArray<string>
  /** Highest version it speaks; a client asking for an earlier one gets that. */
  readonly version?: string
  /** Answers by JSON-RPC method, `GET` or `DELETE`, in place of the usual ones; undefined falls back to them. */
  readonly instead?: Readonly<Record<string, (asked: Asked) => ReturnType<Answer> | undefined>>
}

/** A tool as `tools/list` shows it. */
export const tool = (name: string) => ({ name, description: `The tool ${name}`, inputSchema: { type: "object" } })

export const SESSION = "mcp-session-id"

/**
 * A server whose sessions are `s-1`, `s-2`, …; a session it does not know, or has ended, gets 404. `tools/call` answers with the
 * tool's name. It offers no GET stream.
 */
export const legacyScript = (options: LegacyOptions = {}): Answer => {
  const sessions = new Set<string>()
  let opened = 0
  const usual: Readonly<Record<string, Answer>> = {
    initialize: (asked) => {
      const session = `s-${++opened}`
      sessions.add(session)
      const wanted = asked.rpc.params?.["protocolVersion"]
      const best = options.version ?? "2025-11-25"
      const protocolVersion = typeof wanted === "string" && wanted < best ? wanted : best
      const answer = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "scripted", version: "1" } }
      return result(asked, answer, { headers: { [SESSION]: session } })
    },
    ping: (asked) => result(asked, {}),
    "tools/list": (asked) => result(asked, { tools: (options.tools ?? []).map(tool) }),
    "tools/call": (asked) => result(asked, { content: [{ type: "text", text: String(asked.rpc.params?.["name"]) }] }),
    GET: () => new Response(null, { status: 405, headers: { allow: "POST, DELETE" } }),
    DELETE: (asked) => {
      sessions.delete(asked.headers.get(SESSION) ?? "")
      return new Response(null, { status: 200 })
    }
  }
  return (asked) => {
    const key = asked.method === "POST" ? (asked.rpc.method ?? "") : asked.method
    const session = asked.headers.get(SESSION)
    if (key !== "initialize" && (session === null || !sessions.has(session))) return sessionProblem(asked, session)
    return options.instead?.[key]?.(asked) ?? usual[key]?.(asked) ?? rest(asked)
  }
}

const sessionProblem = (asked: Asked, session: string | null): Response =>
  problem(
    asked,
    -32000,
    session === null ? "Mcp-Session-Id is missing" : "no such session",
    session === null ? 400 : 404
  )

/** Notifications and responses are taken, other requests are unknown. */
const rest = (asked: Asked): Response =>
  asked.rpc.id === undefined || asked.rpc.method === undefined
    ? new Response(null, { status: 202 })
    : problem(asked, -32601, "no such method", 200)

const problem = (asked: Asked, code: number, message: string, status: number): Response =>
  Response.json({ jsonrpc: "2.0", id: asked.rpc.id ?? null, error: { code, message } }, { status })
