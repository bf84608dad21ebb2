/** Records and registrations the suites share. */
import { ServerRecord } from "@mcpgw/domain/Server"
import type { Registration } from "@mcpgw/domain/Server"
import type { Tool } from "@mcpgw/domain/Tool"
import { parseDescription } from "@mcpgw/domain/Tool"
import * as Schema from "effect/Schema"

export const tool = (name: string, description = "does a thing"): Tool => ({
  name,
  parsed_description: parseDescription(description),
  schema: { type: "object", properties: { zone: { type: "string" } } },
  definition: { name, description, "x-extension": [1, null, { deep: true }] }
})

export const registration = (path: string, more: Partial<Registration> = {}): Registration => ({
  server_name: `Server ${path}`,
  path,
  proxy_pass_url: "http://127.0.0.1:8000/",
  ...more
})

/** A record with every field filled. */
export const record = (path: string, more: Readonly<Record<string, unknown>> = {}): ServerRecord =>
  Schema.decodeUnknownSync(ServerRecord)({
    server_name: "Current Time",
    description: "Ünïcode “quotes” '; DROP TABLE x; --",
    path,
    proxy_pass_url: "https://example.org/mcp",
    tags: ["time", "zone"],
    num_tools: 1,
    num_stars: 4.5,
    is_python: true,
    license: "MIT",
    supported_transports: ["streamable-http", "sse"],
    auth_provider: "keycloak",
    auth_type: "oauth",
    headers: [{ Authorization: "Bearer $TOKEN" }],
    tool_list: [tool("current_time_by_timezone")],
    mcp_endpoint: "https://example.org/other",
    sse_endpoint: "https://example.org/sse",
    is_enabled: true,
    trusted_address: false,
    registered_by: "admin",
    registered_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-02T00:00:00.000Z",
    ...more
  })
