/** A server's health with its reason in words, for whoever just registered it. Pure; names no address. */
import type { HealthView } from "@mcpgw/api/ServerShapes"
import type { HealthStatus, RegisteredServer } from "@mcpgw/domain/Server"

const LATER = "Calls get 503 until a check finds it well; checks go on by themselves."

/** What the vault says of a credential that can not be sent. */
const OWN_WORDS = /^error: (?:no credential|its |a header |the environment variable )/

const HTTP_STATUS = /^unhealthy: status (\d+)$/

const reason = (status: HealthStatus): string => {
  const http = HTTP_STATUS.exec(status)?.[1]
  if (http !== undefined) {
    return `HTTP ${http} was answered where MCP should be: proxy_pass_url, or mcp_endpoint, must name the MCP endpoint.`
  }
  switch (status) {
    case "unhealthy: timeout":
      return "Nothing was answered in time."
    case "unhealthy: connection error":
      return "Nothing answers at its address: is it running, and is proxy_pass_url right?"
    case "unhealthy: endpoint check failed":
      return "What answers is no MCP endpoint: proxy_pass_url, or mcp_endpoint, must name it."
    case "error: address not allowed by the egress policy":
      return "Its address may not be called: an administrator registers it, or it is listed in MCPGW_ALLOWED_UPSTREAMS."
    default:
      return OWN_WORDS.test(status)
        ? `It can not be called: ${status.slice("error: ".length)}.`
        : "It refused the handshake, or the check itself failed."
  }
}

const words = (path: string, status: HealthStatus): string => {
  switch (status) {
    case "healthy":
      return "The server answers MCP."
    case "healthy-auth-expired":
      return "The server answers and wants a credential of its own: callers send it in Authorization, and the gateway's in X-Authorization."
    case "checking":
    case "unknown":
      return `The first check is not done yet: POST /api/refresh${path} waits for one.`
    case "disabled":
      return `The server is off: POST /api/toggle${path} with enabled=on switches it on.`
    default:
      return `${reason(status)} ${LATER}`
  }
}

export const healthView = ({ health, record }: RegisteredServer): HealthView => {
  const status = record.is_enabled ? (health.status === "unknown" ? "checking" : health.status) : "disabled"
  return { status, last_checked_iso: health.last_checked_iso, detail: words(record.path, status) }
}
