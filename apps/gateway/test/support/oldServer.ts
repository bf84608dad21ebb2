/**
 * A 2024-11-05 server that says what a test has it say: its streams are numbered, so that whoever can count can guess them, and what it
 * opens them with is the test's. For tests only.
 */
import {
  type Asked,
  type EventStream,
  eventStream,
  result,
  type ScriptedServer,
  startScripted
} from "@mcpgw/testkit/ScriptedServer"

export interface OldServer extends ScriptedServer {
  /** The streams opened so far; the first is session 1. */
  readonly streams: ReadonlyArray<EventStream>
  /** What a stream begins with, by its number. */
  opens: (session: number) => string
}

export const ENDPOINT = "event: endpoint\ndata: /message?sessionId="

const sessionIn = ({ path }: Asked): number => Number(new URL(path, "http://old").searchParams.get("sessionId"))

const RESULTS: Readonly<Record<string, unknown>> = {
  initialize: { protocolVersion: "2024-11-05", capabilities: { tools: {} }, serverInfo: { name: "old", version: "1" } },
  "tools/list": { tools: [] }
}

/** Streams at `/sse`, messages at `/message` and `/sse` too, Streamable HTTP at `/mcp`; anything else is 404. Answers every request on its stream, with as little as there is to say. */
export const startOld = async (): Promise<OldServer> => {
  const streams: Array<EventStream> = []
  const scripted = await startScripted((asked) => {
    const { pathname } = new URL(asked.path, "http://old")
    if (asked.method === "GET" && pathname === "/sse") {
      const stream = eventStream()
      streams.push(stream)
      stream.write(server.opens(streams.length))
      return stream.response
    }
    const { id, method } = asked.rpc
    if (asked.method === "POST" && pathname === "/mcp") return result(asked, RESULTS[method ?? ""] ?? {})
    const stream = streams[sessionIn(asked) - 1]
    if (asked.method !== "POST" || (pathname !== "/message" && pathname !== "/sse") || stream === undefined) {
      return new Response("not found", { status: 404 })
    }
    if (id !== undefined) stream.send({ jsonrpc: "2.0", id, result: RESULTS[method ?? ""] ?? {} })
    return new Response("Accepted", { status: 202 })
  })
  const server: OldServer = { ...scripted, streams, opens: (session) => `${ENDPOINT}${session}\n\n` }
  return server
}
