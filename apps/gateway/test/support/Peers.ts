/** The official TypeScript clients, 1.x and 2.x, behind one face, so that one suite runs over both. */
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client"
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js"
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js"
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema
} from "@modelcontextprotocol/sdk/types.js"
import type { Caller } from "@mcpgw/testkit/McpRequest"

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

export interface PeerOptions {
  /** Every request goes through it. */
  readonly fetch?: Fetch
  /** Called with the method of every notification that is no progress. */
  readonly onNotification?: (method: string, params: unknown) => void
  /** Called with every message as it comes, of {@link connectSse}: the client itself drops progress that comes in one piece with its result. */
  readonly onMessage?: (message: unknown) => void
}

type Params = Readonly<Record<string, unknown>>

export interface Peer {
  readonly version: () => string | undefined
  readonly serverName: () => string | undefined
  readonly sessionId: () => string | undefined
  readonly tools: () => Promise<ReadonlyArray<{ readonly name: string }>>
  /** The result's texts, joined; `onProgress` gets each step. */
  readonly call: (name: string, args?: Params, onProgress?: (step: number) => void) => Promise<string>
  readonly prompts: () => Promise<ReadonlyArray<string>>
  readonly prompt: (name: string) => Promise<number>
  readonly resources: () => Promise<ReadonlyArray<string>>
  readonly templates: () => Promise<ReadonlyArray<string>>
  readonly read: (uri: string) => Promise<number>
  readonly complete: (prompt: string, argument: string, value: string) => Promise<ReadonlyArray<string>>
  readonly setLevel: (level: "debug" | "error") => Promise<void>
  /** DELETE. */
  readonly terminate: () => Promise<void>
  readonly close: () => Promise<void>
}

const INFO = { name: "peer", version: "1.0.0" }
const CAPABILITIES = { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } }
const SAMPLED = { model: "scripted", role: "assistant", content: { type: "text", text: "sampled answer" } } as const
const ELICITED = { action: "accept", content: { name: "Ada", check: true } } as const
const ROOTS = { roots: [{ uri: "file:///workspace", name: "workspace" }] }

/** Reconnects sooner than by default, yet late enough for the server to have finished what the dropped stream was for. */
const RECONNECT = {
  initialReconnectionDelay: 600,
  maxReconnectionDelay: 600,
  reconnectionDelayGrowFactor: 1,
  maxRetries: 10
}

const textOf = (content: unknown): string =>
  Array.isArray(content)
    ? content
        .map((part: unknown) => (typeof part === "object" && part !== null && "text" in part ? String(part.text) : ""))
        .join("\n")
    : ""

const transportOptions = ({ headers }: Caller, { fetch }: PeerOptions) => ({
  requestInit: { headers: { ...headers } },
  reconnectionOptions: RECONNECT,
  ...(fetch === undefined ? {} : { fetch })
})

const client1 = (options: PeerOptions): Client1 => {
  const client = new Client1(INFO, CAPABILITIES)
  client.setRequestHandler(CreateMessageRequestSchema, () => ({ ...SAMPLED }))
  client.setRequestHandler(ElicitRequestSchema, () => ({ ...ELICITED }))
  client.setRequestHandler(ListRootsRequestSchema, () => ROOTS)
  client.fallbackNotificationHandler = async ({ method, params }) => options.onNotification?.(method, params)
  return client
}

/** `@modelcontextprotocol/sdk` 1.x. */
export const connectV1 = async (who: Caller, options: PeerOptions = {}): Promise<Peer> => {
  const client = client1(options)
  const transport = new Transport1(new URL(who.url), transportOptions(who, options))
  // The library's own class and interface disagree about `sessionId: undefined` under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client1["connect"]>[0])
  return {
    ...face1(client),
    version: () => transport.protocolVersion,
    sessionId: () => transport.sessionId,
    terminate: () => transport.terminateSession()
  }
}

/** The same client over 2024-11-05's HTTP+SSE; `who.url` is the stream's. */
export const connectSse = async (who: Caller, options: PeerOptions = {}): Promise<Peer> => {
  const client = client1(options)
  const transport = new SSEClientTransport(new URL(who.url), {
    requestInit: { headers: { ...who.headers } },
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  })
  await client.connect(transport)
  const receive = transport.onmessage
  const onmessage: typeof receive = (message) => {
    options.onMessage?.(message)
    receive?.(message)
  }
  Object.assign(transport, { onmessage })
  return { ...face1(client), version: () => undefined, sessionId: () => undefined, terminate: () => client.close() }
}

const face1 = (client: Client1): Omit<Peer, "version" | "sessionId" | "terminate"> => ({
  serverName: () => client.getServerVersion()?.name,
  tools: async () => (await client.listTools()).tools,
  call: async (name, args = {}, onProgress) => {
    const progress =
      onProgress === undefined ? {} : { onprogress: (step: { progress: number }) => onProgress(step.progress) }
    return textOf((await client.callTool({ name, arguments: { ...args } }, undefined, progress)).content)
  },
  prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
  prompt: async (name) => (await client.getPrompt({ name })).messages.length,
  resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
  templates: async () => (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  read: async (uri) => (await client.readResource({ uri })).contents.length,
  complete: async (prompt, name, value) =>
    (await client.complete({ ref: { type: "ref/prompt", name: prompt }, argument: { name, value } })).completion.values,
  setLevel: async (level) => void (await client.setLoggingLevel(level)),
  close: () => client.close()
})

/** `@modelcontextprotocol/client` 2.x with the handshake of the legacy era. */
export const connectV2 = async (who: Caller, options: PeerOptions = {}): Promise<Peer> => {
  const client = new Client2(INFO, { ...CAPABILITIES, versionNegotiation: { mode: "legacy" } })
  client.setRequestHandler("sampling/createMessage", () => ({ ...SAMPLED }))
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { ...ELICITED.content } }))
  client.setRequestHandler("roots/list", () => ROOTS)
  client.fallbackNotificationHandler = async ({ method, params }) => options.onNotification?.(method, params)
  const transport = new Transport2(new URL(who.url), transportOptions(who, options))
  await client.connect(transport)
  return {
    version: () => client.getNegotiatedProtocolVersion(),
    serverName: () => client.getServerVersion()?.name,
    sessionId: () => transport.sessionId,
    tools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, onProgress) => {
      const progress =
        onProgress === undefined ? {} : { onprogress: (step: { progress: number }) => onProgress(step.progress) }
      return textOf((await client.callTool({ name, arguments: { ...args } }, progress)).content)
    },
    prompts: async () => (await client.listPrompts()).prompts.map(({ name }) => name),
    prompt: async (name) => (await client.getPrompt({ name })).messages.length,
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    templates: async () =>
      (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    read: async (uri) => (await client.readResource({ uri })).contents.length,
    complete: async (prompt, name, value) =>
      (await client.complete({ ref: { type: "ref/prompt", name: prompt }, argument: { name, value } })).completion
        .values,
    setLevel: async (level) => void (await client.setLoggingLevel(level)),
    terminate: () => transport.terminateSession(),
    close: () => client.close()
  }
}
