/**
 * Every way in which the gateway says no on the data plane: HTTP status, JSON-RPC code and a sentence a person can act on. A 4xx
 * always carries a JSON-RPC body (W-13); nothing here names an internal host (S-19).
 */
import type { AuthBusy, AuthUnavailable, Unauthenticated } from "@mcpgw/auth/AuthError"
import { describe } from "@mcpgw/auth/AuthError"
import { insufficientScope, unauthorized } from "@mcpgw/auth/Challenge"
import { ADVERTISED } from "@mcpgw/auth/ProtectedResource"
import type { Malformed } from "@mcpgw/mcp/Envelope"
import { Code, errorBody, type JsonObject, type JsonRpcId } from "@mcpgw/mcp/JsonRpc"
import type { Denied } from "@mcpgw/policy/AuthorizedCall"
import type { ForwardFailure } from "@mcpgw/proxy/Forward"
import { TASKS } from "@mcpgw/proxy/StateGate"

export interface Refusal {
  readonly _tag: "Refusal"
  readonly status: number
  readonly code: number
  readonly message: string
  /** For audit: the check that decided. */
  readonly rule: string
  /** `deny`: the caller may not. `none`: it never came to a decision. `allow`: allowed, and failed afterwards. */
  readonly decision: "deny" | "none" | "allow"
  readonly outcome: "refused" | "error" | "aborted"
  readonly id: JsonRpcId | null
  /** For audit: which message of a batch was refused; undefined when it concerns all. */
  readonly index: number | undefined
  /** A batch: ids of the requests that were not carried because of this one. */
  readonly siblings: ReadonlyArray<JsonRpcId> | undefined
  readonly headers: Readonly<Record<string, string>>
  /** `error.data`. */
  readonly data?: JsonObject
}

const refusal = (
  status: number,
  code: number,
  rule: string,
  message: string,
  rest: Partial<Pick<Refusal, "decision" | "outcome" | "id" | "index" | "siblings" | "headers" | "data">> = {}
): Refusal => ({
  _tag: "Refusal",
  status,
  code,
  rule,
  message,
  decision: "none",
  outcome: "refused",
  id: null,
  index: undefined,
  siblings: undefined,
  headers: {},
  ...rest
})

const errorOf = ({ id, code, message, data }: Refusal): string => errorBody(id, code, message, data)

/** A refused batch is answered as a batch: one error for each request in it, and none for a notification (JSON-RPC 2.0 §6). */
const batchOf = (refused: Refusal, siblings: ReadonlyArray<JsonRpcId>): string => {
  const words = "Not carried: another message of the batch was refused"
  // A notification has no answer of its own in which to say why.
  const errors = siblings.map((id) =>
    errorBody(id, Code.invalidRequest, refused.id === null ? `${words}: ${refused.message}` : words)
  )
  return `[${[...(refused.id === null ? [] : [errorOf(refused)]), ...errors].join(",")}]`
}

/** The response a refusal becomes. */
export const respond = (refused: Refusal): Response =>
  new Response(refused.siblings === undefined ? errorOf(refused) : batchOf(refused, refused.siblings), {
    status: refused.status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...refused.headers }
  })

export const methodNotAllowed = (): Refusal =>
  refusal(405, Code.invalidRequest, "edge:method", "Only POST, GET and DELETE are served here", {
    headers: { allow: "POST, GET, DELETE" }
  })

/** The two endpoints of HTTP+SSE take one method each. */
export const wrongLegMethod = (only: string): Refusal =>
  refusal(405, Code.invalidRequest, "edge:method", `Only ${only} is served here: this is an endpoint of HTTP+SSE`, {
    headers: { allow: only }
  })

export const upgradeRefused = (): Refusal =>
  refusal(
    400,
    Code.invalidRequest,
    "edge:upgrade",
    "WebSocket and other upgrades are not served here: use Streamable HTTP"
  )

export const grpcRefused = (): Refusal =>
  refusal(415, Code.invalidRequest, "edge:grpc", "gRPC is not served here: use Streamable HTTP")

