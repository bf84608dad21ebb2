/**
 * MCP through the gateway, by the official client. One connection per server and command; what went wrong is told in the gateway's words.
 * The library is loaded by the first command that speaks MCP. Follows no redirect.
 */
import type { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { certificateFailure, denied, failed, type Failure, missing, refused, unreachable } from "../Failure.ts"

const load = Effect.promise(() => import("@modelcontextprotocol/client"))

export interface Endpoint {
  /** The server's path. */
  readonly name: string
  readonly url: string
}

export interface Connection {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
  /** Runs one request of the client. */
  readonly run: <A>(request: (client: Client) => Promise<A>) => Effect.Effect<A, Failure>
}

/** What the last HTTP answer said, should the library's error not say it. */
interface Trace {
  status: number
  body: unknown
  unanswered: boolean
  /** With what it ended when nobody answered. */
  error?: unknown
}

const tracing =
  (trace: Trace) =>
  async (url: string | URL, init?: RequestInit): Promise<Response> => {
    try {
      const response = await fetch(url, { ...init, redirect: "manual" })
      trace.status = response.status
      trace.unanswered = false
      trace.body = response.status >= 400 ? await response.clone().json() : undefined
      return response
    } catch (error) {
      // The body of a refusal may be no JSON; the answer itself is there then.
      if (trace.status >= 400 && error instanceof SyntaxError) return new Response(null, { status: trace.status })
      trace.unanswered = !(error instanceof Error && error.name === "AbortError")
      trace.error = error
      throw error
    }
  }

/** The sentence of a JSON-RPC error. */
const rpcMessage = (body: unknown): string | undefined => {
  const error: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "error") : undefined
  const message: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "message") : undefined
  return typeof message === "string" ? message : undefined
}

/** The gateway's `-32602` for a tool that does not exist, or not for the caller (design §6). */
const isNoTool = (message: string): boolean => /no tool '/.test(message)

const failureOf = ({ name, url }: Endpoint, trace: Trace, error: unknown): Failure => {
  const said = error instanceof Error ? error.message : String(error)
  if (trace.unanswered)
    return (
      certificateFailure(url, trace.error) ??
      unreachable(`${name}: the gateway does not answer`, "is it running, and is --url right?")
    )
  const words = rpcMessage(trace.body) ?? said
  if (isNoTool(words)) return missing(`${name}: ${words}`, "`mcpgw list` shows the tools you may call")
  if (trace.status === 401 || trace.status === 403 || trace.status === 404) {
    const { hint } = refused(trace.status, undefined)
    const problem = `${name}: ${words}`
    return trace.status === 404
      ? missing(problem, "`mcpgw servers list` shows the servers you may see")
      : denied(problem, hint)
  }
  if (trace.status >= 500)
    return unreachable(`${name}: ${words}`, `\`mcpgw servers refresh ${name}\` checks it now, and says how it is`)
  return failed(`${name}: ${words}`)
}

const INFO = { name: "mcpgw", version: "0.1.0" }

/** Milliseconds for one request. */
const PATIENCE = 60_000

export const connect = (
  endpoint: Endpoint,
  headers: Readonly<Record<string, string>>
): Effect.Effect<Connection, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const library = yield* load
    const trace: Trace = { status: 0, body: undefined, unanswered: false }
    const client = new library.Client(INFO, { versionNegotiation: { mode: "auto" } })
    const transport = new library.StreamableHTTPClientTransport(new URL(endpoint.url), {
      fetch: tracing(trace),
      requestInit: { headers: { ...headers } },
      onInsufficientScope: "throw"
    })
    const run = <A>(request: (client: Client) => Promise<A>): Effect.Effect<A, Failure> =>
      Effect.tryPromise({ try: () => request(client), catch: (error) => failureOf(endpoint, trace, error) })
    yield* Effect.acquireRelease(
      run(() => client.connect(transport, { timeout: PATIENCE })),
      () => Effect.promise(() => bye(client, transport))
    )
    return { client, transport, run }
  })

/** A goodbye that fails is none the less one. */
const bye = async (client: Client, transport: StreamableHTTPClientTransport): Promise<void> => {
  if (transport.sessionId !== undefined) await transport.terminateSession().catch(() => undefined)
  await client.close().catch(() => undefined)
}
