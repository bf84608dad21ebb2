/**
 * A server on loopback that answers as a test says and keeps what it was asked, byte for byte. Knows nothing of MCP but how a
 * JSON-RPC message looks; `LegacyScript.ts` has the usual answers. Imported from tests only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"

/** One request as it arrived. */
export interface Asked {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Headers
  readonly body: string
  /** The body's JSON-RPC message; empty for a body that is none, and for batches. */
  readonly rpc: Rpc
  /** Aborts when whoever asked goes away before the answer has ended. */
  readonly signal: AbortSignal
}

/** The same with its body as it arrived, whatever its encoding. */
export interface Arrived extends Asked {
  readonly bytes: Buffer
}

export interface Rpc {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

export type Answer = (asked: Asked) => Response | Promise<Response>

export interface ScriptedServer {
  /** `http://127.0.0.1:{port}`. */
  readonly url: string
  readonly port: number
  /** In order of arrival. */
  readonly seen: ReadonlyArray<Arrived>
  /** The first request, past or future, that fits. */
  readonly when: (fits: (asked: Asked) => boolean) => Promise<Asked>
  /** Takes what was asked so far off the record. */
  readonly forget: () => void
  /** Closes the port and every connection. */
  readonly stop: () => Promise<void>
}

/** Over `node:http` because that sends the head of an answer before its first byte, as most servers do and `Bun.serve` does not. `wanted`: its port; any unless given. */
export const startScripted = async (answer: Answer, wanted = 0): Promise<ScriptedServer> => {
  const seen: Array<Arrived> = []
  const waiting = new Set<() => void>()
  const server = createServer((incoming, outgoing) => {
    const handle = async (): Promise<void> => {
      const asked = await askedOf(incoming, outgoing)
      seen.push(asked)
      for (const look of waiting) look()
      await send(await answer(asked), outgoing)
    }
    handle().catch(() => outgoing.destroy())
  })
  const port = await listening(server, wanted)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    when: (fits) => {
      const { promise, resolve } = Promise.withResolvers<Asked>()
      const look = (): void => {
        const found = seen.find(fits)
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      return promise
    },
    forget: () => void seen.splice(0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

const listening = (server: Server, wanted: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address()
      if (typeof address === "object" && address !== null) resolve(address.port)
      else reject(new Error("no port"))
    })
  })

const askedOf = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<Arrived> => {
  const parts: Array<Buffer> = []
  for await (const part of incoming) parts.push(Buffer.from(part))
  const bytes = Buffer.concat(parts)
  const body = bytes.toString()
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "")
  }
  const gone = new AbortController()
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort()
  })
  const { method = "", url = "" } = incoming
  return { method, path: url, headers, body, bytes, rpc: rpcOf(body), signal: gone.signal }
}

const send = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  const reader = response.body?.getReader()
  outgoing.once("close", () => void reader?.cancel().catch(() => undefined))
  for (;;) {
    const part = await reader?.read()
    if (part === undefined || part.done) break
    outgoing.write(part.value)
  }
  outgoing.end()
}

const rpcOf = (body: string): Rpc => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

/** Is it this JSON-RPC method? */
export const asks =
  (method: string) =>
  (asked: Asked): boolean =>
    asked.rpc.method === method

export const result = (asked: Asked, value: unknown, init?: ResponseInit): Response =>
  Response.json({ jsonrpc: "2.0", id: asked.rpc.id, result: value }, init)

/** A stream of server-sent events that the test speaks on. */
export interface EventStream {
  readonly response: Response
  /** Sends one event; `message` becomes its data. */
  readonly send: (message: unknown, id?: string) => void
  /** Sends text as it is. */
  readonly write: (text: string) => void
  readonly end: () => void
  /** Breaks the connection off. */
  readonly fail: () => void
  /** Resolves when the other side has gone. */
  readonly left: Promise<void>
}

export const eventStream = (headers: Readonly<Record<string, string>> = {}): EventStream => {
  const encoder = new TextEncoder()
  const left = Promise.withResolvers<void>()
  let out: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      out = controller
    },
    cancel: () => left.resolve()
  })
  const write = (text: string): void => out?.enqueue(encoder.encode(text))
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream", ...headers } }),
    write,
    send: (message, id) => write(eventText(message, id)),
    end: () => out?.close(),
    fail: () => out?.error(new Error("scripted failure")),
    left: left.promise
  }
}

/** One event as text. */
export const eventText = (message: unknown, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: message\ndata: ${JSON.stringify(message)}\n\n`

/** A whole stream of events that ends at once. */
export const events = (messages: ReadonlyArray<unknown>, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(messages.map((message) => eventText(message)).join(""), {
    headers: { "content-type": "text/event-stream", ...headers }
  })
