/** JSON-RPC 2.0 as MCP uses it: shapes, error codes and error bodies. Never decides anything. */

export type JsonRpcId = string | number

export type JsonObject = { readonly [key: string]: unknown }

/** Codes the gateway itself answers with. -32020 and -32021 are the specification's (protocol.md §1.2); ours stay below -31999. */
export const Code = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unauthenticated: -31401,
  forbidden: -31403,
  notFound: -31404,
  tooLarge: -31413,
  tooManyRequests: -31429,
  upstreamFailed: -31502,
  unavailable: -31503,
  upstreamTimeout: -31504
} as const

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The body of an error answer. `id` is null when the request's could not be read. */
export const errorBody = (id: JsonRpcId | null, code: number, message: string, data?: JsonObject): string =>
  JSON.stringify({ jsonrpc: "2.0", id, error: data === undefined ? { code, message } : { code, message, data } })
