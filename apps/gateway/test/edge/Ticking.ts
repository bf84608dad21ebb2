/** A scripted MCP server whose GET stream speaks ten times a second, and a client that listens to it. For tests only. */
import { openSession } from "../refusals/Sessions.ts"

export interface Listening {
  /** Events that have arrived. */
  readonly ticks: () => number
  readonly closed: () => boolean
  readonly cancel: () => void
}

export interface Ticking {
  readonly url: string
  /** Opens a session and its GET stream at the gateway's `url`. */
  readonly openThrough: (url: string, token: string) => Promise<Listening>
  readonly stop: () => Promise<void>
}

const EVENT =
  'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n'

const ticks = (): ReadableStream<Uint8Array> => {
  let timer: ReturnType<typeof setInterval>
  return new ReadableStream({
    start: (controller) => {
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode(EVENT)), 100)
    },
    cancel: () => clearInterval(timer)
  })
}

const answer = async (request: Request): Promise<Response> => {
  if (request.method === "GET") return new Response(ticks(), { headers: { "content-type": "text/event-stream" } })
  if (request.method === "DELETE") return new Response(null, { status: 200 })
  const { id, method } = (await request.json()) as { readonly id?: number; readonly method?: string }
  if (id === undefined) return new Response(null, { status: 202 })
  const result =
    method === "initialize"
      ? { protocolVersion: "2025-11-25", capabilities: { logging: {} }, serverInfo: { name: "ticking", version: "1" } }
      : {}
  return Response.json({ jsonrpc: "2.0", id, result }, { headers: { "mcp-session-id": "ticking-session-0123456789" } })
}

export const startTicking = (): Ticking => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: answer })
  return {
    url: `http://127.0.0.1:${server.port}/`,
    openThrough: listen,
    stop: () => server.stop(true)
  }
}

const listen = async (url: string, token: string): Promise<Listening> => {
  const insecure = { tls: { rejectUnauthorized: false } }
  const { origin, pathname } = new URL(url)
  const session = await openSession(origin, pathname, token, "2025-11-25", insecure)
  const abort = new AbortController()
  const response = await fetch(url, {
    ...insecure,
    signal: abort.signal,
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream", "mcp-session-id": session }
  })
  if (response.status !== 200 || response.body === null) throw new Error(`no stream: ${response.status}`)
  const state = { ticks: 0, closed: false }
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of body) state.ticks += new TextDecoder().decode(chunk).split("event: message").length - 1
  }
  void read(response.body)
    .catch(() => undefined)
    .finally(() => (state.closed = true))
  return { ticks: () => state.ticks, closed: () => state.closed, cancel: () => abort.abort() }
}
