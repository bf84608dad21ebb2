/**
 * The method names the policy itself knows. Everything else is judged by the rules alone (design.md §6).
 * Holds names only; never decides.
 */

/** Judged by `tools` alone; refused always when it names no tool. */
export const TOOLS_CALL = "tools/call"
/** What the tools are listed with. */
export const TOOLS_LIST = "tools/list"
/** What a listed prompt is used with. */
export const PROMPTS_GET = "prompts/get"
/** What a listed resource or resource template is used with. */
export const RESOURCES_READ = "resources/read"

/** `Access.method` of a client's response to a request of the server: such a message has no method of its own. */
export const RESPONSE = ""
/** `Access.method` of a GET on a bound session: the stream a server speaks on unasked. */
export const HTTP_GET = "http:GET"
/** `Access.method` of a DELETE on a bound session: its end. */
export const HTTP_DELETE = "http:DELETE"

const PSEUDO: ReadonlySet<string> = new Set([RESPONSE, HTTP_GET, HTTP_DELETE])

/**
 * Is this a name of ours for something that is no JSON-RPC request? A client's message that carries it as its `method`
 * must be refused before the policy is asked, or it would be taken for what the protocol implies.
 */
export const isPseudoMethod = (method: string): boolean => PSEUDO.has(method)

/** What any effective grant on a server implies, because the protocol itself needs it there (design.md §6). */
export const IMPLIED_METHODS: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "server/discover",
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
  ...PSEUDO
])
