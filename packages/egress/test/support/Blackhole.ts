/** A loopback port that never takes a connection: its backlog is full and nobody accepts. Linux only. */
import { dlopen, ptr } from "bun:ffi"
import { connect, type Socket } from "node:net"

export interface Blackhole {
  readonly port: number
  readonly close: () => void
}

const AF_INET = 2
const SOCK_STREAM = 1
const LOOPBACK = [127, 0, 0, 1]

/** Undefined where the system is another one. */
export const openBlackhole = async (): Promise<Blackhole | undefined> => {
  if (process.platform !== "linux") return undefined
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["int", "int", "int"], returns: "int" },
    bind: { args: ["int", "ptr", "int"], returns: "int" },
    listen: { args: ["int", "int"], returns: "int" },
    getsockname: { args: ["int", "ptr", "ptr"], returns: "int" },
    close: { args: ["int"], returns: "int" }
  })
  const fd = symbols.socket(AF_INET, SOCK_STREAM, 0)
  const address = new Uint8Array([AF_INET, 0, 0, 0, ...LOOPBACK, 0, 0, 0, 0, 0, 0, 0, 0])
  const bound = symbols.bind(fd, ptr(address), address.length) === 0 && symbols.listen(fd, 0) === 0
  symbols.getsockname(fd, ptr(address), ptr(new Int32Array([address.length])))
  const port = ((address[2] ?? 0) << 8) | (address[3] ?? 0)
  if (!bound || port === 0) return undefined
  const fillers: Array<Socket> = []
  // A backlog of nought holds one connection; the second is never answered.
  await new Promise<void>((resolve) => fillers.push(connect({ host: "127.0.0.1", port }, resolve)))
  return {
    port,
    close: () => {
      for (const filler of fillers) filler.destroy()
      symbols.close(fd)
    }
  }
}
