/**
 * Opens the task ids and `requestState` a caller brings back to a server that sees one identity for everybody: they were handed to this
 * caller, by this server, or they do not exist (design.md §6; S-09, W-63, W-66). The server gets its own values again; every other byte
 * of the message stays as it came. Never asks whether the call may happen.
 *
 * Only the modern era's (2026-07-28) are sealed. A task of 2025-11-25 is announced on any stream of the session, asked about by the
 * server in requests of its own and answered by the client with its id: all of that would have to be read and rewritten. There the
 * session is bound to the caller, and the server can tell tasks apart by it; where there is none, nothing tells them apart, and nobody
 * has a task.
 */
import { eraOf, decodeHeaderValue, encodeHeaderValue } from "@mcpgw/mcp/HeaderClaims"
import { foldedKey, type Message } from "@mcpgw/mcp/Envelope"
import { type HeaderFields, MCP_NAME, PROTOCOL_VERSION } from "@mcpgw/mcp/HeaderNames"
import { editText, type JsonEdit } from "@mcpgw/mcp/JsonEdit"
import { isObject, type JsonObject } from "@mcpgw/mcp/JsonRpc"
import { countKeys } from "@mcpgw/mcp/JsonText"
import type { CredentialsApi } from "./Credentials.ts"
import { failure, type ForwardFailure, type Outbound } from "./Forward.ts"
import { isTaskMethod, StateSealer, type StateSealerParts } from "./StateSealer.ts"

export interface StateGateParts extends StateSealerParts {
  readonly credentials: CredentialsApi
}

/** A call as its server gets it, and what seals the answer. */
export interface OpenedStates {
  readonly sent: Outbound
  readonly sealer: StateSealer
}

const LISTEN = "subscriptions/listen"
const NOT_THEIRS = "a task id was not handed to this caller by this server, or has expired"
const UNKNOWN_TASK = failure("unknown_task", NOT_THEIRS)
const UNDECLARED_TASKS = failure("undeclared_tasks", NOT_THEIRS)
const UNKNOWN_TASK_METHOD = failure("unknown_task_method", NOT_THEIRS)
const FOREIGN_STATE = failure("foreign_state", "a requestState was not handed to this caller for it, or has expired")

/** Hot. Undefined: nothing of the call concerns this gate. */
export const openStates = (parts: StateGateParts, outbound: Outbound): OpenedStates | ForwardFailure | undefined => {
  const message = outbound.envelope?.messages[0]
  if (message === undefined || message.kind === "response") return undefined
  if (!speaksModern(message, outbound.headers)) return legacy(parts, outbound)
  const hands = handsOut(message.method)
  if ((!hands && message.params?.["requestState"] === undefined) || !isShared(parts, outbound)) return undefined
  const sealer = new StateSealer(parts, outbound, message)
  const edits = bringsBack(message) ? openParams(sealer, message) : undefined
  if (edits === undefined) return { sent: outbound, sealer }
  if (edits === "requestState") return FOREIGN_STATE
  return edits === "taskId" ? unknownTask(message) : rewritten(outbound, sealer, edits)
}

/** The methods of the Tasks extension (W-63). */
const TASK_METHODS: ReadonlySet<string> = new Set(["tasks/get", "tasks/update", "tasks/cancel"])
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
/** The extension's name. */
export const TASKS = "io.modelcontextprotocol/tasks"

/** What the protocol has a server say to a task id it does not know: that comes only after the method and the client's capabilities. */
const unknownTask = ({ method, params }: Message): ForwardFailure => {
  if (isTaskMethod(method) && !TASK_METHODS.has(method)) return UNKNOWN_TASK_METHOD
  const declared = memberOf(memberOf(memberOf(memberOf(params, "_meta"), CAPABILITIES), "extensions"), TASKS)
  return declared === undefined ? UNDECLARED_TASKS : UNKNOWN_TASK
}

const memberOf = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

/** Has the request anything to open? The usual call has not. */
const bringsBack = ({ method, params }: Message): boolean =>
  params?.["requestState"] !== undefined || isTaskMethod(method) || method === LISTEN

/** Could the answer hold something to seal? */
const handsOut = (method: string): boolean => {
  switch (method) {
    case "tools/call":
    case "prompts/get":
    case "resources/read":
    case LISTEN:
      return true
    default:
      return isTaskMethod(method)
  }
}

/** Of a notification the header alone may say it (protocol.md §1.2). */
const speaksModern = ({ kind, version }: Message, headers: HeaderFields): boolean =>
  eraOf(version ?? (kind === "notification" ? headers[PROTOCOL_VERSION]?.trim() : undefined)) === "modern"

