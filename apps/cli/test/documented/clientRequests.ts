/** What clients ask: the official registry's protocol, MCP, metrics, an IDE's configuration. See `requests.ts`. */
import { API, type DocumentedRequest, JSON_PLEASE } from "./shape.ts"

const BEARER = `-H "Authorization: Bearer $ACCESS_TOKEN"`
const ATLASSIAN = { server: { name: "io.mcpgateway/atlassian", version: "1.0.0", title: "Atlassian" } }
const SERVER = "http://localhost/v0.1/servers"
const NOT_FOUND = { detail: "Server not found" }

const protocol: ReadonlyArray<DocumentedRequest> = [
  {
    at: "summary 437-438, contracts §2.15",
    line: `curl -X GET "${SERVER}?limit=10" ${BEARER}`,
    status: 200,
    body: { servers: [ATLASSIAN], metadata: { count: /^\d+$/ } },
    differs: "`remotes` has the gateway's URL where `packages` had the backend's, and the last page has no nextCursor"
  },
  {
    at: "summary 441-442, contracts §2.15",
    line: `curl -X GET "${SERVER}/io.mcpgateway%2Fatlassian/versions" ${BEARER}`,
    status: 200,
    body: { servers: [ATLASSIAN], metadata: { count: 1 } }
  },
  {
    at: "summary 445-446, contracts §2.15",
    line: `curl -X GET "${SERVER}/io.mcpgateway%2Fatlassian/versions/latest" ${BEARER}`,
    status: 200,
    body: {
      server: {
        ...ATLASSIAN.server,
        remotes: [{ type: "streamable-http", url: /\/atlassian\/mcp$/ }],
        _meta: { "io.mcpgateway/internal": { path: "/atlassian", is_enabled: true, num_tools: 1, license: "N/A" } }
      },
      _meta: { "io.mcpgateway/registry": { health_status: "healthy" } }
    }
  },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}/io.mcpgateway/atlassian/versions/1.0.0" -H "X-Authorization: Bearer $ACCESS_TOKEN"`,
    status: 200,
    body: ATLASSIAN
  },
  {
    at: "contracts §2.15",
    line: `curl -b jar "${SERVER}?limit=1"`,
    status: 200,
    body: { metadata: { nextCursor: /./ } }
  },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}?cursor=io.mcpgateway/atlassian&limit=1" ${BEARER}`,
    status: 200,
    body: { servers: [{ server: { name: "io.mcpgateway/currenttime" } }] }
  },
  { at: "contracts §2.15", line: `curl "${SERVER}?limit=0" ${BEARER}`, status: 422 },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}?limit=1001" ${BEARER}`,
    status: 422,
    differs: "100 is the most, as the official registry has it; it was 1000"
  },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}/io.mcpgateway%2Fnothing/versions" ${BEARER}`,
    status: 404,
    body: NOT_FOUND
  },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}/com.example%2Fatlassian/versions/latest" ${BEARER}`,
    status: 404,
    body: NOT_FOUND
  },
  {
    at: "contracts §2.15",
    line: `curl "${SERVER}/io.mcpgateway%2Fatlassian/versions/latest" -H "Authorization: Bearer $USER_TOKEN"`,
    status: 404,
    body: NOT_FOUND
  },
  { at: "contracts §2.15", line: `curl "${SERVER}/io.mcpgateway%2Fatlassian/versions/9.9.9" ${BEARER}`, status: 404 },
  {
    at: "contracts §2.15, §2.3",
    line: `curl "${SERVER}"`,
    status: 401,
    body: { error: /^Authentication required/ },
    headers: { "www-authenticate": /^Bearer / }
  }
]

const MCP = `-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'`
const INITIALIZE = `-d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}'`
const COGNITO = "-H 'X-User-Pool-Id: us-east-1_XXXXXXXXX' -H 'X-Client-Id: your-client-id' -H 'X-Region: us-east-1'"
const KEYCLOAK = "-H 'X-Client-Id: agent' -H 'X-Keycloak-Realm: mcp-gateway' -H 'X-Keycloak-URL: http://localhost:8080'"
const CONNECT = `${API}/api/servers/atlassian/connect-config`

