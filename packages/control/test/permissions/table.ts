/**
 * Who may do what over the API: every action, and the status it answers each role with. `matrix.test.ts` runs it against the control plane, and
 * `docs/permissions.md` is printed from it. An action of the API that has no row fails the test.
 */
import type { Sent } from "../support/plane.ts"

/** Of every account there is. */
export const PASSWORD = "a long enough passphrase"

/** In the order of the columns. */
export const ROLES = ["administrator", "groupManager", "manager", "user", "member", "stranger", "nobody"] as const
export type Role = (typeof ROLES)[number]

/** What each role is, in words, and the groups of the policy below that make it. */
export const ABOUT: Readonly<Record<Role, { readonly title: string; readonly about: string }>> = {
  administrator: { title: "administrator", about: "holds the scope `mcp-registry-admin`" },
  groupManager: {
    title: "group manager",
    about:
      "has `manage_group: [team]`, and `modify_service` for the server `/wiki`; may list both servers and call on them"
  },
  manager: { title: "collaborator, manager", about: "has a grant on `/currenttime`, and is a manager of it" },
  user: { title: "collaborator, user", about: "has a grant on `/currenttime`, and is a user of it" },
  member: { title: "member", about: "has a grant on `/currenttime` and none of the permissions of `UI-Scopes`" },
  stranger: { title: "stranger", about: "signed in, and in no group of the policy" },
  nobody: { title: "nobody", about: "sends no credential" }
}

export const GROUPS: Readonly<Record<Role, ReadonlyArray<string>>> = {
  administrator: ["mcp-registry-admin"],
  groupManager: ["leads"],
  manager: ["staff"],
  user: ["staff"],
  member: ["staff"],
  stranger: [],
  nobody: []
}

export const SCOPES = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  leads: [lead]
  staff: [staff]
  team: [team]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]
    health_check_service: [all]
    toggle_service: [all]
    modify_service: [all]
  lead: {list_service: [all], modify_service: [wiki], manage_group: [team]}
