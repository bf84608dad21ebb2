/** A scripted MCP server that remembers every exchange, probes apart from calls. For tests only. */

export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Backend {
  readonly url: string
  /** What the gateway carried for somebody, oldest first. */
  readonly calls: () => ReadonlyArray<Exchange>
  /** Everything else: the gateway's own health probes. */
  readonly probes: () => ReadonlyArray<Exchange>
  /** Lets the tool `slow` answer. */
  readonly release: () => void
  readonly stop: () => Promise<void>
}

/** Sealed towards clients; the gateway's clients never see it. */
export const UPSTREAM_SESSION = "upstream-session-0123456789"

const TOOLS = ["echo", "slow", "secret"].map((name) => ({ name, description: name, inputSchema: { type: "object" } }))

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly name?: string; readonly protocolVersion?: string }
}

const result = (id: string | number | undefined, value: unknown, headers: Record<string, string> = {}): Response =>
  Response.json({ jsonrpc: "2.0", id, result: value }, { headers })

/** Starts it on a free loopback port. Tools: `echo`, `slow` (waits for `release`) and `secret`. GET is a stream that stays open. */
export const startBackend = (): Backend => {
  const exchanges: Array<Exchange> = []
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const answer = async (message: Message): Promise<Response> => {
    const { id, method, params } = message
    if (id === undefined || method === undefined) return new Response(null, { status: 202 })
    switch (method) {
      case "initialize": {
        const value = {
          protocolVersion: params?.protocolVersion === "2025-03-26" ? "2025-03-26" : "2025-11-25",
          capabilities: { tools: {} },
          serverInfo: { name: "backend", version: "1" }
        }
        return result(id, value, { "mcp-session-id": UPSTREAM_SESSION })
      }
      case "ping":
        return result(id, {})
      case "tools/list":
        return result(id, { tools: TOOLS })
      case "tools/call":
        if (params?.name === "slow") await released
        return result(id, { content: [{ type: "text", text: `ran ${params?.name}` }] })
      default:
        return Response.json(
          { jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } },
          { status: 200 }
        )
    }
  }
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const body = await request.text()
      exchanges.push({
        method: request.method,
        path: new URL(request.url).pathname,
        headers: request.headers.toJSON(),
        body
      })
      if (request.method === "GET") return new Response(quiet(), { headers: { "content-type": "text/event-stream" } })
      if (request.method === "DELETE") return new Response(null, { status: 200 })
      const message: Message | ReadonlyArray<Message> = JSON.parse(body)
      return Array.isArray(message) ? result(1, {}) : answer(message as Message)
    }
  })
  const isCall = ({ headers }: Exchange): boolean => headers["x-original-url"] !== undefined
  return {
    url: `http://127.0.0.1:${server.port}/`,
    calls: () => exchanges.filter(isCall),
    probes: () => exchanges.filter((exchange) => !isCall(exchange)),
    release: () => release(),
    stop: async () => {
      release()
      await server.stop(true)
    }
  }
}

/** One event, then silence. */
const quiet = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(": hello\n\n"))
  })
