/** What a process answers for the part of the whole that it does not serve (design §1: split deployments). Says where to go, and nothing else. */
import type { GatewayConfigApi } from "./config.ts"
import { noMcpHere, type Refusal } from "./refusals.ts"
import { settings } from "./settings.ts"

/** Undefined: MCP routes are served. */
export const mcpElsewhere = (config: GatewayConfigApi): Refusal | undefined => {
  if (config.serves.mcp) return undefined
  return config.deploymentMode === "registry-only"
    ? noMcpHere("This registry carries no calls: connect to the server's own URL, which /api/servers tells")
    : noMcpHere(`This is the registry: calls go to a gateway, at ${config.publicUrl}`)
}

/** For the paths of the API, the authorization server and the pages. */
export const apiElsewhere = ({ publicUrl }: GatewayConfigApi): Response =>
  Response.json(
    {
      title: "Not found",
      status: 404,
      detail: `This gateway serves MCP alone (${settings.registry.name}=store): the API is at the registry, ${publicUrl}`
    },
    { status: 404, headers: { "content-type": "application/problem+json", "cache-control": "no-store" } }
  )
