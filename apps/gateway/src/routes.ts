/** Which paths are whose, by their first segment. What is neither the control plane's nor operations' is an MCP route. */

/** First path segments that are not servers', the pages for people, and paths of the replaced system. */
const CONTROL =
  /^\/(?:api|v0|v0\.1|oauth|oauth2|\.well-known|openapi\.json|docs)(?:\/|$)|^\/(?:login|login\/password|logout|account|ws\/health_status|internal\/tokens|internal\/reload-scopes)$/

export const isControl = (pathname: string): boolean => CONTROL.test(pathname)

const OPERATIONS: ReadonlySet<string> = new Set(["/", "/health", "/ready", "/metrics"])

/** Does `operate` answer it? */
export const isOperation = (method: string, pathname: string): boolean =>
  (method === "GET" || method === "HEAD") && OPERATIONS.has(pathname)
