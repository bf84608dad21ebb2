/** Which paths are whose, by their first segment. What is neither the control plane's nor operations' is an MCP route. */

/** Everything at and below these is the control plane's. */
const BELOW = [
  "/api",
  "/v0",
  "/v0.1",
  "/oauth",
  "/oauth2",
  "/.well-known",
  "/openapi.json",
  "/docs",
  "/toggle",
  "/edit"
] as const

/** These alone: the pages for people, and paths of the replaced system. Below them may be servers. */
const ALONE = [
  "/login",
  "/login/password",
  "/logout",
  "/register",
  "/account",
  "/ws/health_status",
  "/internal/tokens",
  "/internal/reload-scopes"
] as const

/** What a proxy in front of a registry and its gateways sends to the registry. */
export const CONTROL_PATHS: ReadonlyArray<string> = [...BELOW, ...ALONE]

const either = (paths: ReadonlyArray<string>): string => paths.map((path) => path.replaceAll(".", "\\.")).join("|")

const CONTROL = new RegExp(`^(?:${either(BELOW)})(?:/|$)|^(?:${either(ALONE)})$`)

export const isControl = (pathname: string): boolean => CONTROL.test(pathname)

const OPERATIONS: ReadonlySet<string> = new Set(["/", "/health", "/ready", "/metrics"])

/** Does `operate` answer it? */
export const isOperation = (method: string, pathname: string): boolean =>
  (method === "GET" || method === "HEAD") && OPERATIONS.has(pathname)
