/** Finding servers and tools by words (contracts.md §1.6, §1.16). Contract only; hits are the caller's own to use. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, TooLarge, TooManyRequests, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { optional } from "./internal/optional.ts"

/** Kinds one may ask for; only servers and tools are kept here, the others are always empty. */
const EntityType = Schema.Literal("mcp_server", "tool", "a2a_agent", "skill", "virtual_server", "custom")

export const SearchRequest = Schema.Struct({
  query: Schema.Trim.pipe(Schema.nonEmptyString(), Schema.maxLength(1_000)),
  /** Absent or empty: all. */
  entity_types: optional(Schema.Array(EntityType)),
  /** Per kind; 10 when absent. */
  max_results: optional(Schema.Int.pipe(Schema.between(1, 50))),
  /** A server must have every one of these, in whatever case. */
  tags: optional(Schema.Array(Schema.String).pipe(Schema.maxItems(50)))
})
export type SearchRequest = typeof SearchRequest.Type

const found = {
  /** 0…1. */
  relevance_score: Schema.Number,
  /** The text that describes the hit. */
  match_context: Schema.String
}

export const MatchingTool = Schema.Struct({ tool_name: Schema.String, description: Schema.String, ...found })
export type MatchingTool = typeof MatchingTool.Type

export const ServerResult = Schema.Struct({
  path: Schema.String,
  server_name: Schema.String,
  description: Schema.String,
  tags: Schema.Array(Schema.String),
  num_tools: Schema.Int,
  is_enabled: Schema.Boolean,
  ...found,
  matching_tools: Schema.Array(MatchingTool),
  /** Where to reach it: through the gateway, or, of a registry that carries no calls, the server itself. Null: nowhere from here. */
  endpoint_url: Schema.NullOr(Schema.String),
  supported_transports: Schema.Array(Schema.String),
  deployment: Schema.Literal("remote"),
  local_runtime: Schema.Null,
  metadata: Schema.Struct({}),
  sync_metadata: Schema.Null
})
export type ServerResult = typeof ServerResult.Type

export const ToolResult = Schema.Struct({
  server_path: Schema.String,
  server_name: Schema.String,
  ...MatchingTool.fields,
  endpoint_url: Schema.NullOr(Schema.String)
})
export type ToolResult = typeof ToolResult.Type

const none = Schema.Tuple()

export const SearchAnswer = Schema.Struct({
  query: Schema.String,
  search_mode: Schema.Literal("lexical-only", "hybrid"),
  servers: Schema.Array(ServerResult),
  tools: Schema.Array(ToolResult),
  agents: none,
  skills: none,
  virtual_servers: none,
  custom: none,
  total_servers: Schema.Int,
  total_tools: Schema.Int,
  total_agents: Schema.Literal(0),
  total_skills: Schema.Literal(0),
  total_virtual_servers: Schema.Literal(0),
  total_custom: Schema.Literal(0)
})
export type SearchAnswer = typeof SearchAnswer.Type

const semantic = HttpApiEndpoint.post("semantic", "/api/search/semantic")
  .setPayload(SearchRequest)
  .addSuccess(SearchAnswer)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Search servers and tools")
  .annotate(OpenApi.Description, "Servers and tools by words, of those the caller may use, the best first.")

export class SearchGroup extends HttpApiGroup.make("search").add(semantic).middleware(Authentication) {}
