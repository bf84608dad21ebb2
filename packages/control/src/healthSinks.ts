/** The two ways to a watcher of health: a WebSocket and an event stream. Each knows how to say goodbye; neither knows what it carries. */
import type { Farewell, Sink } from "./healthHub.ts"
import type { SocketData } from "./healthSocket.ts"

/** Close codes (RFC 6455 §7.4) and contracts.md §2.11's words. */
const GOODBYE: Record<Exclude<Farewell, "slow">, readonly [code: number, reason: string]> = {
  rights: [1008, "Authentication failed"],
  shutdown: [1001, "Going away"]
}

export const CAPACITY = [1008, "Server at capacity"] as const
export const UNKNOWN = [1008, "Authentication required"] as const
export const REFUSED = [1008, "Authentication failed"] as const

export const socketSink = (socket: Bun.ServerWebSocket<SocketData>): Sink => ({
  kind: "websocket",
  send: (message) => void socket.send(message),
  waiting: () => socket.getBufferedAmount(),
  // Pings are the HTTP server's.
  beat: () => {},
  // Whoever takes nothing takes no farewell either.
  close: (why) => (why === "slow" ? socket.terminate() : socket.close(...GOODBYE[why]))
})

/** A socket that is only opened to say why it is closed: a browser is told nothing of a handshake that fails. */
export const closedSocket = ([code, reason]: readonly [number, string]): SocketData => ({
  opened: (socket) => socket.close(code, reason),
  closed: () => {}
})

const utf8 = new TextEncoder()
const BEAT = utf8.encode(": still here\n\n")
/** Rounds of silence, of a second each, after which a comment keeps proxies from closing the stream. */
const QUIET_ROUNDS = 15

/** Messages as server-sent events. `join` is given the sink once somebody reads. */
export const eventStream = (join: (sink: Sink) => () => void): Response => {
  let leave = (): void => {}
  let quiet = 0
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const put = (bytes: Uint8Array): void => {
      quiet = 0
      controller.enqueue(bytes)
    }
    put(utf8.encode("retry: 3000\n\n"))
    leave = join({
      kind: "events",
      send: (message) => put(utf8.encode(`data: ${message}\n\n`)),
      waiting: () => Math.max(0, -(controller.desiredSize ?? 0)),
      beat: () => {
        if (++quiet >= QUIET_ROUNDS) put(BEAT)
      },
      close: (why) => (why === "slow" ? controller.error(new Error("the client takes nothing")) : controller.close())
    })
  }
  const body = new ReadableStream<Uint8Array>(
    { start, cancel: () => leave() },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 })
  )
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } })
}