/** `url`: where the same is served encrypted. */
export const plainHttp = (url: string): Refusal =>
  refusal(
    403,
    Code.forbidden,
    "edge:plain_http",
    `MCP is not served over plain HTTP: use ${url.slice(0, 300)}, and replace any token that was sent here`,
    { headers: { connection: "close" } }
  )

/** A public URL with a path: everything is below it. */
export const outsidePrefix = (publicUrl: string): Refusal =>
  refusal(
    404,
    Code.notFound,
    "edge:prefix",
    `Everything is served below ${publicUrl}; the proxy in front keeps that path, or says in X-Forwarded-Prefix that it took it off`
  )

/** `words`: where to go instead. */
export const noMcpHere = (words: string): Refusal => refusal(404, Code.notFound, "edge:no_data_plane", words)

export const badPath = (): Refusal =>
  refusal(400, Code.invalidRequest, "edge:path", "The path must be plain: no '%', no backslash, no empty segment")

export const tokenInQuery = (): Refusal =>
  refusal(
    400,
    Code.invalidRequest,
    "edge:query_token",
    "Tokens in the query string are refused: send Authorization: Bearer <token>"
  )

export const foreignClient = (): Refusal =>
  refusal(403, Code.forbidden, "edge:client", "Connections from this address are not accepted")

export const foreignHost = (): Refusal => refusal(403, Code.forbidden, "edge:host", "This host name is not served here")

export const foreignOrigin = (): Refusal =>
  refusal(403, Code.forbidden, "edge:origin", "Requests from this origin are not accepted")

export const tooLarge = (limit: number): Refusal =>
  refusal(413, Code.tooLarge, "edge:body_size", `The body is larger than ${limit} bytes`)

export const headTooLarge = (limit: number): Refusal =>
  refusal(431, Code.tooLarge, "edge:head_size", `The path and the headers together are larger than ${limit} bytes`)

export const lengthRequired = (): Refusal =>
  refusal(411, Code.invalidRequest, "edge:length", "Send the body with a Content-Length")

export const slowBody = (): Refusal =>
  refusal(408, Code.invalidRequest, "edge:body_time", "The body did not arrive in time", {
    headers: { connection: "close" }
  })

export const wrongContentType = (): Refusal =>
  refusal(415, Code.invalidRequest, "edge:content_type", "The body must be sent as Content-Type: application/json")

/** `left`: the client went away; otherwise what it sent is no HTTP body, and the HTTP server has said so already. */
export const brokenBody = (left: boolean): Refusal =>
  left
    ? refusal(499, Code.invalidRequest, "edge:body_aborted", "The client left before its body had arrived", {
        outcome: "aborted"
      })
    : refusal(400, Code.invalidRequest, "edge:body_broken", "The body did not arrive whole", {
        headers: { connection: "close" }
      })

export const encodedBody = (): Refusal =>
  refusal(
    415,
    Code.invalidRequest,
    "edge:content_encoding",
    "An encoded body can not be judged: send it without Content-Encoding"
  )

/** `resourceMetadata`: where a client learns how to get in. */
export const unauthenticated = (failure: Unauthenticated, resourceMetadata: string): Refusal =>
  refusal(401, Code.unauthenticated, `auth:${failure.reason}`, describe[failure.reason], {
    headers: { "www-authenticate": unauthorized(failure, { scope: ADVERTISED, resourceMetadata }) }
  })

export const authUnavailable = (failure: AuthUnavailable): Refusal =>
  refusal(503, Code.unavailable, "auth:unavailable", `The credential can not be checked now: ${failure.problem}`, {
    outcome: "error",
    headers: { "retry-after": "5" }
  })

export const authBusy = ({ retryAfterSeconds }: AuthBusy): Refusal =>
  refusal(
    429,
    Code.tooManyRequests,
    "auth:busy",
    `Too many new credentials wait to be checked: try again in ${retryAfterSeconds} s`,
    { headers: { "retry-after": String(retryAfterSeconds) } }
  )

export const foreignCredential = (): Refusal =>
  refusal(
    400,
    Code.invalidRequest,
    "auth:own_token_for_server",
    "Authorization holds a token of this gateway: beside X-Authorization it must hold the server's own credential"
  )