const isShared = ({ credentials }: StateGateParts, { target, principal, clientAuthorization }: Outbound): boolean =>
  credentials.isShared(target.server, principal, clientAuthorization)

const legacy = (parts: StateGateParts, outbound: Outbound): ForwardFailure | undefined =>
  outbound.session === undefined &&
  outbound.envelope?.messages.some(({ method }) => isTaskMethod(method)) === true &&
  isShared(parts, outbound)
    ? UNKNOWN_TASK
    : undefined

type Edits = ReadonlyMap<string, JsonEdit>

/** Which kind of value does not open. */
type Unopened = "taskId" | "requestState"

/** What becomes of the params; undefined when nothing does. */
const openParams = (sealer: StateSealer, { method, params }: Message): Edits | Unopened | undefined => {
  const edits = new Map<string, JsonEdit>()
  const state = params?.["requestState"]
  if (state !== undefined && state !== null) {
    const value = typeof state === "string" ? sealer.openRequestState(state) : undefined
    if (value === undefined) return "requestState"
    edits.set("requestState", { _tag: "Replace", value })
  }
  const taskId = params?.["taskId"]
  if (isTaskMethod(method) && (taskId !== undefined || !TASK_METHODS.has(method))) {
    // Asked about tasks without a name, a server would speak of everybody's.
    const task = openTask(sealer, taskId)
    if (task === undefined) return "taskId"
    edits.set("taskId", task)
  }
  const filter = params?.["notifications"]
  if (method === LISTEN && isObject(filter)) {
    const tasks = openListened(sealer, filter)
    if (tasks === "taskId") return tasks
    if (tasks !== undefined) edits.set("notifications", tasks)
  }
  return edits.size === 0 ? undefined : edits
}

const openTask = (sealer: StateSealer, presented: unknown): JsonEdit | undefined => {
  const value = typeof presented === "string" ? sealer.openTask(presented) : undefined
  return value === undefined ? undefined : { _tag: "Replace", value }
}

const TASK_IDS = "taskIds"
/** Opening one takes some microseconds, and a body has room for many. */
const MAX_LISTENED = 1_000

const openListened = (sealer: StateSealer, filter: JsonObject): JsonEdit | "taskId" | undefined => {
  // A server that reads keys in any case would take ids from here that nobody opened.
  for (const key in filter) if (key !== TASK_IDS && foldedKey(key) === "taskids") return "taskId"
  const ids = filter[TASK_IDS]
  if (ids === undefined) return undefined
  if (!Array.isArray(ids) || ids.length > MAX_LISTENED) return "taskId"
  const edits = new Map<number, JsonEdit>()
  for (const [i, id] of ids.entries()) {
    const task = openTask(sealer, id)
    if (task === undefined) return "taskId"
    edits.set(i, task)
  }
  return { _tag: "Members", edits: new Map([[TASK_IDS, { _tag: "Elements", edits }]]) }
}

const utf8 = new TextDecoder()
const encoder = new TextEncoder()
/** More than the envelope check lets pass. */
const MAX_DEPTH = 512

const rewritten = (outbound: Outbound, sealer: StateSealer, params: Edits): OpenedStates | ForwardFailure => {
  const { body, headers } = outbound
  if (body === undefined) return failure("broken", "a message without its text")
  const text = utf8.decode(body)
  const edit: JsonEdit = { _tag: "Members", edits: new Map([["params", { _tag: "Members", edits: params }]]) }
  const opened = editText(text, edit, countKeys(JSON.parse(text), MAX_DEPTH))
  // The envelope check refuses a key that is there twice, and this would be one.
  if (opened === undefined) return failure("broken", "a message whose text says more than its value")
  const named = nameHeader(headers, sealer, params.get("taskId"))
  return { sent: { ...outbound, headers: named ?? headers, body: encoder.encode(opened) }, sealer }
}

/** `Mcp-Name` agreed with the body as the client sent it (W-41), and has to for the server. */
const nameHeader = (
  headers: HeaderFields,
  sealer: StateSealer,
  task: JsonEdit | undefined
): HeaderFields | undefined => {
  const name = headers[MCP_NAME]
  if (name === undefined || task?._tag !== "Replace") return undefined
  return decodeHeaderValue(name) === sealer.presentedAs(task.value)
    ? { ...headers, [MCP_NAME]: encodeHeaderValue(task.value) }
    : undefined
}
