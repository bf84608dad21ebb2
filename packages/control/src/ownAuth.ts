/** What a client of a server itself has to send, as its record says. Pure; names no credential. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { BackendAuth } from "@mcpgw/ide/Headers"

/** A bundled server asks for nothing. */
const isOpen = ({ auth_type: type = "", proxy_pass_url: address }: ServerRecord): boolean =>
  type.trim().toLowerCase() === "none" || address.startsWith("in-process:")

/** `header` of an API key: the one it is sent in, where the record names one. */
export const ownAuth = (record: ServerRecord): BackendAuth => {
  const { auth_header_name: header, auth_scheme: scheme, auth_type: type } = record
  if (scheme === "none" || (scheme === undefined && isOpen(record))) return { scheme: "none" }
  if (scheme !== "api_key" && (scheme !== undefined || type !== "api_key")) return { scheme: "bearer" }
  return { scheme: "api_key", ...(header === undefined ? {} : { header }) }
}
