/** The administrators' routes, by name and password (contracts §2.8). See `requests.ts`. */
import { API, type DocumentedRequest, error, ITEM, STATE } from "./shape.ts"

const BASIC = `-u "admin:$PASSWORD"`
const INTERNAL = `${API}/api/internal`
const INTERNAL_FORM = `-d name=Internal -d description=d -d path=/internal-one -d proxy_pass_url=http://localhost:1/ --data-urlencode 'supported_transports=["streamable-http"]' --data-urlencode 'headers=[{"Authorization":"Bearer $ATLASSIAN_AUTH_TOKEN"}]' -d auth_provider=atlassian -d auth_type=oauth --data-urlencode 'tool_list_json=[{"name":"t","parsed_description":{"main":"T","args":null,"returns":null,"raises":null},"schema":{}}]'`

export const internal: ReadonlyArray<DocumentedRequest> = [
  {
    line: `curl ${BASIC} -X POST ${INTERNAL_FORM} ${INTERNAL}/register`,
    status: 201,
    body: { message: "Service registered successfully", service: { is_enabled: true, auth_provider: "atlassian" } }
  },
  {
    line: `curl ${BASIC} -X POST ${INTERNAL_FORM} -d overwrite=true ${INTERNAL}/register`,
    status: 201,
    body: { service: { path: "/internal-one", is_enabled: true } }
  },
  {
    line: `curl ${BASIC} -X POST ${INTERNAL_FORM} -d overwrite=false ${INTERNAL}/register`,
    status: 409,
    body: { error: "Service registration failed", reason: /./, suggestion: /./ }
  },
  {
    line: `curl ${BASIC} -X POST -d service_path=/internal-one ${INTERNAL}/toggle`,
    status: 200,
    body: { service_path: "/internal-one", new_enabled_state: false },
    keys: ["", "new_enabled_state", ...STATE] as const
  },
  {
    line: `curl ${BASIC} -X POST ${INTERNAL}/healthcheck`,
    status: 200,
    keys: ["/internal-one", "status", "last_checked_iso", "num_tools"] as const
  },
  {
    line: `curl ${BASIC} ${INTERNAL}/list`,
    status: 200,
    body: { total_count: /^\d+$/ },
    keys: ["services.0", "server_name", ...ITEM.slice(1), "tool_list"] as const
  },
  {
    line: `curl ${BASIC} -X POST -d group_name=writers -d description=W -d create_in_keycloak=true ${INTERNAL}/create-group`,
    status: 200,
    body: { group_name: "writers", created_in_keycloak: false, created_in_scopes: true }
  },
  {
    line: `curl ${BASIC} -X POST -d server_name=internal-one -d group_names=writers,mcp-registry-user ${INTERNAL}/add-to-groups`,
    status: 200,
    body: { message: /./, server_path: "/internal-one", groups: ["writers", "mcp-registry-user"] }
  },
  {
    line: `curl ${BASIC} ${INTERNAL}/list-groups`,
    status: 200,
    body: { scopes_groups: { writers: { name: "writers", server_count: 1 } }, keycloak_groups: [] },
    keys: ["scopes_groups.writers", "name", "server_count", "servers", "in_mappings"] as const
  },
  {
    line: `curl ${BASIC} -X POST -d server_name=internal-one -d group_names=writers,mcp-registry-user ${INTERNAL}/remove-from-groups`,
    status: 200,
    body: { server_path: "/internal-one", groups: ["writers", "mcp-registry-user"] }
  },
  { line: `curl ${BASIC} -X POST -d group_names=writers ${INTERNAL}/add-to-groups`, status: 400 },
  {
    line: `curl ${BASIC} -X POST -d group_name=mcp-registry-admin ${INTERNAL}/delete-group`,
    status: 403,
    body: error("Cannot delete system group 'mcp-registry-admin'")
  },
  {
    line: `curl ${BASIC} -X POST -d group_name=writers -d delete_from_keycloak=true -d force=false ${INTERNAL}/delete-group`,
    status: 200,
    body: { group_name: "writers", deleted_from_keycloak: false, deleted_from_scopes: true }
  },
  { line: `curl ${BASIC} -X POST -d group_name=writers ${INTERNAL}/delete-group`, status: 404 },
  {
    line: `curl ${BASIC} -X POST -d service_path=/internal-one ${INTERNAL}/remove`,
    status: 200,
    body: { message: "Service removed successfully", service_path: "/internal-one" },
    keys: ["", "message", "service_path"] as const
  },
  {
    line: `curl ${BASIC} -X POST -d service_path=/internal-one ${INTERNAL}/remove`,
    status: 404,
    body: { error: "Service not found", reason: /./, suggestion: /./ }
  },
  { line: `curl ${INTERNAL}/list`, status: 401, body: error("Authentication required") },
  {
    line: `curl -H 'Authorization: Basic !!!' ${INTERNAL}/list`,
    status: 401,
    body: error("Invalid authentication format")
  },
  { line: `curl -u admin:wrong ${INTERNAL}/list`, status: 401, body: error("Invalid admin credentials") }
].map((one) => ({ at: "contracts §2.8", ...one }))
