/**
 * The gateway's main port. With TLS it can change its certificate while it serves. `Bun.serve` keeps the pair it was opened with, and its
 * `reload` takes no other; so a second listener opens on the same port with the new pair, and the first retires: for a moment it tells
 * its clients to come anew (measured: without that moment, keep-alive clients between two calls are cut off), then it accepts no more,
 * and what it still answers or streams it carries to the end. A connection that is amid its handshake at the very moment the first one
 * closes is reset: Bun can not stop listening without closing what is idle.
 */
import { type SocketData, socketHandlers } from "@mcpgw/control/healthSocket"
import * as Effect from "effect/Effect"
import type { GatewayConfigApi } from "./config.ts"
import { opening, type PortUnavailable } from "./PortUnavailable.ts"
import type { TlsPair } from "./TlsPair.ts"

/** No answer: the connection is a WebSocket now. */
export type Fetch = (
  request: Request,
  server: Bun.Server<SocketData>
) => Promise<Response | undefined> | Response | undefined

export interface Listener {
  /** Requests that have no whole answer yet. */
  readonly pending: () => number
  /** New connections get this pair. Done when the listener before accepts no more. */
  readonly change: (pair: TlsPair) => Effect.Effect<void, PortUnavailable>
  /** Accepts no more, at once; done when the last answer is. `force` cuts them off. */
  readonly stop: (force: boolean) => Promise<void>
}

/** One `Bun.serve`. */
interface Generation {
  readonly server: Bun.Server<SocketData>
  retiring: boolean
}

/** How long a retiring listener asks its clients to leave before it closes the connections that are idle. */
const FAREWELL = "1500 millis"

const SETTINGS = "MCPGW_HOST and MCPGW_PORT"

/** Without a pair: plain HTTP. */
export const openListener = (
  config: GatewayConfigApi,
  pair: TlsPair | undefined,
  fetch: Fetch
): Effect.Effect<Listener, PortUnavailable> =>
  Effect.gen(function* () {
    if (pair !== undefined) yield* assertFree(config)
    let current = yield* opening(SETTINGS, config, () => serve(config, pair, fetch))
    const retired = new Set<Generation>()
    const all = (): ReadonlyArray<Generation> => [current, ...retired]

    const change: Listener["change"] = (next) =>
      Effect.gen(function* () {
        const opened = yield* opening(SETTINGS, config, () => serve(config, next, fetch))
        const before = current
        current = opened
        retired.add(before)
        before.retiring = true
        yield* Effect.sleep(FAREWELL)
        void before.server.stop(false).then(() => retired.delete(before))
      })

    return {
      change,
      pending: () => all().reduce((sum, { server }) => sum + server.pendingRequests, 0),
      stop: async (force) => void (await Promise.all(all().map(({ server }) => server.stop(force))))
    }
  })

/** A port that several listeners may share is not refused when a foreign process shares it: so it is tried alone first. */
export const assertFree = (config: Pick<GatewayConfigApi, "host" | "port">): Effect.Effect<void, PortUnavailable> =>
  opening(SETTINGS, config, () =>
    Bun.serve({ hostname: config.host, port: config.port, fetch: () => new Response(null, { status: 503 }) })
  ).pipe(Effect.flatMap((probe) => Effect.promise(() => probe.stop(true))))

const serve = ({ host, port }: GatewayConfigApi, pair: TlsPair | undefined, fetch: Fetch): Generation => {
  const options = {
    hostname: host,
    port,
    // Quiet streams live; Bun's default of ten seconds cuts them (W-21).
    idleTimeout: 0,
    // Judged by us, so that the refusal has words and is recorded; Bun would close with a bare 413.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    websocket: socketHandlers
  }
  if (pair === undefined) return { server: Bun.serve({ ...options, fetch }), retiring: false }
  const server = Bun.serve({
    ...options,
    reusePort: true,
    tls: { cert: pair.cert, key: pair.key },
    fetch: (request, server) => {
      const answer = fetch(request, server)
      return generation.retiring ? farewell(answer) : answer
    }
  })
  const generation: Generation = { server, retiring: false }
  return generation
}

const farewell = async (answer: ReturnType<Fetch>): Promise<Response | undefined> => {
  const response = await answer
  response?.headers.set("connection", "close")
  return response
}
