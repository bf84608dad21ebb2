/** A TCP server for bodies of any size: keeps nothing of what it is sent. */
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"

/** `handle` is called once for every connection. */
export const tcp = (handle: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined).on("close", () => sockets.delete(socket))
        handle(socket)
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve))
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      return { port, open: () => sockets.size, sockets, server }
    }),
    ({ sockets, server }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  )