/** `pathname`: as the edge let it pass, so plain. */
export const notFound = (pathname: string): Refusal => {
  const shown = pathname.length > 200 ? `${pathname.slice(0, 200)}…` : pathname
  const words = `No server is registered at '${shown}': GET /api/servers lists those you may use`
  return refusal(404, Code.notFound, "resolve:not_found", words)
}

export const unavailable = (server: string, reason: string): Refusal =>
  refusal(503, Code.unavailable, "resolve:unavailable", `Server '${server}' is not available: ${reason}`, {
    outcome: "error",
    headers: { "retry-after": "5" }
  })

export interface Step {
  readonly resourceMetadata: string
  /** Scopes with which asking again could help; empty: nothing would. */
  readonly scope: ReadonlyArray<string>
}

const NO_GRANT: Readonly<Record<string, string>> = {
  "no-scopes": "you have no scopes configured",
  "key-limit": "the limits of your API key exclude it"
}

/** `rule`: of the policy's decision on a method that any grant implies. */
export const noGrant = (server: string, rule: string, step: Step): Refusal => {
  const why = NO_GRANT[rule] ?? "none of your scopes covers it"
  return refusal(403, Code.forbidden, `policy:${rule}`, `Access denied to '${server}': ${why}`, {
    decision: "deny",
    headers: { "www-authenticate": insufficientScope(`Access denied to ${server}`, step) }
  })
}

export const malformed = (problem: Malformed): Refusal =>
  refusal(problem.status, problem.code, problem.rule, problem.message, { id: problem.id })

export const batchRefused = (): Refusal =>
  refusal(
    400,
    Code.invalidRequest,
    "envelope:batch",
    "Batches are accepted only in a session that negotiated 2025-03-26"
  )

export const sessionNotFound = (id: JsonRpcId | null): Refusal =>
  refusal(404, Code.notFound, "session:not_found", "Session not found: initialize again", { id })

export const resumeWithoutSession = (): Refusal =>
  refusal(400, Code.invalidRequest, "session:resume", "Last-Event-ID needs the Mcp-Session-Id it belongs to")

/**
 * GET and DELETE without a session, whose owner may use the server. No denial: clients ask for the optional stream after every
 * `initialize`, and a 405 tells them that there is none (W-06).
 */
export const sessionNeeded = (): Refusal =>
  refusal(405, Code.invalidRequest, "session:none", "This needs a session: send Mcp-Session-Id, or POST", {
    headers: { allow: "POST" }
  })

/**
 * A refused call. A refused tool and a tool that does not exist get the same bytes (design.md §6); the rule that decided goes to
 * audit alone. A request is answered as JSON-RPC answers (200), a notification by status (W-03).
 */
export const denied = (
  call: Denied,
  id: JsonRpcId | undefined,
  index: number,
  siblings: ReadonlyArray<JsonRpcId> | undefined
): Refusal => {
  const { access, decision } = call
  const server = access.server.slice(1)
  // With a request in it, it is answered: by JSON-RPC errors, which are 200. Without one there is only the status to tell (W-03).
  const answered = id !== undefined || (siblings !== undefined && siblings.length > 0)
  const rest = { decision: "deny", id: id ?? null, index, siblings: answered ? siblings : undefined } as const
  const status = answered ? 200 : 403
  if (access.method === "tools/call") {
    const what =
      access.tool === undefined ? "no tool was named" : `no tool '${access.tool.slice(0, 200)}' for you on '${server}'`
    return refusal(status, Code.invalidParams, decision.rule, `Access denied: ${what}`, rest)
  }
  const words = `Access denied: method '${access.method.slice(0, 200)}' is not allowed for you on '${server}'`
  return refusal(status, Code.methodNotFound, decision.rule, words, rest)
}

const FAILURES: Record<
  Exclude<ForwardFailure["reason"], keyof typeof UNSENT>,
  readonly [status: number, code: number, words: string]
