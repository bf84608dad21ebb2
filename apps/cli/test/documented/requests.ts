/**
 * Requests the replaced system's documents show, as curl sends them, where they stand, and what must be answered. Data alone; `documented.test.ts`
 * runs them in this order. What its documents give as a table row (contracts §2.8, §2.15) is written as the curl of it. Hosts are the documents';
 * `$PASSWORD` is the administrator's, `$ACCESS_TOKEN` theirs, `$USER_TOKEN` somebody's who may only look.
 */

import { client } from "./clientRequests.ts"
import { internal } from "./internalRequests.ts"
import { API, type DocumentedRequest, error, ITEM, JSON_PLEASE, STATE } from "./shape.ts"

const FORM =
  "-d name='Example Server' -d description=Example -d path=/example-server -d proxy_pass_url=http://localhost:1/ -d tags=a,b -d num_tools=0 -d num_stars=0 -d is_python=false -d license=MIT"

const signIn: ReadonlyArray<DocumentedRequest> = [
  {
    at: "summary 1231, 1273, faq 181, contracts §2.8",
    line: `curl -v ${API}/health`,
    status: 200,
    body: { status: "healthy", service: "mcp-gateway-registry" },
    keys: ["", "status", "service"]
  },
  { at: "summary 1273", line: `curl ${API}/health`, status: 200, body: { status: "healthy" } },
  {
    at: "summary 884, 911, 1007, faq 12, 99",
    line: `curl ${API}/`,
    status: 200,
    differs: "a browser is told where things are: there is no web console yet"
  },
  {
    at: "summary 393",
    line: `curl -H 'Accept: text/html' ${API}/login`,
    status: 200,
    text: [/<form/, /name="password"/]
  },
  {
    at: "contracts §2.6",
    line: `curl -X POST -d username=admin -d password=wrong ${JSON_PLEASE} ${API}/api/auth/login`,
    status: 401,
    body: error("Invalid username or password")
  },
  {
    at: "summary 394, contracts §2.6, §2.16",
    line: `curl -X POST -c jar -d username=admin --data-urlencode "password=$PASSWORD" ${JSON_PLEASE} ${API}/login`,
    status: 200,
    body: { success: true, message: "Login successful" },
    headers: { "set-cookie": /^mcp_gateway_session=/ }
  },
  {
    at: "summary 426-434, contracts §2.7",
    line: `curl -b jar -X POST -H 'Content-Type: application/json' -d '{}' ${API}/api/tokens/generate`,
    status: 200,
    body: { success: true, tokens: { access_token: /^ey/, token_type: "Bearer" }, client_id: "user-generated" }
  }
]

