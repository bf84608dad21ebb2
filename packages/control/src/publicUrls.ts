/**
 * **PublicUrls** — which URL a client is told to use for a server: the gateway's, or in a registry without a data plane
 * (`DEPLOYMENT_MODE=registry-only`) the server's own. Pure; decides nobody's right to know it.
 */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { endpointOf, sseEndpointOf } from "@mcpgw/egress/Endpoint"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig, type ControlPlaneSettings } from "./ControlPlaneConfig.ts"

/** What of a record says where it is reached. */
export type Addressed = Pick<ServerRecord, "path" | "proxy_pass_url" | "mcp_endpoint" | "sse_endpoint">

export interface PublicUrlsApi {
  /** False: calls do not go through here, so no token of the gateway is of use at these URLs. */
  readonly throughGateway: boolean
  /**
   * Where a client speaks Streamable HTTP to the server, or (`sse`) opens the stream of 2024-11-05. Undefined: nowhere; a server that is
   * bundled with the gateway has no address of its own.
   */
  readonly serverUrl: (server: Addressed, transport?: "streamable-http" | "sse") => string | undefined
}

const isWeb = (url: string | undefined): boolean => url !== undefined && /^https?:/i.test(url)

const own = (server: Addressed, transport: "streamable-http" | "sse"): string | undefined => {
  const url = transport === "sse" ? sseEndpointOf(server) : endpointOf(server, "")
  return isWeb(url) ? url : undefined
}

/** By the settings of a control plane. */
export const publicUrlsOf = ({
  deploymentMode,
  publicUrl
}: Pick<ControlPlaneSettings, "deploymentMode" | "publicUrl">): PublicUrlsApi => {
  if (deploymentMode === "registry-only") {
    return { throughGateway: false, serverUrl: (server, transport = "streamable-http") => own(server, transport) }
  }
  const base = publicUrl.replace(/\/+$/, "")
  return {
    throughGateway: true,
    serverUrl: ({ path }, transport = "streamable-http") => `${base}${path}/${transport === "sse" ? "sse" : "mcp"}`
  }
}

/** By the settings of the control plane this runs in. */
export const PublicUrls: Effect.Effect<PublicUrlsApi, never, ControlPlaneConfig> = Effect.map(
  ControlPlaneConfig,
  publicUrlsOf
)
