/**
 * What anyone is told of servers (contracts.md §2.8, `/.well-known/mcp-servers`): those an administrator made public and that are on, with
 * the health their last check found. Where they are themselves is told by a registry that carries no calls alone; who registered them and what
 * else a record holds stays here.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { NotFound, problem } from "@mcpgw/api/ApiError"
import type { PublicServer, PublicServers } from "@mcpgw/api/System"
import { metadataUrl } from "@mcpgw/auth/ProtectedResource"
import type { Health, RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { ROUTES } from "@mcpgw/identity/oauth/routes"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { ownAuth } from "./ownAuth.ts"
import { PublicUrls, type PublicUrlsApi, webTransport } from "./publicUrls.ts"
import { serversByName } from "./serverList.ts"

/** Tools named with each server. */
const PREVIEW = 5

const off = new NotFound(problem("Not found", "The public list of servers is switched off here"))

const base = (publicUrl: string): string => publicUrl.replace(/\/+$/, "")

/** Why it is not well is for those who run it. */
const healthOf = ({ status }: Health): string => {
  if (status === "healthy" || status === "healthy-auth-expired") return "healthy"
  return status.startsWith("unhealthy") || status.startsWith("error") ? "unhealthy" : status
}

/** The way in by the gateway: its authorization server, whatever the server. */
const gatewayAuth = (publicUrl: string, path: string): PublicServer["authentication"] => ({
  type: "oauth2",
  required: true,
  authorization_url: `${base(publicUrl)}${ROUTES.authorization}`,
  resource_metadata: metadataUrl(base(publicUrl), `${path}/mcp`)
})

/** The server's own: of OAuth it tells the rest itself, when it refuses. */
const serverAuth = (record: ServerRecord): PublicServer["authentication"] => {
  const auth = ownAuth(record)
  if (auth.scheme === "none") return { type: "none", required: false }
  return auth.scheme === "api_key"
    ? { type: "api-key", required: true, header: auth.header ?? "X-API-Key" }
    : { type: "oauth2", required: true }
}

const view = (
  publicUrl: string,
  { serverUrl, throughGateway }: PublicUrlsApi,
  { health, record }: RegisteredServer
): ReadonlyArray<PublicServer> => {
  const url = serverUrl(record, throughGateway ? "streamable-http" : webTransport(record))
  if (url === undefined) return []
  return [
    {
      name: record.server_name,
      description: record.description,
      url,
      transport: throughGateway ? (record.supported_transports[0] ?? "streamable-http") : webTransport(record),
      authentication: throughGateway ? gatewayAuth(publicUrl, record.path) : serverAuth(record),
      capabilities: (record.resource_list ?? []).length > 0 ? ["tools", "resources"] : ["tools"],
      health_status: healthOf(health),
      tools_preview: record.tool_list
        .slice(0, PREVIEW)
        .map(({ name, parsed_description: { main } }) => ({ name, description: main }))
    }
  ]
}

/** Anyone may read it from any page, and keep it for five minutes. */
const HEADERS = { "cache-control": "public, max-age=300", "access-control-allow-origin": "*" }

export const publicServers = Effect.gen(function* () {
  const { publicUrl, wellKnownDiscovery } = yield* ControlPlaneConfig
  if (!wellKnownDiscovery) return yield* off
  const shown = serversByName(yield* Registry).filter(
    ({ record }) => record.visibility === "public" && record.is_enabled
  )
  const urls = yield* PublicUrls
  const answer: PublicServers = {
    version: "1.0",
    servers: shown.flatMap((server) => view(publicUrl, urls, server)),
    registry: {
      name: "mcpgw registry",
      description: "MCP servers behind one gateway",
      version: "1.0.0",
      contact: { url: base(publicUrl), support: `${base(publicUrl)}/docs` }
    }
  }
  return HttpServerResponse.text(JSON.stringify(answer), { contentType: "application/json", headers: HEADERS })
})
