/** One request as the pipeline sees it: immutable, made at the edge, passed as an argument. */
import type { HeaderFields } from "@mcpgw/mcp/HeaderNames"
import type { SocketData } from "@mcpgw/control/healthSocket"
import type { Forwarded } from "./ClientAddress.ts"

export interface RequestContext {
  /** Unique for this process's life; what audit rows and the log call the request. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly at: number
  /** `performance.now()`. */
  readonly started: number
  readonly method: string
  /** As the HTTP server normalised it; empty when it could not, because the Host is no host name. */
  readonly pathname: string
  /** With its `?`, or empty. */
  readonly search: string
  /** Read out once: asking the native object for one header after the other costs more. */
  readonly headers: HeaderFields
  /** Client address: whoever connected, or whom trusted proxies name. */
  readonly remote: string
  /** What trusted proxies say of the request; undefined when it came from none. */
  readonly forwarded: Forwarded | undefined
  readonly request: Request
  /** Holds the connection it came on. */
  readonly server: HttpServer
}

/** A port of this process, with or without sockets. */
export type HttpServer = Bun.Server<SocketData> | Bun.Server<undefined>

const boot = Date.now().toString(36)
let count = 0

/** Splits the URL by hand: a `URL` object costs more than the policy decision. */
export const makeContext = (
  request: Request,
  server: HttpServer,
  peer: string,
  forwarded: Forwarded | undefined
): RequestContext => {
  const { url } = request
  // Bun hands the bare request target through, dot segments and all, when Host makes no URL of it.
  const absolute = url.startsWith("http://") || url.startsWith("https://")
  const slash = url.indexOf("/", url.indexOf("://") + 3)
  let end = url.indexOf("#", slash)
  if (end === -1) end = url.length
  const question = url.indexOf("?", slash)
  const pathEnd = question === -1 || question > end ? end : question
  return {
    id: `${boot}-${(++count).toString(36)}`,
    at: Date.now(),
    started: performance.now(),
    method: request.method,
    pathname: !absolute ? "" : slash === -1 ? "/" : url.slice(slash, pathEnd),
    search: url.slice(pathEnd, end),
    headers: request.headers.toJSON(),
    remote: forwarded === undefined ? peer : forwarded.remote,
    forwarded,
    request,
    server
  }
}
