/**
 * One MCP session for one probe: connected by the official client, ended with the scope. The client library is passed in, because
 * it is loaded only when the first probe runs.
 */
import type * as McpClient from "@modelcontextprotocol/client"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Failure } from "./failure.ts"
import { type FetchSettings, probeFetch, type Trace } from "./probeFetch.ts"

export type Library = typeof McpClient

export interface Target {
  readonly url: URL
  readonly transport: "streamable-http" | "sse"
  readonly headers: Headers
}

export interface Session {
  readonly client: McpClient.Client
  readonly transport: McpClient.StreamableHTTPClientTransport | McpClient.SSEClientTransport
  readonly trace: Trace
}

export interface SessionSettings extends Omit<FetchSettings, "signal" | "allowGet"> {
  readonly library: Library
  readonly target: Target
  /** How long the modern era's first question may stay unanswered before the legacy handshake is tried, milliseconds. */
  readonly discoverMillis: number
}

/** Deadlines are the caller's; the library's own timers only must not fire first. */
export const LIBRARY_TIMEOUT_MS = 3_600_000
const TERMINATE_TIMEOUT = Duration.seconds(2)

/**
 * Opens a session. `auto` asks `server/discover` first and falls back to `initialize` by the library's rules; `legacy` begins
 * with `initialize`. Closing the scope aborts whatever is in flight.
 */
export const openSession = (
  settings: SessionSettings,
  mode: "auto" | "legacy",
  trace: Trace
): Effect.Effect<Session, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* Effect.acquireRelease(
      Effect.sync(() => makeSession(settings, mode, trace)),
      ({ abort, client, transport }) =>
        Effect.promise(async () => {
          abort.abort()
          await Promise.allSettled([transport.close(), client.close()])
        })
    )
    yield* call(settings.library, trace, () =>
      session.client.connect(session.transport, { timeout: LIBRARY_TIMEOUT_MS })
    )
    return session
  })

const makeSession = (settings: SessionSettings, mode: "auto" | "legacy", trace: Trace) => {
  const { library, target } = settings
  const abort = new AbortController()
  const fetch = probeFetch({ ...settings, signal: abort.signal, allowGet: target.transport === "sse" }, trace)
  // `manual`: calls through the gateway do not follow redirects either, so a redirected server is not healthy.
  const options = { fetch, requestInit: { headers: target.headers, redirect: "manual" as const } }
  const client = new library.Client(
    { name: "mcp-gateway-registry", version: "1.0.0" },
    { versionNegotiation: { mode, probe: { timeoutMs: settings.discoverMillis } } }
  )
  const transport =
    target.transport === "sse"
      ? new library.SSEClientTransport(target.url, options)
      : new library.StreamableHTTPClientTransport(target.url, {
          ...options,
          onInsufficientScope: "throw",
          reconnectionOptions: NO_RECONNECTION
        })
  return { abort, client, transport, trace }
}

const NO_RECONNECTION = {
  maxRetries: 0,
  initialReconnectionDelay: 1_000,
  maxReconnectionDelay: 1_000,
  reconnectionDelayGrowFactor: 1
}

/** One request over a session; what went wrong comes from the trace, which knows more than the library's error. */
export const call = <A>(library: Library, trace: Trace, run: () => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({ try: run, catch: (cause) => failureOf(library, trace, cause) }).pipe(
    Effect.tapError((failure) => Effect.logDebug("probe request failed", failure))
  )

const failureOf = (library: Library, trace: Trace, cause: unknown): Failure => {
  // A 4xx of the modern era may carry the JSON-RPC error; the status is then of no account.
  if (library.ProtocolError.isInstance(cause)) return { kind: "rpc", code: cause.code }
  if (trace.failure !== undefined) return trace.failure
  const timedOut = library.SdkError.isInstance(cause) && cause.code === library.SdkErrorCode.RequestTimeout
  return timedOut ? { kind: "timeout" } : { kind: "unusable" }
}

/** Ends a legacy session politely, when there is one; a server that minds or is slow does not matter. */
export const terminate = ({ transport }: Session): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (!("terminateSession" in transport) || transport.sessionId === undefined) return
    yield* Effect.tryPromise(() => transport.terminateSession()).pipe(
      Effect.timeout(TERMINATE_TIMEOUT),
      Effect.catchAll((cause) => Effect.logDebug("session not terminated", cause))
    )
  })
