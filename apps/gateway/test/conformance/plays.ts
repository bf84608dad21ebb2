/** How each of the suite's client scenarios is played with the official client, at the suite's own server or through the gateway. */
import { Client, type ClientOptions, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import type { Through } from "./Scope.ts"

interface Endpoint {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const INFO = { name: "conformance-client", version: "1.0.0" }

const isModern = process.env["MCP_CONFORMANCE_PROTOCOL_VERSION"] === "2026-07-28"

/**
 * Registered with no transport the gateway's health check would use: what it asks would count as asked by the client. Calls are routed all the
 * same, because nothing is known to be wrong with the server.
 */
const UNCHECKED = "stdio"

const throughGateway = async (server: string, { url, cookie, token }: Through): Promise<Endpoint> => {
  const path = `/client-${crypto.randomUUID()}`
  const form = {
    name: path.slice(1),
    path,
    proxy_pass_url: server,
    mcp_endpoint: server,
    supported_transports: UNCHECKED
  }
  const response = await fetch(`${url}/api/register`, {
    method: "POST",
    headers: { accept: "application/json", cookie },
    body: new URLSearchParams(form)
  })
  if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`)
  return { url: `${url}${path}/mcp`, headers: { authorization: `Bearer ${token}` } }
}

const withClient = async (
  { url, headers }: Endpoint,
  options: ClientOptions,
  play: (client: Client) => Promise<void>
) => {
  const client = new Client(INFO, {
    ...options,
    ...(isModern ? { versionNegotiation: { mode: "auto" } } : {})
  })
  const capabilities = options.capabilities ?? {}
  if (capabilities.elicitation !== undefined) {
    client.setRequestHandler("elicitation/create", ({ params }) => ({
      action: "accept",
      content:
        "requestedSchema" in params && "confirmed" in params.requestedSchema.properties ? { confirmed: true } : {}
    }))
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { ...headers } } }))
  await play(client)
  await client.close()
}

/** The calls a scenario asks for by name. */
const askedCalls = (): ReadonlyArray<{ readonly name: string; readonly arguments: Record<string, unknown> }> =>
  JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}").toolCalls ?? []

const list = async (client: Client): Promise<void> => void (await client.listTools())

const callOf =
  (name: string, args: Record<string, unknown> = {}) =>
  async (client: Client): Promise<void> => {
    await client.listTools()
    await client.callTool({ name, arguments: args })
  }

/** One of everything that carries a name in a header. */
const oneOfEach = async (client: Client): Promise<void> => {
  const [tool] = (await client.listTools()).tools
  if (tool !== undefined) await client.callTool({ name: tool.name, arguments: {} })
  const [resource] = (await client.listResources()).resources
  if (resource !== undefined) await client.readResource({ uri: resource.uri })
  const [prompt] = (await client.listPrompts()).prompts
  if (prompt !== undefined) await client.getPrompt({ name: prompt.name, arguments: {} })
}

const askedFor = async (client: Client): Promise<void> => {
  await client.listTools()
  for (const call of askedCalls()) await client.callTool(call)
}

/** Tools whose headers are not allowed must not be among those listed; the scenario looks at what is called. */
const everyListed = async (client: Client): Promise<void> => {
  for (const { name } of (await client.listTools()).tools)
    await client.callTool({ name, arguments: { region: "north" } })
}

/** The last one answers without saying what kind of result it is, which the library refuses, as it should. */
const severalRounds = async (client: Client): Promise<void> => {
  for (const name of ["test_mrtr_echo_state", "test_mrtr_no_state", "test_mrtr_unrelated"]) {
    await client.callTool({ name, arguments: {} })
  }
  await client.callTool({ name: "test_mrtr_no_result_type", arguments: {} }).catch(() => undefined)
}

const echoSchema = async (client: Client): Promise<void> => {
  const { tools } = await client.listTools()
  const schema = tools.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema
  await client.callTool({ name: "json_schema_echo", arguments: { schema } })
}

interface Play {
  readonly options?: ClientOptions
  readonly play: (client: Client) => Promise<void>
}

const elicits = { capabilities: { elicitation: {} } }

const plays: Readonly<Record<string, Play>> = {
  initialize: { play: list },
  tools_call: { play: callOf("add_numbers", { a: 5, b: 3 }) },
  "elicitation-sep1034-client-defaults": {
    options: { capabilities: { elicitation: { form: { applyDefaults: true } } } },
    play: callOf("test_client_elicitation_defaults")
  },
  "sse-retry": { play: callOf("test_reconnection") },
  "request-metadata": {
    options: { capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: {} } },
    play: async () => undefined
  },
  "http-standard-headers": { play: oneOfEach },
  "http-custom-headers": { play: askedFor },
  "http-invalid-tool-headers": { play: everyListed },
  "sep-2322-client-request-state": { options: elicits, play: severalRounds },
  "json-schema-ref-no-deref": { play: list },
  "json-schema-2020-12-preservation": { play: echoSchema }
}

/** Plays it at `server`, which the gateway is made known first when there is one to go through. */
export const playScenario = async (scenario: string, server: string, through: Through | undefined): Promise<void> => {
  const play = plays[scenario]
  if (play === undefined) throw new Error(`nobody has written how to play ${scenario}`)
  const endpoint = through === undefined ? { url: server, headers: {} } : await throughGateway(server, through)
  await withClient(endpoint, play.options ?? {}, play.play)
}
