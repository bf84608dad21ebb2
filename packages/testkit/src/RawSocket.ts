/** HTTP/1.1 over bare sockets, for more connections than `fetch` keeps open. Imported from tests only. */
import { connect } from "node:net"

export interface RawStream {
  readonly status: number
  /** Head and body so far. */
  readonly text: () => string
  readonly open: () => boolean
  readonly close: () => void
}

/** Sends a GET and resolves when the head of the answer is here; the body keeps coming. */
export const openStream = (url: string, headers: Readonly<Record<string, string>>): Promise<RawStream> => {
  const { hostname, port, pathname, host } = new URL(url)
  const lines = [`GET ${pathname} HTTP/1.1`, `host: ${host}`, "accept: text/event-stream"]
  for (const name in headers) lines.push(`${name}: ${headers[name] ?? ""}`)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let text = ""
    let open = true
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      const first = !text.includes("\r\n\r\n")
      text += chunk
      if (!first || !text.includes("\r\n\r\n")) return
      resolve({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
        text: () => text,
        open: () => open,
        close: () => socket.destroy()
      })
    })
    socket.once("close", () => {
      open = false
      reject(new Error(`the connection closed: ${text}`))
    })
    socket.once("error", reject)
    socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  })
}
