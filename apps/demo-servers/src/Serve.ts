/** One demo server over HTTP at `/mcp`. On loopback it refuses foreign Host and Origin headers (DNS rebinding). */
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse
} from "@modelcontextprotocol/server"
import { conformanceHandler } from "./conformance/ConformanceServer.ts"
import { type DemoName, type Handler, handlers } from "./Demo.ts"

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"])

const GRACE_MS = 2_000

export interface Running {
  /** Where clients connect, such as `http://127.0.0.1:8000/mcp`. */
  readonly url: string
  /** Lets exchanges in flight finish for up to two seconds, then ends them. */
  readonly stop: () => Promise<void>
}

/** Starts listening; throws the runtime's own error when the address can not be had. */
export const serve = (name: DemoName | "conformance", host: string, port: number): Running => {
  const handler = name === "conformance" ? conformanceHandler() : handlers()[name]
  const guarded = LOOPBACK.has(host) ? localOnly(handler) : handler
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: 0,
    fetch: (request) =>
      new URL(request.url).pathname.replace(/\/$/, "") === "/mcp" ? guarded(request) : Promise.resolve(notFound())
  })
  const shown = host.includes(":") ? `[${host}]` : host
  return {
    url: `http://${shown}:${server.port}/mcp`,
    stop: async () => {
      const force = setTimeout(() => void server.stop(true), GRACE_MS)
      await server.stop(false)
      clearTimeout(force)
    }
  }
}

const localOnly =
  (handler: Handler): Handler =>
  async (request) =>
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins()) ??
    handler(request)

const notFound = (): Response =>
  Response.json(
    { jsonrpc: "2.0", id: null, error: { code: -32600, message: "Not found: the MCP endpoint is /mcp" } },
    { status: 404 }
  )
