/** Servers and tools in words. Texts only. */
import type { AllTools, ServerTools } from "@mcpgw/api/Servers"
import type { HealthView, ServerDetails, ServerItem } from "@mcpgw/api/ServerShapes"
import { pairs, plain, table } from "../show/table.ts"

/** `words`: what was looked for. */
export const serverTable = (servers: ReadonlyArray<ServerItem>, words = ""): string =>
  servers.length === 0
    ? words === ""
      ? "No servers that you may see."
      : plain(`Nothing that you may see has ${JSON.stringify(words)} in its name, description or tags.`)
    : table(
        ["PATH", "NAME", "ON", "HEALTH", "TOOLS", "TAGS"],
        servers.map((one) => [one.path, one.display_name, one.is_enabled, one.health_status, one.num_tools, one.tags])
      )

/** How what it is sent on everybody's behalf is sent. */
const credentialOf = ({ auth_header_name: header, auth_scheme: scheme, has_credential: stored }: ServerDetails) =>
  scheme === undefined ? undefined : [scheme, ...(header === undefined ? [] : [header]), ...(stored ? ["stored"] : [])]

export const serverPairs = (one: ServerDetails): string =>
  pairs([
    ["path", one.path],
    ["name", one.server_name],
    ["description", one.description],
    ["proxies to", one.proxy_pass_url],
    ["on", one.is_enabled],
    ["transports", one.supported_transports],
    ["authentication", one.auth_type],
    ["credential", credentialOf(one)],
    ["headers", one.headers.flatMap((header) => Object.keys(header))],
    ["tags", one.tags],
    ["tools", one.tool_list.map(({ name }) => name)],
    ["licence", one.license],
    ["registered", `${one.registered_at} by ${one.registered_by}`],
    ["changed", one.updated_at]
  ])

export const healthLine = ({ detail, status }: HealthView): string => `${plain(status)}: ${plain(detail)}`

const isAll = (answer: typeof AllTools.Type | typeof ServerTools.Type): answer is typeof AllTools.Type =>
  "servers" in answer

export const toolTable = (answer: typeof AllTools.Type | typeof ServerTools.Type): string => {
  const rows = isAll(answer)
    ? answer.tools.map((tool) => [tool.server_path, tool.name, tool.parsed_description.main ?? ""])
    : answer.tools.map((tool) => [answer.service_path, tool.name, tool.parsed_description.main ?? ""])
  return rows.length === 0 ? "No tools that you may call." : table(["SERVER", "TOOL", "WHAT IT DOES"], rows)
}
