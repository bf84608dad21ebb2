/** MCP over plain `fetch`, for tests that look at statuses, headers and bytes rather than at results. Imported from tests only. */

export interface Envelope {
  readonly jsonrpc: "2.0"
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export interface Caller {
  /** The MCP endpoint. */
  readonly url: string
  /** Sent with everything; a request's own come on top. */
  readonly headers: Readonly<Record<string, string>>
}

/** A caller with a bearer token. */
export const caller = (url: string, token: string, headers: Readonly<Record<string, string>> = {}): Caller => ({
  url,
  headers: { authorization: `Bearer ${token}`, ...headers }
})

const ACCEPT = { accept: "application/json, text/event-stream" }

/** The same caller with more headers. */
export const withHeaders = ({ url, headers }: Caller, more: Readonly<Record<string, string>>): Caller => ({
  url,
  headers: { ...headers, ...more }
})

export const post = (
  { url, headers }: Caller,
  body: unknown,
  init: { readonly signal?: AbortSignal } = {}
): Promise<Response> =>
  fetch(url, {
    ...init,
    method: "POST",
    headers: { ...ACCEPT, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body)
  })

export const get = ({ url, headers }: Caller, init: { readonly signal?: AbortSignal } = {}): Promise<Response> =>
  fetch(url, { ...init, headers: { accept: "text/event-stream", ...headers } })

export const remove = ({ url, headers }: Caller): Promise<Response> => fetch(url, { method: "DELETE", headers })

export const request = (method: string, params: Readonly<Record<string, unknown>> = {}, id: string | number = 1) => ({
  jsonrpc: "2.0" as const,
  id,
  method,
  params
})

export const notification = (method: string) => ({ jsonrpc: "2.0" as const, method })

export const callTool = (name: string, id: string | number = 1, args: Readonly<Record<string, unknown>> = {}) =>
  request("tools/call", { name, arguments: args }, id)

/** Opens a legacy session; answers the caller within it. */
export const openSession = async (who: Caller, version = "2025-11-25"): Promise<Caller> => {
  const clientInfo = { name: "test", version: "1" }
  const response = await post(who, request("initialize", { protocolVersion: version, capabilities: {}, clientInfo }))
  const session = response.headers.get("mcp-session-id")
  if (session === null) throw new Error(`no session: ${response.status} ${await response.text()}`)
  await response.text()
  const inside = withHeaders(who, { "mcp-session-id": session, "mcp-protocol-version": version })
  await post(inside, notification("notifications/initialized"))
  return inside
}

/** What a 2026-07-28 request carries, headers and `_meta`, for `post`. */
export const modern = (
  who: Caller,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: string | number = 1
): readonly [Caller, ReturnType<typeof request>] => {
  const name = params["name"] ?? params["uri"]
  const headers = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {})
  }
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" }
  }
  return [withHeaders(who, headers), request(method, { ...params, _meta: meta }, id)]
}

/** The message of an answer, JSON or the first that a stream of events holds. */
export const answerOf = async (response: Response): Promise<Envelope> => {
  const text = await response.text()
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) return JSON.parse(text)
  const [first] = messagesIn(text)
  if (first === undefined) throw new Error(`no message in: ${text}`)
  return first
}

/** The messages of a text of server-sent events. */
export const messagesIn = (text: string): ReadonlyArray<Envelope> =>
  text.split(/\r?\n/).flatMap((line) => {
    const data = /^data: ?(.+)$/.exec(line)?.[1]
    return data === undefined || data.trim() === "" ? [] : [JSON.parse(data)]
  })

/** Names in the `tools` of a list answer. */
export const toolNames = (answer: Envelope): ReadonlyArray<unknown> => {
  const tools = answer.result?.["tools"]
  if (!Array.isArray(tools)) throw new Error(`no list: ${JSON.stringify(answer)}`)
  return tools.map((one: unknown) => (typeof one === "object" && one !== null && "name" in one ? one.name : undefined))
}

/** Reads a body as it comes. */
export interface Reading {
  /** Everything read so far. */
  readonly text: () => string
  /** Resolves with the text once it matches, or when the body has ended. */
  readonly until: (pattern: RegExp) => Promise<string>
  /** Reads to the end. */
  readonly end: () => Promise<string>
  /** Leaves. */
  readonly leave: () => Promise<void>
}

export const reading = (response: Response): Reading => {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ""
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text)) {
      const part = await reader?.read()
      if (part === undefined || part.done) break
      text += decoder.decode(part.value, { stream: true })
    }
    return text
  }
  return {
    text: () => text,
    until,
    end: () => until(/(?!)/),
    leave: async () => {
      await reader?.cancel()
    }
  }
}