> = {
  refused: [502, Code.upstreamFailed, "refused the connection"],
  unreachable: [502, Code.upstreamFailed, "can not be reached"],
  unknown_host: [502, Code.upstreamFailed, "has no known address"],
  blocked_address: [502, Code.upstreamFailed, "is at an address that may not be called: an administrator can allow it"],
  broken: [502, Code.upstreamFailed, "broke off the exchange"],
  credential_missing: [502, Code.upstreamFailed, "can not be called"],
  credential_refused: [502, Code.upstreamFailed, "did not accept the credential sent to it"],
  redirected: [502, Code.upstreamFailed, "answered with a redirect, which is not followed"],
  no_endpoint: [502, Code.upstreamFailed, "has no MCP endpoint at its registered URL"],
  unreadable: [502, Code.upstreamFailed, "sent an answer that is no MCP answer"],
  crowded: [429, Code.tooManyRequests, "owes your stream too many answers: read those first"],
  no_stream: [404, Code.notFound, "knows no open stream of that id: connect to its /sse again"],
  connect_timeout: [504, Code.upstreamTimeout, "could not be reached in time"],
  first_byte_timeout: [504, Code.upstreamTimeout, "did not answer in time"],
  circuit_open: [503, Code.unavailable, "failed several times in a row and is left alone for a while"],
  total_timeout: [504, Code.upstreamTimeout, "took longer to answer than a call may take"],
  idle_timeout: [504, Code.upstreamTimeout, "fell silent within its answer"],
  aborted: [499, Code.upstreamFailed, "was still answering when the client left"]
}

/**
 * What was never dispatched (`StateGate`), as servers answer it. An id that is another's, expired, altered or made up gets the same words
 * as one there never was (W-63).
 */
const UNSENT = {
  unknown_task: [200, Code.invalidParams, "Task not found", undefined],
  undeclared_tasks: [
    400,
    Code.missingCapability,
    "Missing required client capability",
    { requiredCapabilities: { extensions: { [TASKS]: {} } } }
  ],
  unknown_task_method: [404, Code.methodNotFound, "Method not found", undefined],
  foreign_state: [
    200,
    Code.invalidParams,
    "The requestState is not yours for this request, was changed, or has expired: ask again without it",
    undefined
  ]
} as const

/** A notification is answered by status (W-03). */
const unsent = (reason: keyof typeof UNSENT, id: JsonRpcId | null): Refusal => {
  const [status, code, words, data] = UNSENT[reason]
  const rest = { decision: "deny", id, ...(data === undefined ? {} : { data }) } as const
  return refusal(id === null && status === 200 ? 400 : status, code, `seal:${reason}`, words, rest)
}

const isUnsent = (reason: ForwardFailure["reason"]): reason is keyof typeof UNSENT => Object.hasOwn(UNSENT, reason)

export const forwardFailed = (server: string, failure: ForwardFailure, id: JsonRpcId | null): Refusal => {
  const { reason, retryAfterSeconds } = failure
  if (isUnsent(reason)) return unsent(reason, id)
  const [status, code, usual] = FAILURES[reason]
  const words = reason === "credential_missing" ? failure.detail : usual
  return refusal(status, code, `upstream:${reason}`, `Server '${server}' ${words}`, {
    decision: "allow",
    outcome: reason === "aborted" ? "aborted" : "error",
    id,
    headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }
  })
}

/** The caller may not have more open at once; what it has ends sooner or later. */
export const tooManyStreams = (limit: number, id: JsonRpcId | null): Refusal =>
  refusal(
    429,
    Code.tooManyRequests,
    "gate:streams",
    `You have ${limit} streams and calls open, and may not have more: close some first`,
    { decision: "allow", id, headers: { "retry-after": "5" } }
  )

export const unrecordable = (): Refusal =>
  refusal(
    503,
    Code.unavailable,
    "audit:full",
    "The audit record can not be written now, and no call is carried without it",
    {
      outcome: "error",
      headers: { "retry-after": "1" }
    }
  )

export const internal = (): Refusal =>
  refusal(500, Code.internalError, "internal", "The gateway failed to handle this request; its log says why", {
    outcome: "error"
  })
