/** Scripted MCP servers behind the egress port, and the records that lead to them. */
import { ServerPath } from "@mcpgw/domain/Ids"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { type ExchangeRequest, UpstreamFailure } from "@mcpgw/egress/Upstream"
import { layerOf } from "@mcpgw/egress/UpstreamLayers"

export const record = (
  fields: Partial<Omit<ServerRecord, "path">> & { readonly path?: string } = {}
): ServerRecord => ({
  server_name: "Clock",
  description: "",
  proxy_pass_url: "http://clock.internal:8000/",
  tags: [],
  num_tools: 0,
  num_stars: 0,
  is_python: false,
  license: "N/A",
  supported_transports: ["streamable-http"],
  headers: [],
  tool_list: [],
  is_enabled: true,
  trusted_address: false,
  registered_by: "admin",
  registered_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  ...fields,
  path: ServerPath.make(fields.path ?? "/clock")
})

/** One message as the server sees it; `method` is empty for GET and DELETE. */
export interface Asked extends ExchangeRequest {
  readonly rpc: { readonly id?: number; readonly method: string; readonly params: Readonly<Record<string, unknown>> }
}

export type Answer = (asked: Asked) => Response | Promise<Response>

/** An egress port with one server behind every URL; `seen` grows with each exchange. */
export const upstream = (answer: Answer) => {
  const seen: Array<Asked> = []
  let heard: () => void = () => undefined
  const first = new Promise<void>((resolve) => (heard = resolve))
  const exchange = async (request: ExchangeRequest): Promise<Response> => {
    const body: unknown = request.body === undefined ? {} : JSON.parse(new TextDecoder().decode(request.body))
    const asked = { ...request, rpc: { method: "", params: {}, ...(body as object) } }
    seen.push(asked)
    heard()
    return answer(asked)
  }
  return { seen, first, layer: layerOf(exchange) }
}

export const methods = (seen: ReadonlyArray<Asked>): ReadonlyArray<string> =>
  seen.map(({ method, rpc }) => (method === "POST" ? rpc.method : method))

export const rpcResult = (asked: Asked, result: unknown, init?: ResponseInit): Response =>
  Response.json({ jsonrpc: "2.0", id: asked.rpc.id, result }, init)

export const rpcError = (asked: Asked, code: number, init?: ResponseInit): Response =>
  Response.json({ jsonrpc: "2.0", id: asked.rpc.id, error: { code, message: "no" } }, init)

export const failing =
  (reason: UpstreamFailure["reason"]): Answer =>
  () => {
    throw new UpstreamFailure(reason, "connect 10.1.2.3:8000 with Bearer s3cret")
  }

export const never = (): Promise<Response> => new Promise(() => undefined)

export interface LegacyOptions {
  readonly capabilities?: Readonly<Record<string, unknown>>
  /** Definitions by page. */
  readonly pages?: ReadonlyArray<ReadonlyArray<unknown>>
  /** Answers by JSON-RPC method, or `DELETE`, in place of the usual ones. */
  readonly instead?: Readonly<Record<string, Answer>>
}

/** A sessionful server of 2025-11-25 that knows nothing of the modern era. */
export const legacy = (options: LegacyOptions = {}): Answer => {
  const pages = options.pages ?? [
    [{ name: "now", description: "Tells.\n\nArgs:\n    zone: Where.", inputSchema: TYPE }]
  ]
  const usual: Readonly<Record<string, Answer>> = {
    initialize: (asked) =>
      rpcResult(
        asked,
        {
          protocolVersion: "2025-11-25",
          capabilities: options.capabilities ?? { tools: {} },
          serverInfo: { name: "clock", version: "1" }
        },
        { headers: { "mcp-session-id": "session-1" } }
      ),
    "notifications/initialized": () => new Response(null, { status: 202 }),
    ping: (asked) => rpcResult(asked, {}),
    "tools/list": (asked) => {
      const page = Number(asked.rpc.params["cursor"] ?? 0)
      const more = page + 1 < pages.length ? { nextCursor: String(page + 1) } : {}
      return rpcResult(asked, { tools: pages[page] ?? [], ...more })
    },
    DELETE: () => new Response(null, { status: 200 })
  }
  return (asked) => {
    const key = asked.method === "POST" ? asked.rpc.method : asked.method
    return (options.instead?.[key] ?? usual[key] ?? ((asked: Asked) => rpcError(asked, -32601)))(asked)
  }
}

export const TYPE = { type: "object", properties: {} } as const