lead: [{server: "*", methods: [tools/list], tools: "*"}]
staff: [{server: currenttime, methods: [tools/list], tools: "*"}]
team: [{server: wiki, tools: [read]}]
`

export interface Row {
  /** Method and path as the API's contract has them. */
  readonly action: string
  /** What is asked, when that is not the path itself. */
  readonly path?: string
  readonly sent?: Sent
  /** Status for each role, in the order of `ROLES`. */
  readonly expected: string
}

const row = (action: string, expected: string, path?: string, sent?: Sent): Row => ({
  action,
  expected,
  ...(path === undefined ? {} : { path }),
  ...(sent === undefined ? {} : { sent })
})

const form = (fields: Readonly<Record<string, string>>): Sent => ({ form: fields })
const json = (value: unknown): Sent => ({ json: value })

/** A change of a document, of whatever version. */
const change = (value: unknown): Sent => ({ json: value, headers: { "if-match": "*" } })

/** `currenttime` as the registry protocol calls it. */
const NAME = "io.mcpgateway%2Fcurrenttime"

const PUBLISHED = {
  $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
  name: "com.example/fresh",
  description: "A server",
  version: "1.0.0",
  remotes: [{ type: "streamable-http", url: "https://fresh.example.com/mcp" }]
}

/** Of a registry that is not there: the job begins, and finds that out. */
const IMPORT = { from: "https://registry.example.com", dry_run: true }

/** By what it is done to. */
export const TABLE: Readonly<Record<string, ReadonlyArray<Row>>> = {
  Servers: [
    row("GET /api/servers", "200 200 200 200 200 200 401"),
    row("POST /api/search/semantic", "200 200 200 200 200 200 401", undefined, json({ query: "time" })),
    row("GET /api/server_details/*", "200 200 200 200 403 404 401", "/api/server_details/currenttime"),
    row("GET /api/tools/*", "200 200 200 200 403 404 401", "/api/tools/currenttime"),
    row(
      "POST /api/register",
      "201 403 403 403 403 403 401",
      undefined,
      json({ name: "Fresh", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" })
    ),
    row("POST /api/edit/*", "200 403 200 403 403 404 401", "/api/edit/currenttime", json({ description: "new" })),
    row("POST /api/toggle/*", "200 403 200 403 403 404 401", "/api/toggle/currenttime", form({ enabled: "on" })),
    row("POST /api/refresh/*", "200 403 200 403 403 404 401", "/api/refresh/currenttime"),
    row("POST /api/remove/*", "200 403 200 403 403 404 401", "/api/remove/currenttime"),
    row("DELETE /api/servers/*", "200 403 200 403 403 404 401", "/api/servers/currenttime"),
    row(
      "POST /api/servers",
      "201 403 403 403 403 403 401",
      undefined,
      json({ server_name: "Fresh", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" })
    ),
    row("GET /api/servers/*", "200 200 200 200 403 404 401", "/api/servers/currenttime"),
    row(
      "PUT /api/servers/*",
      "200 403 200 403 403 404 401",
      "/api/servers/currenttime",
      change({ server_name: "currenttime", proxy_pass_url: "http://127.0.0.1:8000/" })
    ),
    row(
      "PATCH /api/servers/*",
      "200 403 200 403 403 404 401",
      "/api/servers/currenttime",
      change({ description: "new" })
    ),
    row(
      "POST /api/server-parts/rate/*",
      "200 200 200 200 403 404 401",
      "/api/servers/currenttime/rate",
      json({ rating: 5 })
    ),
    row("GET /api/server-parts/rating/*", "200 200 200 200 403 404 401", "/api/servers/currenttime/rating"),
    row("GET /api/credentials/*", "200 403 200 403 403 404 401", "/api/credentials/currenttime"),
    row(
      "PUT /api/credentials/*",
      "200 403 200 403 403 404 401",
      "/api/credentials/currenttime",
      json({ auth_scheme: "bearer", auth_credential: "s3cret-value" })
    ),
    row("DELETE /api/credentials/*", "200 403 200 403 403 404 401", "/api/credentials/currenttime"),
    row(
      "GET /api/connect-config/*",
      "200 200 200 200 403 404 401",
      "/api/servers/currenttime/connect-config?ide=cursor"
    ),
    row(
      "POST /api/connect-config/*",
      "200 200 200 200 403 404 401",
      "/api/servers/currenttime/connect-config",
      json({ ide: "cursor" })
    ),
    row(
      "POST /api/import/servers",
      "200 403 403 403 403 403 401",
      undefined,
      json({ servers: [{ server_name: "Fresh", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" }] })
    ),
    row(
      "POST /api/internal/register",
      "201 403 403 403 403 403 401",
      undefined,
      form({ name: "Fresh", description: "x", path: "/fresh", proxy_pass_url: "http://10.0.0.1/" })
    ),
    row("POST /api/internal/remove", "200 403 403 403 403 403 401", undefined, form({ service_path: "/currenttime" })),
    row("POST /api/internal/toggle", "200 403 403 403 403 403 401", undefined, form({ service_path: "/currenttime" })),
    row("POST /api/internal/healthcheck", "200 403 403 403 403 403 401"),
    row("POST /api/import/registry", "202 403 403 403 403 403 401", undefined, json(IMPORT)),
    row("GET /api/import/registry", "200 403 403 403 403 403 401"),
    row("GET /api/import/registry/:id", "404 403 403 403 403 403 401", "/api/import/registry/none"),
    row("DELETE /api/import/registry/:id", "404 403 403 403 403 403 401", "/api/import/registry/none"),
    row("GET /api/internal/list", "200 403 403 403 403 403 401"),
    row("GET /api/health/ws/health_status", "200 200 200 200 200 200 401"),
    row("GET /api/health/events", "200 200 200 200 200 200 401"),
    row("GET /api/health/ws/stats", "200 403 403 403 403 403 401")
  ],
  "The registry protocol": [
    row("GET /v0.1/servers", "200 200 200 200 200 200 401"),
    row("GET /v0.1/servers/:serverName/versions", "200 200 200 200 404 404 401", `/v0.1/servers/${NAME}/versions`),
    row(
      "GET /v0.1/servers/:serverName/versions/:version",
      "200 200 200 200 404 404 401",
      `/v0.1/servers/${NAME}/versions/latest`
    ),
    row("POST /v0.1/publish", "200 403 403 403 403 403 401", undefined, json(PUBLISHED)),
    row(
      "PUT /v0.1/servers/:serverName/versions/:version",
      "404 403 403 403 403 403 401",
      `/v0.1/servers/${NAME}/versions/9.9.9`,
      json({ ...PUBLISHED, name: "io.mcpgateway/currenttime", version: "9.9.9" })
    ),
    row(
      "DELETE /v0.1/servers/:serverName/versions/:version",
      "404 403 403 403 403 403 401",
      `/v0.1/servers/${NAME}/versions/9.9.9`
    ),
    row(
      "PATCH /v0.1/servers/:serverName/versions/:version/status",
      "404 403 403 403 403 403 401",
      `/v0.1/servers/${NAME}/versions/9.9.9/status`,
      json({ status: "deprecated" })
    ),
    row(
      "PATCH /v0.1/servers/:serverName/status",
      "200 403 403 403 403 403 401",
      `/v0.1/servers/${NAME}/status`,
      json({ status: "deprecated" })
    ),
    row("POST /v0.1/validate", "200 200 200 200 200 200 401", undefined, json(PUBLISHED)),
    row("POST /v0.1/auth/:method", "501 501 501 501 501 501 501", "/v0.1/auth/none", json({})),
    row("GET /v0.1/health", "200 200 200 200 200 200 200"),
    row("GET /v0.1/ping", "200 200 200 200 200 200 200"),
    row("GET /v0.1/version", "200 200 200 200 200 200 200")
  ],
  Collaborators: [
    row("GET /api/collaborators/*", "200 403 200 403 403 404 401", "/api/servers/currenttime/collaborators"),
    row(
      "PUT /api/collaborators/*",
      "200 403 200 403 403 404 401",
      "/api/servers/currenttime/collaborators",
      json({ collaborators: [{ kind: "group", name: "staff", role: "user" }] })
    ),
    row(
      "DELETE /api/collaborators/*",
      "200 403 200 403 403 404 401",
      "/api/servers/currenttime/collaborators?name=user"
    )
  ],
  Groups: [
    row("GET /api/groups", "200 200 200 200 200 200 401"),
    row("GET /api/groups/:name", "200 200 403 403 403 403 401", "/api/groups/team"),
    row("POST /api/groups", "201 403 403 403 403 403 401", undefined, json({ name: "new" })),
    row("DELETE /api/groups/:name", "200 403 403 403 403 403 401", "/api/groups/team"),
    row(
      "PUT /api/groups/:name/servers/*",
      "200 200 403 403 403 403 401",
      "/api/groups/team/servers/wiki",
      json({ tools: ["read"] })
    ),
    row("DELETE /api/groups/:name/servers/*", "200 200 403 403 403 403 401", "/api/groups/team/servers/wiki"),
    row("POST /api/internal/create-group", "200 403 403 403 403 403 401", undefined, form({ group_name: "new" })),
    row("POST /api/internal/delete-group", "200 403 403 403 403 403 401", undefined, form({ group_name: "team" })),
    row("GET /api/internal/list-groups", "200 403 403 403 403 403 401"),
    row(
      "POST /api/internal/add-to-groups",
      "200 403 403 403 403 403 401",
      undefined,
      form({ server_name: "wiki", group_names: "team" })
    ),
    row(
      "POST /api/internal/remove-from-groups",
      "200 403 403 403 403 403 401",
      undefined,
      form({ server_name: "wiki", group_names: "team" })
    )
  ],
  "The policy": [
    row("GET /api/policy", "200 403 403 403 403 403 401"),
    row("PUT /api/policy", "200 403 403 403 403 403 401", undefined, json({ text: SCOPES, revision: "$revision" })),
    row(
      "POST /api/policy/explain",
      "200 403 403 403 403 403 401",
      undefined,
      json({ groups: ["staff"], server: "/currenttime" })
    ),
    row("POST /internal/reload-scopes", "200 403 403 403 403 403 401")
  ],
  "People, agents, clients": [
    row("GET /api/users", "200 403 403 403 403 403 401"),
    row("POST /api/users", "201 403 403 403 403 403 401", undefined, json({ username: "new", password: PASSWORD })),
    row("DELETE /api/users/:username", "200 403 403 403 403 403 401", "/api/users/someone"),
    row("GET /api/accounts", "200 403 403 403 403 403 401"),
    row(
      "PATCH /api/accounts/:username",
      "200 403 403 403 403 403 401",
      "/api/accounts/someone",
      json({ disabled: false })
    ),
    row("GET /api/agents", "200 403 403 403 403 403 401"),
    row("POST /api/agents", "201 403 403 403 403 403 401", undefined, json({ name: "fresh" })),
    row("GET /api/agents/:name", "200 403 403 403 403 403 401", "/api/agents/robot"),
    row("PATCH /api/agents/:name", "200 403 403 403 403 403 401", "/api/agents/robot", json({ description: "new" })),
    row("DELETE /api/agents/:name", "200 403 403 403 403 403 401", "/api/agents/robot"),
    row("POST /api/agents/:name/secrets", "201 403 403 403 403 403 401", "/api/agents/robot/secrets", json({})),
    row("DELETE /api/agents/:name/secrets/:id", "404 403 403 403 403 403 401", "/api/agents/robot/secrets/none"),
    row("GET /api/machine-clients", "200 403 403 403 403 403 401"),
    row(
      "PUT /api/machine-clients",
      "200 403 403 403 403 403 401",
      undefined,
      json({ issuer: "https://idp.example", client_id: "m", groups: [] })
    ),
    row(
      "DELETE /api/machine-clients",
      "404 403 403 403 403 403 401",
      "/api/machine-clients?issuer=https://idp.example&client_id=none"
    ),
    row("GET /api/clients", "200 403 403 403 403 403 401"),
    row(
      "POST /api/clients",
      "201 403 403 403 403 403 401",
      undefined,
      json({ client_name: "App", redirect_uris: ["https://app.example/cb"] })
    ),
    row("GET /api/clients/:client_id", "200 403 403 403 403 403 401", "/api/clients/app"),
    row("DELETE /api/clients/:client_id", "200 403 403 403 403 403 401", "/api/clients/app"),
    row("POST /api/clients/:client_id/secrets", "201 403 403 403 403 403 401", "/api/clients/app/secrets", json({})),
    row("DELETE /api/clients/:client_id/secrets/:id", "404 403 403 403 403 403 401", "/api/clients/app/secrets/none")
  ],
  "One's own": [
    row("GET /api/auth/me", "200 200 200 200 200 200 401"),
    row("GET /api/account/sessions", "200 200 200 200 200 200 401"),
    row("DELETE /api/account/sessions/:id", "404 404 404 404 404 404 401", "/api/account/sessions/none"),
    row("DELETE /api/account/sessions", "200 200 200 200 200 200 401"),
    row(
      "POST /api/account/password",
      "200 200 200 200 200 200 401",
      undefined,
      json({ old_password: PASSWORD, new_password: "another long passphrase" })
    ),
    row("GET /api/account/grants", "200 200 200 200 200 200 401"),
    row("DELETE /api/account/grants/:id", "404 404 404 404 404 404 401", "/api/account/grants/none"),
    row("GET /api/keys", "200 200 200 200 200 200 401"),
    row("POST /api/keys", "201 201 201 201 201 201 401", undefined, json({ name: "new" })),
    row("DELETE /api/keys/:id", "404 404 404 404 404 404 401", "/api/keys/none"),
    row("POST /api/tokens/generate", "200 200 200 200 200 200 401", undefined, json({})),
    row("POST /api/tokens/revoke", "200 403 403 403 403 403 401", undefined, json({ subject: "someone" })),
    row("GET /api/admin/tokens", "200 403 403 403 403 403 401"),
    row(
      "POST /internal/tokens",
      "403 403 403 403 403 403 401",
      undefined,
      json({ user_context: { username: "someone" } })
    )
  ],
  "For anybody": [
    row(
      "POST /api/auth/login",
      "200 200 200 200 200 200 200",
      undefined,
      form({ username: "someone", password: PASSWORD })
    ),
    row("POST /api/auth/logout", "200 200 200 200 200 200 200"),
    row("GET /api/auth/logout", "200 200 200 200 200 200 200"),
    row("GET /api/auth/providers", "200 200 200 200 200 200 200"),
    row("GET /api/auth/config", "200 200 200 200 200 200 200"),
    row("GET /oauth2/login/:provider", "404 404 404 404 404 404 404", "/oauth2/login/none"),
    row("GET /oauth2/callback/:provider", "404 404 404 404 404 404 404", "/oauth2/callback/none"),
    row("GET /api/auth/auth/:provider", "302 302 302 302 302 302 302", "/api/auth/auth/none"),
    row("GET /oauth2/logout/:provider", "200 200 200 200 200 200 200", "/oauth2/logout/none"),
    row("GET /.well-known/mcp-servers", "200 200 200 200 200 200 200"),
    row("GET /docs", "200 200 200 200 200 200 200"),
    row("GET /health", "200 200 200 200 200 200 200"),
    row("GET /.well-known/jwks.json", "200 200 200 200 200 200 200"),
    row("GET /openapi.json", "200 200 200 200 200 200 200")
  ]
}
