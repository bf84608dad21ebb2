/** The OpenAPI 3.1 document of the API, made from the contract on first use. Adds what the contract's types can not say: how one authenticates. */
import * as OpenApi from "@effect/platform/OpenApi"
import { Api } from "@mcpgw/api/Api"
import { SESSION_COOKIE } from "@mcpgw/identity/Sessions"

type Document = Readonly<Record<string, unknown>>

/** Endpoints that need no credential. */
const PUBLIC: ReadonlySet<string> = new Set([
  "/api/auth/login",
  "/api/auth/logout",
  "/api/auth/providers",
  "/health",
  "/.well-known/jwks.json",
  "/openapi.json"
])

const SECURITY_SCHEMES = {
  bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
  session: { type: "apiKey", in: "cookie", name: SESSION_COOKIE }
}

const make = (): Document => {
  const spec = OpenApi.fromApi(Api)
  const paths = Object.entries(spec.paths).map(([path, operations]) => [
    // OpenAPI knows no wildcard: the parameter is the rest of the path.
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [
        method,
        { ...operation, security: PUBLIC.has(path) ? [] : [{ bearer: [] }, { session: [] }] }
      ])
    )
  ])
  return {
    ...spec,
    paths: Object.fromEntries(paths),
    components: { ...spec.components, securitySchemes: SECURITY_SCHEMES }
  }
}

let document: Document | undefined

/** Made once: it depends on nothing but the code. */
export const openApiDocument = (): Document => (document ??= make())
