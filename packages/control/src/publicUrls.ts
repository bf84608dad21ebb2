/**
 * **PublicUrls** — which URL a client is told to use for a server: the gateway's, or in a registry without a data plane
 * (`DEPLOYMENT_MODE=registry-only`) the server's own, without what may be a secret in it. Pure; decides nobody's right to know it.
 */
import type { ServerRecord, Transport } from "@mcpgw/domain/Server"
import { endpointOf, sseEndpointOf } from "@mcpgw/egress/Endpoint"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig, type ControlPlaneSettings } from "./ControlPlaneConfig.ts"

/** What of a record says where it is reached. */
export type Addressed = Pick<
  ServerRecord,
  "path" | "proxy_pass_url" | "mcp_endpoint" | "sse_endpoint" | "supported_transports"
>

type Web = Exclude<Transport, "stdio">

export interface PublicUrlsApi {
  /** False: calls do not go through here, so no token of the gateway is of use at these URLs. */
  readonly throughGateway: boolean
  /**
   * Where a client speaks Streamable HTTP to the server, or (`sse`) opens the stream of 2024-11-05; what `webTransport` says unless given.
   * Undefined: nowhere; a server that is bundled with the gateway has no address of its own.
   */
  readonly serverUrl: (server: Addressed, transport?: Web) => string | undefined
}

/** Streamable HTTP, unless a server speaks the older way alone. */
export const webTransport = ({ supported_transports: named }: Pick<Addressed, "supported_transports">): Web =>
  named.includes("sse") && !named.includes("streamable-http") ? "sse" : "streamable-http"

/**
 * As an address alone: what stands before the host or behind `?` is between the gateway and the server, a key or a tenant, and is told to
 * nobody who only wants to know where the server is.
 */
export const addressOf = (text: string): string => {
  const url = URL.parse(text)
  if (url === null) return ""
  if (url.username + url.password + url.search + url.hash === "") return text
  url.username = url.password = url.search = url.hash = ""
  return url.href
}

const own = (server: Addressed, transport: Web): string | undefined => {
  const url = transport === "sse" ? sseEndpointOf(server) : endpointOf(server, "")
  return /^https?:/i.test(url) ? addressOf(url) : undefined
}

/** By the settings of a control plane. */
export const publicUrlsOf = ({
  deploymentMode,
  publicUrl
}: Pick<ControlPlaneSettings, "deploymentMode" | "publicUrl">): PublicUrlsApi => {
  if (deploymentMode === "registry-only") {
    return { throughGateway: false, serverUrl: (server, transport = webTransport(server)) => own(server, transport) }
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
