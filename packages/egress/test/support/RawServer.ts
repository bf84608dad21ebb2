/** A TCP server that shows what was sent and answers with exactly the bytes it is told to. */
import { createServer, type Socket } from "node:net"

export interface RawServer {
  readonly port: number
  /** Everything received, over all connections. */
  readonly received: () => string
  readonly connections: () => number
  /** Those not closed yet. */
  readonly open: () => number
  /** Resolves when a connection has been closed by the other side. */
  readonly closed: Promise<void>
  readonly stop: () => void
}

/** `answer` is called once for every request head that has come in whole. */
export const rawServer = async (
  answer: (socket: Socket, count: number) => void,
  host = "127.0.0.1"
): Promise<RawServer> => {
  let received = ""
  let heads = 0
  let connections = 0
  const sockets = new Set<Socket>()
  const closed = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    let own = ""
    socket.on("data", (data) => {
      received += data.toString("latin1")
      own += data.toString("latin1")
      for (let end = own.indexOf("\r\n\r\n"); end !== -1; end = own.indexOf("\r\n\r\n")) {
        const length = Number(/content-length: (\d+)/i.exec(own.slice(0, end))?.[1] ?? 0)
        if (own.length < end + 4 + length) return
        own = own.slice(end + 4 + length)
        answer(socket, heads++)
      }
    })
    socket.on("error", () => undefined)
    socket.on("close", () => {
      sockets.delete(socket)
      if (received !== "") closed.resolve()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    received: () => received,
    connections: () => connections,
    open: () => sockets.size,
    closed: closed.promise,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}

/** A whole HTTP answer. */
export const reply = (body: string, headers = "", status = "200 OK"): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
