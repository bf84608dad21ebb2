/**
 * One HTTP/1.1 connection over a bare socket that is kept open, one request at a time: thousands of clients at once, which `fetch` would
 * share a few connections among. Understands as much of HTTP as servers here answer. Imported from tests only.
 */
import { connect } from "node:net"

export interface Answered {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface KeepAlive {
  /** Sends a POST and resolves when the whole answer is here; rejects when the connection ends first. */
  readonly post: (headers: Readonly<Record<string, string>>, body: string) => Promise<Answered>
  readonly close: () => void
}

/** Connects to the URL's host; every request goes to its path. */
export const keepAlive = (url: string): Promise<KeepAlive> => {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let received = Buffer.alloc(0)
  let waiting: { readonly resolve: (answered: Answered) => void; readonly reject: (error: Error) => void } | undefined
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const read = readAnswer(received.toString("latin1"))
    if (read === undefined) return
    received = received.subarray(read.length)
    waiting?.resolve(read.answered)
    waiting = undefined
  })
  socket.on("close", () => waiting?.reject(new Error(`the connection closed: ${received.toString()}`)))
  const post: KeepAlive["post"] = (headers, body) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      const lines = [`POST ${pathname} HTTP/1.1`, `host: ${host}`, `content-length: ${Buffer.byteLength(body)}`]
      for (const name in headers) lines.push(`${name}: ${headers[name] ?? ""}`)
      socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`)
    })
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve({ post, close: () => socket.destroy() }))
    socket.on("error", reject)
  })
}

interface Read {
  readonly answered: Answered
  /** Bytes it took. */
  readonly length: number
}

/** The answer at the start of a Latin-1 text; undefined while it is not whole. */
const readAnswer = (text: string): Read | undefined => {
  const head = text.indexOf("\r\n\r\n")
  if (head === -1) return undefined
  const [first = "", ...lines] = text.slice(0, head).split("\r\n")
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
  )
  const body = headers["transfer-encoding"] === "chunked" ? chunks(text, head + 4) : plain(text, head + 4, headers)
  if (body === undefined) return undefined
  const status = Number(first.split(" ")[1])
  return { answered: { status, headers, body: Buffer.from(body.text, "latin1").toString() }, length: body.end }
}

interface Body {
  readonly text: string
  readonly end: number
}

const plain = (text: string, at: number, headers: Readonly<Record<string, string>>): Body | undefined => {
  const end = at + Number(headers["content-length"] ?? 0)
  return text.length < end ? undefined : { text: text.slice(at, end), end }
}

const chunks = (text: string, from: number): Body | undefined => {
  let body = ""
  for (let at = from; ;) {
    const line = text.indexOf("\r\n", at)
    if (line === -1) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    const end = line + 2 + size + 2
    if (text.length < end) return undefined
    body += text.slice(line + 2, end - 2)
    at = end
    if (size === 0) return { text: body, end }
  }
}