const servers: ReadonlyArray<DocumentedRequest> = [
  {
    at: "contracts §2.8",
    line: `curl -b jar "${API}/api/servers?query=time"`,
    status: 200,
    body: { servers: [{ path: "/currenttime", is_enabled: true }] },
    keys: ["servers.0", ...ITEM]
  },
  { at: "contracts §2.8", line: `curl ${API}/api/servers`, status: 401, body: error("Authentication required") },
  {
    at: "summary 396, 404-413, contracts §2.8, §2.16",
    line: `curl -b jar ${JSON_PLEASE} -X POST ${FORM} ${API}/register`,
    status: 201,
    body: {
      message: "Service registered successfully",
      service: { server_name: "Example Server", path: "/example-server", tags: ["a", "b"], license: "MIT" }
    },
    differs: "a new server is on, and `health` says how it is"
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} -X POST ${FORM} ${API}/api/register`,
    status: 400,
    body: error("Service with path '/example-server' already exists or failed to save")
  },
  {
    at: "contracts §2.8",
    line: `curl -H "Authorization: Bearer $USER_TOKEN" -X POST ${FORM} ${API}/api/register`,
    status: 403,
    body: error("You do not have permission to register new services")
  },
  {
    at: "summary 397, contracts §2.8, §2.16",
    line: `curl -b jar ${JSON_PLEASE} -X POST -d enabled=off ${API}/toggle/example-server`,
    status: 200,
    body: { service_path: "/example-server", new_enabled_state: false, status: "disabled" },
    keys: ["", "new_enabled_state", ...STATE]
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} ${API}/api/tools/example-server`,
    status: 400,
    body: error("Cannot fetch tools from disabled service")
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} -X POST ${API}/api/refresh/example-server`,
    status: 400,
    body: error("Cannot refresh disabled service")
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} -X POST -d enabled=on ${API}/api/toggle/currenttime/`,
    status: 200,
    body: { service_path: "/currenttime", new_enabled_state: true, status: "healthy" }
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} -X POST -d enabled=on ${API}/api/toggle/nothing`,
    status: 404,
    body: error("Service path not registered")
  },
  {
    at: "contracts §2.8",
    line: `curl -H "Authorization: Bearer $USER_TOKEN" -X POST -d enabled=off ${API}/api/toggle/currenttime`,
    status: 403
  },
  {
    at: "summary 398, contracts §2.8, §2.16",
    line: `curl -b jar -X POST -d name='Example Server' -d license=Apache-2.0 ${API}/edit/example-server`,
    status: 303,
    headers: { location: /^(?:http:\/\/[^/]+)?\/$/ }
  },
  {
    at: "summary 399, contracts §2.8",
    line: `curl -b jar ${API}/api/server_details/example-server`,
    status: 200,
    body: { server_name: "Example Server", license: "Apache-2.0", description: "Example", tags: ["a", "b"] }
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${API}/api/server_details/all`,
    status: 200,
    body: { "/example-server": { path: "/example-server" }, "/currenttime": { path: "/currenttime" } }
  },
  { at: "contracts §2.8", line: `curl -b jar ${API}/api/server_details/nothing`, status: 404 },
  {
    at: "contracts §2.8",
    line: `curl -H "Authorization: Bearer $USER_TOKEN" ${API}/api/server_details/example-server`,
    status: 404,
    differs: "403 would tell that there is one: who may not see a server hears that there is none"
  },
  {
    at: "summary 400, contracts §2.8",
    line: `curl -b jar ${API}/api/tools/currenttime`,
    status: 200,
    body: { service_path: "/currenttime", tools: [{ name: "current_time_by_timezone" }], cached: /^(?:true|false)$/ },
    keys: ["", "service_path", "tools", "cached"]
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${API}/api/tools/all`,
    status: 200,
    body: { service_path: "all", servers: { "/currenttime": [{ name: "current_time_by_timezone" }] } },
    keys: ["tools.0", "name", "parsed_description", "schema", "server_path", "server_name"]
  },
  {
    at: "summary 401, contracts §2.8",
    line: `curl -b jar -X POST ${API}/api/refresh/currenttime`,
    status: 200,
    body: { service_path: "/currenttime", status: "healthy", num_tools: 1 },
    keys: ["", ...STATE]
  },
  {
    at: "contracts §2.8",
    line: `curl -H "Authorization: Bearer $USER_TOKEN" -X POST ${API}/api/refresh/example-server`,
    status: 404,
    differs: "403 would tell that there is one: who may not see a server hears that there is none"
  },
  {
    at: "contracts §2.8",
    line: `curl -b jar ${JSON_PLEASE} -X POST -d visibility=public ${API}/api/edit/currenttime`,
    status: 200,
    differs: "no server is told of to anyone before an administrator makes it public"
  },
  {
    at: "contracts §2.8",
    line: `curl ${API}/.well-known/mcp-servers`,
    status: 200,
    body: {
      version: "1.0",
      servers: [{ url: /\/currenttime\/mcp$/, authentication: { type: "oauth2", required: true } }],
      registry: { contact: { url: /^http/, support: /^http/ } }
    },
    keys: [
      "servers.0",
      "name",
      "description",
      "url",
      "transport",
      "authentication",
      "capabilities",
      "health_status",
      "tools_preview"
    ],
    headers: { "cache-control": /^public, max-age=300$/ }
  }
]

const signOut: ReadonlyArray<DocumentedRequest> = [
  { at: "contracts §2.6, §2.16", line: `curl -b jar ${API}/logout`, status: 303 },
  { at: "summary 395, contracts §2.6, §2.16", line: `curl -b jar -X POST ${API}/logout`, status: 303 },
  { at: "summary 395", line: `curl -b jar ${JSON_PLEASE} ${API}/api/servers`, status: 401 }
]

export const requests: ReadonlyArray<DocumentedRequest> = [...signIn, ...servers, ...internal, ...client, ...signOut]

/** Paths of the WebSocket that tells of health, summary 402 and contracts §2.11, §2.16: the full map comes first. */
export const sockets: ReadonlyArray<string> = ["/ws/health_status", "/api/health/ws/health_status"]