const calls: ReadonlyArray<DocumentedRequest> = [
  {
    at: "guide 83, 138-139, faq 47, 151, 272",
    line: `curl ${BEARER} https://your-gateway.com/currenttime/sse`,
    status: 200,
    text: [/^event: endpoint\ndata: \S*\/currenttime\/messages/],
    headers: { "content-type": /^text\/event-stream/ }
  },
  {
    at: "faq 54-60, guide 76-81",
    line: `curl -X POST ${MCP} ${BEARER} ${COGNITO} ${INITIALIZE} https://your-gateway.com/currenttime/mcp`,
    status: 200,
    text: [/"serverInfo":\{"name":"currenttime"/]
  },
  {
    at: "faq 61-67",
    line: `curl -X POST ${MCP} -b jar ${COGNITO} ${INITIALIZE} https://your-gateway.com/currenttime/mcp`,
    status: 200,
    text: [/"serverInfo":\{"name":"currenttime"/]
  },
  {
    at: "summary 174-193",
    line: `curl -X POST ${MCP} -H "X-Authorization: Bearer $ACCESS_TOKEN" ${KEYCLOAK} -H 'Authorization: Bearer atlassian-oauth-token' -H 'X-Atlassian-Cloud-Id: cloud' ${INITIALIZE} https://your-gateway.com/atlassian/mcp`,
    status: 200,
    text: [/"serverInfo":\{"name":"scripted"/]
  },
  {
    at: "contracts §2.3",
    line: `curl -X POST ${MCP} ${INITIALIZE} https://your-gateway.com/currenttime/mcp`,
    status: 401,
    headers: { "www-authenticate": /resource_metadata=/ }
  },
  {
    at: "summary 746-756, 829-838",
    line: "curl http://localhost:9465/metrics",
    status: 200,
    text: [
      /^mcp_auth_requests_total\{.*success="true"/m,
      /^# TYPE mcp_auth_request_duration_seconds histogram/m,
      /^# TYPE mcp_tool_executions_total counter/m,
      /^# TYPE mcp_tool_execution_duration_seconds histogram/m,
      /^# TYPE mcp_tool_discovery_total counter/m,
      /^# TYPE mcp_tool_discovery_duration_seconds histogram/m,
      /^# TYPE mcp_protocol_latency_seconds histogram/m,
      /^# TYPE mcp_health_checks_total counter/m
    ]
  },
  {
    at: "guide 202-203",
    line: `curl -b jar -X POST -d auth_type=api_key -d auth_header_name=CONTEXT7_API_KEY ${JSON_PLEASE} ${API}/api/edit/atlassian`,
    status: 200,
    body: { service: { auth_type: "api_key", auth_header_name: "CONTEXT7_API_KEY" } }
  },
  {
    at: "guide 204-216",
    line: `curl -b jar "${CONNECT}?ide=vscode&form=headers"`,
    status: 200,
    body: {
      configs: [
        {
          key: "atlassian",
          section: "servers",
          entry: {
            type: "http",
            url: /\/atlassian\/mcp$/,
            headers: { "X-Authorization": /^Bearer ./, CONTEXT7_API_KEY: /./ }
          }
        }
      ]
    },
    differs: "VS Code asks for the values (`inputs`) where the document has texts to replace"
  },
  {
    at: "guide 217-230",
    line: `curl -b jar "${CONNECT}?ide=roo-code&form=headers"`,
    status: 200,
    body: {
      configs: [
        {
          section: "mcpServers",
          entry: {
            type: "streamable-http",
            url: /\/atlassian\/mcp$/,
            headers: { "X-Authorization": /^Bearer ./, CONTEXT7_API_KEY: /./ }
          }
        }
      ]
    }
  },
  {
    at: "guide 231-232",
    line: `curl -b jar -X POST -d auth_type=custom -d auth_header_name= ${JSON_PLEASE} ${API}/api/edit/atlassian`,
    status: 200
  },
  {
    at: "guide 233-245",
    line: `curl -b jar "${CONNECT}?ide=vscode&form=headers"`,
    status: 200,
    body: { configs: [{ entry: { headers: { "X-Authorization": /^Bearer ./, Authorization: /^Bearer ./ } } }] }
  },
  {
    at: "guide 196-200, 251-257",
    line: `curl -b jar -X POST -d auth_scheme=api_key -d auth_header_name=CONTEXT7_API_KEY -d auth_credential=key ${JSON_PLEASE} ${API}/api/edit/atlassian`,
    status: 200,
    body: { service: { auth_scheme: "api_key", auth_header_name: "CONTEXT7_API_KEY", has_credential: true } },
    differs: "a credential that is stored here is sent by the gateway, and stands in no client's configuration"
  }
]

const DOCUMENT = `${API}/api/servers/imported`
const TAG = `-H "If-Match: $(sed -n 's/^etag: //Ip' head | tr -d '\\r')"`
const MERGE = `-H 'Content-Type: application/merge-patch+json' -d '{"license":"MIT"}'`
const FOLDER = "-F f=@servers/imported.json -F f=@servers/server_state.json"

/** What came after the replaced system's first documents: its folder taken over, and its later routes. */
const later: ReadonlyArray<DocumentedRequest> = [
  {
    at: "contracts §2.9",
    line: `curl -u "admin:$PASSWORD" ${FOLDER} ${API}/api/import/servers`,
    status: 200,
    body: { created: 1, refused: 0 }
  },
  {
    at: "contracts §2.9",
    line: `curl -u "admin:$PASSWORD" ${FOLDER} ${API}/api/import/servers`,
    status: 200,
    body: { created: 0, unchanged: 1 }
  },
  {
    at: "contracts §1.4",
    line: `curl -b jar ${DOCUMENT}`,
    status: 200,
    body: { path: "/imported", is_enabled: false },
    headers: { etag: /^"/ }
  },
  {
    at: "contracts §1.4",
    line: `curl -b jar -X PATCH ${MERGE} ${TAG} ${DOCUMENT}`,
    status: 200,
    body: { license: "MIT" }
  },
  { at: "contracts §1.4", line: `curl -b jar -X PATCH ${MERGE} -H 'If-Match: "old"' ${DOCUMENT}`, status: 412 },
  {
    at: "contracts §1.4",
    line: `curl -b jar -X POST -H 'Content-Type: application/json' -d '{"rating":4}' ${DOCUMENT}/rate`,
    status: 200,
    body: { num_stars: 4, my_rating: 4 }
  },
  { at: "contracts §1.4", line: `curl -b jar ${DOCUMENT}/rating`, status: 200, body: { num_stars: 4, num_ratings: 1 } },
  { at: "contracts §1.4", line: `curl ${API}/openapi.json`, status: 200, body: { openapi: "3.1.0" } },
  { at: "contracts §1.4", line: `curl ${API}/docs`, status: 200, text: [/\/api\/import\/servers/] }
]

export const client: ReadonlyArray<DocumentedRequest> = [...protocol, ...calls, ...later]
