/** HTTP over a bare socket: what goes out is exactly what is written, what comes back is kept to the last byte. For tests only. */
import { connect, type Socket } from "node:net"

export interface RawResponse {
  /** 0 when the connection closed without an answer. */
  readonly status: number
  /** Lower-case names; a repeated one keeps its last value. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The body ended as its framing says: all of its Content-Length, or the last chunk with its terminator. */
  readonly complete: boolean
}

export interface Connection {
  readonly socket: Socket
  readonly write: (data: string | Uint8Array) => void
  /** Everything received so far, as Latin-1. */
  readonly received: () => string
  /** Resolves when what was received matches; rejects with it when the connection ends first or `ms` pass. */
  readonly until: (pattern: RegExp, ms?: number) => Promise<RegExpExecArray>
  /** Resolves with everything when the server has closed, or rejects after `ms`. */
  readonly closed: (ms?: number) => Promise<string>
  readonly destroy: () => void
}

/** Opens a connection to loopback, from another loopback address when asked. */
export const open = (port: number, from = "127.0.0.1"): Connection => {
  const socket = connect({ host: "127.0.0.1", port, localAddress: from })
  let text = ""
  let over = false
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  socket.on("data", (data: Buffer) => {
    text += data.toString("latin1")
    tell()
  })
  // A reset is an end like any other: what arrived before it is what is judged.
  socket.on("error", () => undefined)
  socket.on("close", () => {
    over = true
    tell()
  })
  const wait = <A>(look: () => A | undefined, ms: number, what: string): Promise<A> =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        listeners.delete(check)
      }
      const check = (): void => {
        const found = look()
        if (found === undefined && !over) return
        stop()
        if (found !== undefined) resolve(found)
        else reject(new Error(`connection closed before ${what}:\n${text}`))
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`no ${what} within ${ms} ms:\n${text}`))
      }, ms)
      listeners.add(check)
      check()
    })
  return {
    socket,
    write: (data) => void (typeof data === "string" ? socket.write(data, "latin1") : socket.write(data)),
    received: () => text,
    until: (pattern, ms = 5_000) => wait(() => pattern.exec(text) ?? undefined, ms, String(pattern)),
    closed: (ms = 5_000) => wait(() => (over ? text : undefined), ms, "close"),
    destroy: () => socket.destroy()
  }
}

/** Sends these bytes (text counts as Latin-1) and reads until the server closes. */
export const send = async (
  port: number,
  bytes: string | Uint8Array,
  ms = 5_000,
  from?: string
): Promise<ReadonlyArray<RawResponse>> => {
  const connection = open(port, from)
  connection.write(bytes)
  try {
    return parseAll(await connection.closed(ms))
  } finally {
    connection.destroy()
  }
}

/** Every response in what one connection received. */
export const parseAll = (text: string): ReadonlyArray<RawResponse> => {
  const responses: Array<RawResponse> = []
  let rest = text
  while (rest !== "") {
    const { response, after } = parseOne(rest)
    responses.push(response)
    rest = after
  }
  return responses
}

const parseOne = (text: string): { readonly response: RawResponse; readonly after: string } => {
  const head = text.indexOf("\r\n\r\n")
  const [first = "", ...lines] = text.slice(0, head === -1 ? text.length : head).split("\r\n")
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0)
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
  )
  const raw = head === -1 ? "" : text.slice(head + 4)
  if (headers["transfer-encoding"]?.toLowerCase() === "chunked") {
    const { body, complete, after } = dechunk(raw)
    return { response: { status, headers, body: utf8(body), complete }, after }
  }
  const length = headers["content-length"]
  const size = length === undefined ? (status === 204 || status === 304 ? 0 : raw.length) : Number(length)
  const body = raw.slice(0, size)
  return { response: { status, headers, body: utf8(body), complete: body.length === size }, after: raw.slice(size) }
}

const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8")

/** Undoes chunked transfer coding. `complete` only with the zero-length chunk that ends it. */
export const dechunk = (
  text: string
): { readonly body: string; readonly complete: boolean; readonly after: string } => {
  let body = ""
  let at = 0
  for (;;) {
    const line = text.indexOf("\r\n", at)
    if (line === -1) return { body, complete: false, after: "" }
    const size = Number.parseInt(text.slice(at, line), 16)
    if (Number.isNaN(size)) return { body, complete: false, after: "" }
    const start = line + 2
    if (size === 0) {
      const complete = text.startsWith("\r\n", start)
      return { body, complete, after: complete ? text.slice(start + 2) : "" }
    }
    if (start + size + 2 > text.length) return { body: body + text.slice(start), complete: false, after: "" }
    body += text.slice(start, start + size)
    at = start + size + 2
  }
}

/** A chunked body of these parts. */
export const chunked = (parts: ReadonlyArray<string>): string =>
  `${parts.map((part) => `${Buffer.byteLength(part, "latin1").toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`
