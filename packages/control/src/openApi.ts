/**
 * The OpenAPI 3.1 document of the API, made from the contract on first use. Adds what the contract's types can not say: how one authenticates,
 * which endpoints take forms, and that every refusal is a `Problem`, or the registry protocol's.
 */
import * as OpenApi from "@effect/platform/OpenApi"
import { Api } from "@mcpgw/api/Api"
import { PROBLEM_JSON } from "@mcpgw/api/ApiError"
import { ScopesMode } from "@mcpgw/api/Import"
import { PLAIN_NAME } from "@mcpgw/identity/SessionCookie"
import { PARTS } from "./routes.ts"

type Json = Readonly<Record<string, unknown>>

/** Endpoints that need no credential. */
const PUBLIC: ReadonlySet<string> = new Set([
  "/api/auth/login",
  "/api/auth/logout",
  "/api/auth/providers",
  "/api/auth/auth/{provider}",
  "/oauth2/login/{provider}",
  "/oauth2/callback/{provider}",
  "/api/auth/config",
  "/health",
  "/v0.1/health",
  "/v0.1/ping",
  "/v0.1/version",
  "/v0.1/auth/{method}",
  "/.well-known/jwks.json",
  "/.well-known/mcp-servers",
  "/openapi.json",
  "/docs"
])

/** Endpoints that take a form of either encoding beside JSON; a test compares them with those that do. */
const FORMS: ReadonlySet<string> = new Set([
  "/api/auth/login",
  "/api/register",
  "/api/toggle/*",
  "/api/edit/*",
  "/api/internal/register",
  "/api/internal/remove",
  "/api/internal/toggle",
  "/api/internal/create-group",
  "/api/internal/delete-group",
  "/api/internal/add-to-groups",
  "/api/internal/remove-from-groups",
  "/api/groups",
  "/api/users",
  "/api/credentials/*"
])

const IMPORT = "/api/import/servers"

/** An import's form: files of the replaced system's folder as they are, and how they are taken. */
const IMPORT_FORM = {
  type: "object",
  description:
    "A part for each file, by whatever name: a part whose file is called server_state.json, scopes.yml or scopes.yaml is that, and every other one is a server's.",
  properties: {
    server_state: { type: "string", contentMediaType: "application/json" },
    scopes: { type: "string", contentMediaType: "application/yaml" },
    apply_scopes: { type: "string", enum: ScopesMode.literals },
    dry_run: { type: "string", description: "true, on, 1 or yes; anything else is no" }
  },
  additionalProperties: { type: "string", contentMediaType: "application/json" }
}

/** Endpoints that take an administrator's name and password too. */
const takesBasic = (path: string): boolean => BASIC.test(path)

const BASIC = /^\/(?:internal\/reload-scopes|api\/(?:internal|groups|users|policy|import\/servers)(?:\/.*)?)$/

const SECURITY_SCHEMES = {
  basic: { type: "http", scheme: "basic" },
  bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
  session: { type: "apiKey", in: "cookie", name: PLAIN_NAME }
}

const MULTIPART = "multipart/form-data"

const problemIn = (schema: "Problem" | "ProtocolProblem") => ({
  [PROBLEM_JSON]: { schema: { $ref: `#/components/schemas/${schema}` } }
})

/** The registry protocol has refusals of its own. */
const isProtocol = (path: string): boolean => path.startsWith("/v0.1/")

const responses = (path: string, all: OpenApi.OpenAPISpecOperation["responses"]): Json =>
  Object.fromEntries(
    Object.entries(all).map(([status, response]) => [
      status,
      Number(status) < 400
        ? response
        : {
            description: Number(status) === 400 ? "The request can not be understood" : response.description,
            content: problemIn(isProtocol(path) ? "ProtocolProblem" : "Problem")
          }
    ])
  )

const requestBody = (path: string, { requestBody: body }: OpenApi.OpenAPISpecOperation): Json => {
  if (body === undefined) return {}
  const json = body.content["application/json"]
  const form = FORMS.has(path) ? { "application/x-www-form-urlencoded": json, [MULTIPART]: json } : {}
  const files = path === IMPORT ? { [MULTIPART]: { schema: IMPORT_FORM } } : {}
  return { requestBody: { ...body, content: { ...body.content, ...form, ...files } } }
}

/** OpenAPI knows no wildcard: the parameter is the server's path, which may have several segments. */
const named = (path: string): string =>
  path.startsWith(PARTS)
    ? path.slice(PARTS.length).replace(/^([^/]+)\/\*$/, "/api/servers/{path}/$1")
    : path.replace("*", "{path}")

/** As the field's documents spell it; a header's name is compared in whatever case. */
const headerName = (name: string): string => name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())

const parameter = (given: OpenApi.OpenAPISpecParameter) => ({
  ...given,
  name: given.in === "header" ? headerName(given.name) : named(given.name).replace(/[{}]/g, "")
})

const operation = (path: string, given: OpenApi.OpenAPISpecOperation): Json => ({
  ...given,
  ...requestBody(path, given),
  parameters: given.parameters.map(parameter),
  responses: responses(path, given.responses),
  security: PUBLIC.has(path) ? [] : [{ bearer: [] }, { session: [] }, ...(takesBasic(path) ? [{ basic: [] }] : [])]
})

/** What is answered behind a server's path too (`canonical` in routes.ts). */
const BEHIND: ReadonlyArray<string> = ["connect-config", "collaborators"]

/** The other path of one of these, with what it takes and answers; operations of their own, as their ids have to be. */
const behind = (path: string, operations: Readonly<Record<string, Json>>): Json => {
  const part = BEHIND.find((one) => path === `/api/${one}/*`)
  if (part === undefined) return {}
  const same = ([method, given]: [string, Json]) => [
    method,
    {
      ...given,
      operationId: `${String(given["operationId"])}BehindPath`,
      summary: `${String(given["summary"])} (alias)`,
      description: `As \`${method.toUpperCase()} ${named(path)}\`.`
    }
  ]
  return { [`/api/servers/{path}/${part}`]: Object.fromEntries(Object.entries(operations).map(same)) }
}

const described = ([path, all]: [string, OpenApi.OpenAPISpecPathItem]): Json => {
  const operations = Object.fromEntries(Object.entries(all).map(([method, given]) => [method, operation(path, given)]))
  return { [named(path)]: operations, ...behind(path, operations) }
}

const make = (): Json => {
  const spec = OpenApi.fromApi(Api)
  const { HttpApiDecodeError: _decode, Issue: _issue, PropertyKey: _key, ...schemas } = spec.components.schemas
  return {
    ...spec,
    paths: Object.assign({}, ...Object.entries(spec.paths).map(described)),
    components: { ...spec.components, schemas, securitySchemes: SECURITY_SCHEMES }
  }
}

let document: Json | undefined

/** Made once: it depends on nothing but the code. */
export const openApiDocument = (): Json => (document ??= make())
