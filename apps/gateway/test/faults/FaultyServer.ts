/**
 * An MCP server over a bare TCP socket that goes wrong as the tool's name says: `FAULTS` writes the bytes of each. Everything else it
 * answers as a healthy server without sessions would. For tests and the soak only.
 */
import { createServer, type Server, type Socket } from "node:net"

export type Fault = (socket: Socket, id: string | number) => void

export interface FaultyServer {
  readonly port: number
  readonly url: string
  /** Connections accepted so far. */
  readonly accepted: () => number
  /** Those not closed yet. */
  readonly open: () => number
  /** JSON-RPC methods asked so far, and `GET`. */
  readonly asked: ReadonlyArray<string>
  /** Closes the port and every connection; `listen` opens the same port again. */
  readonly stop: () => Promise<void>
  readonly listen: () => Promise<void>
}

const head = (status: string, headers: Readonly<Record<string, string | number>>): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`

export const json = (
  body: string,
  status = "200 OK",
  headers: Readonly<Record<string, string | number>> = {}
): string =>
  head(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers }) + body

export const answerText = (id: string | number, text = "fine"): string =>
  JSON.stringify({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }] } })

const EVENTS = { "content-type": "text/event-stream", "transfer-encoding": "chunked" }
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const LAST = "0\r\n\r\n"
export const eventOf = (value: unknown): string => `event: message\ndata: ${JSON.stringify(value)}\n\n`
const progress = eventOf({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: 1, progress: 1 }
})
const begun = head("200 OK", EVENTS) + chunk(progress)

/** Writes on for as long as the other side takes it; then does what is left. */
const pour = (socket: Socket, part: Buffer, bytes: number, finish: () => void = () => undefined): void => {
  let left = bytes
  const write = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= part.length
      if (!socket.write(part)) return void socket.once("drain", write)
    }
    if (!socket.destroyed) finish()
  }
  write()
}

export const FILLER = Buffer.alloc(64 * 1024, "x")
export const GIGABYTE = 1024 ** 3

/** By tool name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  fine: (socket, id) => socket.write(json(answerText(id))),
  hang: () => undefined,
  "half-open": (socket) => socket.write(head("200 OK", { "content-type": "application/json", "content-length": 500 })),
  "half-open stream": (socket) => socket.write(begun),
  trickle: (socket) => {
    socket.write(begun)
    const timer = setInterval(() => socket.write(chunk(progress)), 200)
    socket.once("close", () => clearInterval(timer))
  },
  quiet: (socket, id) => {
    socket.write(begun)
    setTimeout(() => socket.end(chunk(eventOf(JSON.parse(answerText(id)))) + LAST), 1_700)
  },
  "too many": (socket) => socket.write(json('{"slow":"down"}', "429 Too Many Requests", { "retry-after": 17 })),
  "too many, in words": (socket, id) =>
    socket.write(
      json(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":{"code":-32000,"message":"slow down"}}`, "429 Slow", {
        "retry-after": 17
      })
    ),
  unavailable: (socket) => socket.write(`HTTP/1.1 503 Busy\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n`),
  "closed at once": (socket) => socket.end(),
  "reset at once": (socket) => socket.resetAndDestroy(),
  "closed mid-stream": (socket) => socket.end(begun),
  "reset mid-stream": (socket) => socket.write(begun, () => setTimeout(() => socket.resetAndDestroy(), 50)),
  "ended without an answer": (socket) => socket.end(begun + LAST),
  "closed mid-body": (socket) =>
    socket.end(head("200 OK", { "content-type": "application/json", "content-length": 500 }) + '{"jsonrpc"'),
  "no HTTP": (socket) => socket.write("SSH-2.0-OpenSSH_9.7\r\n\r\n"),
  "no MCP": (socket) => socket.write(json("<html></html>", "200 OK", { "content-type": "text/html" })),
  "no JSON": (socket) => socket.write(json("not at all JSON")),
  "no events": (socket) => socket.end(head("200 OK", EVENTS) + chunk("\u0000\u0001 neither event nor JSON\n\n") + LAST),
  "length too small": (socket, id) => socket.write(json(answerText(id), "200 OK", { "content-length": 20 })),
  "length too large": (socket, id) => socket.end(json(answerText(id), "200 OK", { "content-length": 4_000 })),
  "two lengths": (socket, id) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${json(answerText(id)).slice("HTTP/1.1 200 OK\r\n".length)}`),
  "endless event": (socket) => {
    socket.write(head("200 OK", { "content-type": "text/event-stream", connection: "close" }))
    pour(socket, FILLER, GIGABYTE)
  },
  "a gigabyte": (socket) => {
    socket.write(head("200 OK", { "content-type": "application/json", "content-length": GIGABYTE }))
    pour(socket, FILLER, GIGABYTE)
  },
  "a gigabyte of events": (socket, id) => {
    socket.write(head("200 OK", { "content-type": "text/event-stream", connection: "close" }))
    const told = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: FILLER.toString() } }
    pour(socket, Buffer.from(eventOf(told)), GIGABYTE, () => socket.end(eventOf(JSON.parse(answerText(id)))))
  },
  "closed within a large body": (socket) => {
    socket.write(head("200 OK", { "content-type": "application/json", "content-length": 1_000_000 }))
    socket.write('{"jsonrpc"', () => socket.end(Buffer.concat([FILLER, FILLER, FILLER])))
  }
}

const OFFERS = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "faulty", version: "1" }
}

const answer = (socket: Socket, method: string, text: string, asked: Array<string>): void => {
  if (method === "GET") {
    asked.push("GET")
    return void socket.write(head("200 OK", EVENTS) + chunk(": hello\n\n"))
  }
  const message = text === "" ? {} : JSON.parse(text)
  const { id, method: name = "" } = message
  asked.push(name)
  if (id === undefined) return void socket.write("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
  const result = (value: unknown) => socket.write(json(JSON.stringify({ jsonrpc: "2.0", id, result: value })))
  if (name === "initialize") return void result(OFFERS)
  if (name === "ping") return void result({})
  if (name === "tools/list" && message.params?.cursor === "gigabyte") return FAULTS["a gigabyte"]?.(socket, id)
  if (name === "tools/list") return void result({ tools: [] })
  if (name === "subscriptions/listen") return void socket.write(begun)
  const fault = name === "tools/call" ? FAULTS[message.params?.name] : undefined
  if (fault !== undefined) return fault(socket, id)
  socket.write(json(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "no such method" } })))
}

export const startFaulty = async (): Promise<FaultyServer> => {
  const sockets = new Set<Socket>()
  const asked: Array<string> = []
  let accepted = 0
  let port = 0
  const handle = (socket: Socket): void => {
    accepted++
    sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on("data", (data) => {
      held = Buffer.concat([held, Buffer.from(data)])
      for (let end = held.indexOf("\r\n\r\n"); end !== -1; end = held.indexOf("\r\n\r\n")) {
        const lines = held.toString("latin1", 0, end)
        const length = Number(/content-length: (\d+)/i.exec(lines)?.[1] ?? 0)
        if (held.length < end + 4 + length) return
        const text = held.toString("utf8", end + 4, end + 4 + length)
        held = held.subarray(end + 4 + length)
        answer(socket, lines.slice(0, lines.indexOf(" ")), text, asked)
      }
    })
    socket.on("error", () => undefined)
    socket.on("close", () => sockets.delete(socket))
  }
  let server: Server | undefined
  const listen = (): Promise<void> =>
    new Promise((resolve) => {
      server = createServer(handle).listen(port, "127.0.0.1", 4_096, () => {
        const address = server?.address()
        port = typeof address === "object" && address !== null ? address.port : 0
        resolve()
      })
    })
  await listen()
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    accepted: () => accepted,
    open: () => sockets.size,
    asked,
    listen,
    stop: () =>
      new Promise((resolve) => {
        server?.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}
