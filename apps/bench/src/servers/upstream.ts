/**
 * The echo server everything is measured in front of: a legacy MCP server without sessions that answers `tools/call` with the
 * argument it was given, in one small JSON text, and keeps event streams open. A process of its own; does nothing it need not.
 */
import { isObject } from "@mcpgw/mcp/JsonRpc"

const JSON_TYPE = { headers: { "content-type": "application/json" } }

const schema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] }
const tools = ["echo", ...Array.from({ length: 9 }, (_, i) => `other_${i}`)].map((name) => ({
  name,
  description: `Answers with its argument (${name})`,
  inputSchema: schema
}))

const INITIALIZED = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: {} },
  serverInfo: { name: "bench-echo", version: "1" }
}

const resultOf = (method: unknown, params: unknown): unknown => {
  switch (method) {
    case "tools/call": {
      const given = isObject(params) && isObject(params["arguments"]) ? params["arguments"]["text"] : ""
      return { content: [{ type: "text", text: given }] }
    }
    case "initialize":
      return INITIALIZED
    case "tools/list":
      return { tools }
    case "ping":
      return {}
    default:
      return undefined
  }
}

const answer = async (request: Request): Promise<Response> => {
  const message: unknown = await request.json()
  if (!isObject(message) || message["id"] === undefined) return new Response(null, { status: 202 })
  const result = resultOf(message["method"], message["params"])
  const outcome = result === undefined ? { error: { code: -32601, message: "Method not found" } } : { result }
  // A text of known length: the answer carries Content-Length.
  return new Response(JSON.stringify({ jsonrpc: "2.0", id: message["id"], ...outcome }), JSON_TYPE)
}

const encoder = new TextEncoder()
const OPENING = encoder.encode(": open\n\n")
const EVENT = encoder.encode(
  `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${"x".repeat(100)}"}}\n\n`
)
const streams = new Set<ReadableStreamDefaultController<Uint8Array>>()

const stream = (): Response => {
  let own: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      own = controller
      streams.add(controller)
      controller.enqueue(OPENING)
    },
    cancel: () => void streams.delete(own)
  })
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

const broadcast = (): Response => {
  for (const controller of streams) controller.enqueue(EVENT)
  return Response.json({ sent: streams.size })
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: (request) => {
    if (request.method === "POST") return request.url.endsWith("/broadcast") ? broadcast() : answer(request)
    return request.method === "GET" ? stream() : new Response(null, { status: 405 })
  }
})
process.stdout.write(`listening on ${server.port}\n`)
