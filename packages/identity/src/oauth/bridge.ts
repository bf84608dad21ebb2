/**
 * Carries web requests to a Node handler and back, over a unix socket in a folder nobody else can enter: so what is said there of the
 * caller's address and scheme can be believed, and comes from the edge alone. Never lets through what a client says of itself.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface Bridge {
  /** `body`: what is sent instead of the request's own. */
  readonly carry: (request: Request, told: Told, body: string | undefined) => Promise<Response>
  readonly close: () => Promise<void>
}

/** What the handler is told of a request. */
export interface Told {
  readonly id: string
  readonly remote: string
  /** Path and query. */
  readonly target: string
}

/** Names the request to the handler, so that what it notes comes back to it. */
export const REQUEST_ID = "x-mcpgw-request"

const TIMEOUT_MILLIS = 20_000

/** Of the connection, and words about the caller that only the edge may say. */
const DROPPED =
  /^(?:connection|keep-alive|transfer-encoding|te|trailer|upgrade|host|content-length|forwarded|x-forwarded-.*|x-mcpgw-.*)$/

export const openBridge = async (listener: RequestListener, publicUrl: string): Promise<Bridge> => {
  const folder = await mkdtemp(join(tmpdir(), "mcpgw-as-"))
  const path = join(folder, "s")
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(path, () => resolve())
  })
  const { host, protocol } = new URL(publicUrl)
  return {
    carry: async (request, { id, remote, target }, body) => {
      const headers = new Headers()
      for (const [name, value] of request.headers) if (!DROPPED.test(name)) headers.append(name, value)
      headers.set("x-forwarded-for", remote)
      headers.set("x-forwarded-proto", protocol.slice(0, -1))
      headers.set("x-forwarded-host", host)
      headers.set(REQUEST_ID, id)
      const answer = await fetch(`http://${host}${target}`, {
        unix: path,
        method: request.method,
        headers,
        redirect: "manual",
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MILLIS)])
      })
      const answered = new Headers()
      for (const [name, value] of answer.headers) if (!DROPPED.test(name)) answered.append(name, value)
      const bodiless = request.method === "HEAD" || answer.status === 204 || answer.status === 304
      return new Response(bodiless ? null : await answer.arrayBuffer(), { status: answer.status, headers: answered })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await rm(folder, { recursive: true, force: true })
    }
  }
}
