/**
 * Legacy sessions over Streamable HTTP: one server and one transport each, streams that can be resumed. Kept in memory until the client ends
 * them; never swept, because whoever starts this server stops it when the tests are over.
 */
import { type McpServer, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server"
import { eventLog } from "./EventLog.ts"

/** What clients are told to wait before they resume a stream (SEP-1699). */
const RETRY_MS = 500

const NO_SESSION = -32_001

/** Serves every exchange of the legacy era. */
export const legacySessions = (make: () => McpServer): ((request: Request) => Promise<Response>) => {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const open = async (request: Request): Promise<Response> => {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: eventLog(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id)
    })
    await make().connect(transport)
    return transport.handleRequest(request)
  }
  return async (request) => {
    const id = request.headers.get("mcp-session-id")
    if (id === null) return open(request)
    return (await sessions.get(id)?.handleRequest(request)) ?? gone()
  }
}

const gone = (): Response =>
  Response.json(
    { jsonrpc: "2.0", id: null, error: { code: NO_SESSION, message: "There is no such session" } },
    { status: 404 }
  )
