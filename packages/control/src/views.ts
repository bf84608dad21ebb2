/** From what the registry holds to what callers are shown (contracts.md §2.8, §1.16). Pure; decides nobody's rights: the asker filters. */
import type { MatchingTool, ServerResult, ToolResult } from "@mcpgw/api/Search"
import type { ServerDetails, ServerItem, ToolView } from "@mcpgw/api/ServerShapes"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { shownValue } from "@mcpgw/vault/ServerSecrets"
import { addressOf, type PublicUrlsApi } from "./publicUrls.ts"

/** Of a URL with a query only who may modify the server sees that too: it may be a key. */
const shownUrl = (url: string, seesAll: () => boolean): string =>
  url.includes("?") && !seesAll() ? addressOf(url) : url

/** One line of `GET /api/servers`; `seesAll`: for whoever may modify the server? */
export const serverItem = ({ health, record }: RegisteredServer, seesAll: () => boolean): ServerItem => ({
  display_name: record.server_name,
  path: record.path,
  description: record.description,
  proxy_pass_url: shownUrl(record.proxy_pass_url, seesAll),
  is_enabled: record.is_enabled,
  tags: record.tags,
  num_tools: record.num_tools,
  num_stars: record.num_stars,
  is_python: record.is_python,
  license: record.license,
  health_status: health.status,
  last_checked_iso: health.last_checked_iso
})

/** A stored tool without the server's own definition. */
export const toolView = ({ name, parsed_description, schema }: Tool): ToolView => ({ name, parsed_description, schema })

/** What of a record the caller may see. */
export interface DetailsRights {
  /** Headers, queries of addresses and fields of unknown meaning may be secret: only who may modify the server sees them. */
  readonly all: boolean
  readonly tool: (name: string) => boolean
}

/** A header by its name; values are for the server alone. */
const named = (header: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(header).map(([name, value]) => [name, shownValue(value)]))

const addressesOf = ({ mcp_endpoint, proxy_pass_url, sse_endpoint }: ServerRecord, all: boolean) => ({
  proxy_pass_url: shownUrl(proxy_pass_url, () => all),
  ...(mcp_endpoint === undefined ? {} : { mcp_endpoint: shownUrl(mcp_endpoint, () => all) }),
  ...(sse_endpoint === undefined ? {} : { sse_endpoint: shownUrl(sse_endpoint, () => all) })
})

/** The stored record, for someone with these rights. */
export const serverDetails = (
  { credential_ref: _, other_fields, ...record }: ServerRecord,
  rights: DetailsRights
): ServerDetails => ({
  ...record,
  ...addressesOf(record, rights.all),
  ...(rights.all && other_fields !== undefined ? { other_fields } : {}),
  has_credential: record.credential_set_at !== undefined,
  headers: rights.all ? record.headers.map(named) : [],
  tool_list: record.tool_list.filter(({ name }) => rights.tool(name)).map(toolView)
})

const rounded = (score: number): number => Math.round(score * 10_000) / 10_000

/** A tool found, as part of its server. */
export const matchingTool = ({ name, parsed_description }: Tool, score: number): MatchingTool => ({
  tool_name: name,
  description: parsed_description.main,
  relevance_score: rounded(score),
  match_context: parsed_description.main
})

/** A server found. */
export const serverResult = (
  record: ServerRecord,
  score: number,
  matching: ReadonlyArray<MatchingTool>,
  { serverUrl }: PublicUrlsApi
): ServerResult => ({
  path: record.path,
  server_name: record.server_name,
  description: record.description,
  tags: record.tags,
  num_tools: record.num_tools,
  is_enabled: record.is_enabled,
  relevance_score: rounded(score),
  match_context: record.description,
  matching_tools: matching,
  endpoint_url: serverUrl(record) ?? null,
  supported_transports: record.supported_transports,
  deployment: "remote",
  local_runtime: null,
  metadata: {},
  sync_metadata: null
})

/** A tool found, on its own. */
export const toolResult = (
  record: ServerRecord,
  tool: Tool,
  score: number,
  { serverUrl }: PublicUrlsApi
): ToolResult => ({
  server_path: record.path,
  server_name: record.server_name,
  ...matchingTool(tool, score),
  endpoint_url: serverUrl(record) ?? null
})
