/**
 * Seals what one answer hands to a caller and wants back: the task ids and `requestState` of the modern era, wherever the protocol and
 * its Tasks extension carry them (W-63, W-66). Every other byte of a message stays; one that holds none is not even parsed.
 */
import { holds, needle } from "@mcpgw/mcp/ByteSearch"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import type { Message } from "@mcpgw/mcp/Envelope"
import { editText, editValue, type JsonEdit } from "@mcpgw/mcp/JsonEdit"
import { isObject, type JsonObject } from "@mcpgw/mcp/JsonRpc"
import { countKeys } from "@mcpgw/mcp/JsonText"
import { openState, requestDigest, sealState, type StateUse } from "@mcpgw/mcp/StateSeal"
import type { Outbound } from "./Forward.ts"
import { serverBinding } from "./SessionGate.ts"

export interface StateSealerParts {
  readonly keys: KeyRingApi
  readonly options: {
    /** Life of a sealed `requestState`. */
    readonly sessionSeconds: number
  }
}

/** Life of a sealed task id, unless the task itself says it lives longer: clients keep them across restarts. */
const TASK_SECONDS = 30 * 24 * 3600
/** A task may say it lives for ever. */
const MAX_TASK_SECONDS = 10 * 365 * 24 * 3600

const MAX_DEPTH = 512
const TASK: StateUse = { kind: "task" }

const REQUEST_STATE = "requestState"
/** Begins `taskIds`, too. */
const TASK_ID = "taskId"
const REQUEST_STATE_BYTES = needle(REQUEST_STATE)
const TASK_ID_BYTES = needle(TASK_ID)

const utf8 = new TextDecoder()

/** Any method of the Tasks extension, those it may still get too. */
export const isTaskMethod = (method: string): boolean => method.startsWith("tasks/")

export class StateSealer {
  private readonly parts: StateSealerParts
  private readonly outbound: Outbound
  private readonly message: Message
  /** Task ids this call named, sealed: the client gets them back as it knows them. */
  private presented: Map<string, string> | undefined = undefined
  private digest: string | undefined = undefined

  constructor(parts: StateSealerParts, outbound: Outbound, message: Message) {
    this.parts = parts
    this.outbound = outbound
    this.message = message
  }

  /** The server's own id; undefined for one that was not handed to this caller. */
  openTask(sealed: string): string | undefined {
    const id = this.open(TASK, sealed)
    if (id !== undefined) (this.presented ??= new Map<string, string>()).set(id, sealed)
    return id
  }

  /** The sealed form in which this call named the task. */
  presentedAs(id: string): string | undefined {
    return this.presented?.get(id)
  }

  openRequestState(sealed: string): string | undefined {
    return this.open(this.requestState(), sealed)
  }

  /**
   * Hot. Could these bytes hold something to seal? A key spelt with escapes is not found: its value reaches the client as it is, and is
   * worth nothing when it comes back.
   */
  mayHold(bytes: Uint8Array): boolean {
    return holds(bytes, TASK_ID_BYTES) || holds(bytes, REQUEST_STATE_BYTES)
  }

  /** The same, of a text. */
  mayHoldText(text: string): boolean {
    return text.includes(TASK_ID) || text.includes(REQUEST_STATE)
  }

  /** A JSON message as the client gets it; undefined: as it came. */
  seal(message: Uint8Array | string): string | undefined {
    if (typeof message === "string") return this.mayHoldText(message) ? this.sealText(message) : undefined
    return this.mayHold(message) ? this.sealText(utf8.decode(message)) : undefined
  }

  private sealText(text: string): string | undefined {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      return undefined
    }
    const keys = countKeys(message, MAX_DEPTH)
    if (keys === -1 || !isObject(message)) return undefined
    const edit = this.editOf(message)
    return edit === undefined ? undefined : (editText(text, edit, keys) ?? JSON.stringify(editValue(message, edit)))
  }

  private editOf({ method, params, result }: JsonObject): JsonEdit | undefined {
    if (isObject(result)) return within("result", this.ofResult(result))
    if (typeof method !== "string" || !isObject(params)) return undefined
    if (method === "notifications/subscriptions/acknowledged") return within("params", this.ofAcknowledged(params))
    return method.startsWith("notifications/tasks") ? within("params", this.ofTask(params)) : undefined
  }

  private ofResult(result: JsonObject): JsonEdit | undefined {
    const { resultType, [REQUEST_STATE]: state } = result
    if (resultType === "input_required" && typeof state === "string") {
      const seconds = this.parts.options.sessionSeconds
      return within(REQUEST_STATE, replaced(this.sealed(this.requestState(), state, seconds)))
    }
    return resultType === "task" || isTaskMethod(this.message.method) ? this.ofTask(result) : undefined
  }

  private ofTask(task: JsonObject): JsonEdit | undefined {
    const id = task[TASK_ID]
    return typeof id === "string" ? within(TASK_ID, replaced(this.sealedTask(id, task["ttlMs"]))) : undefined
  }

  private ofAcknowledged({ notifications }: JsonObject): JsonEdit | undefined {
    const ids: unknown = isObject(notifications) ? notifications["taskIds"] : undefined
    if (!Array.isArray(ids)) return undefined
    const edits = new Map<number, JsonEdit>()
    for (const [i, id] of ids.entries()) {
      const edit = typeof id === "string" ? replaced(this.sealedTask(id, undefined)) : undefined
      if (edit !== undefined) edits.set(i, edit)
    }
    return within("notifications", within("taskIds", { _tag: "Elements", edits }))
  }

  private sealedTask(id: string, ttlMs: unknown): string | undefined {
    const known = this.presentedAs(id)
    if (known !== undefined) return known
    const seconds = typeof ttlMs === "number" ? Math.min(Math.ceil(ttlMs / 1000), MAX_TASK_SECONDS) : 0
    return this.sealed(TASK, id, Math.max(TASK_SECONDS, seconds))
  }

  /** Bound to the request, of which a retry repeats all but what belongs to one round. */
  private requestState(): StateUse {
    this.digest ??= requestDigest(this.message.params)
    return { kind: "requestState", method: this.message.method, digest: this.digest }
  }

  private sealed(use: StateUse, value: string, seconds: number): string | undefined {
    const key = this.parts.keys.sealing[0]
    return key === undefined ? undefined : sealState(key, this.binding(use), value, epochSeconds() + seconds)
  }

  private open(use: StateUse, sealed: string): string | undefined {
    return openState(this.parts.keys.sealing, this.binding(use), sealed, epochSeconds())
  }

  private binding(use: StateUse) {
    const { principal, target } = this.outbound
    return { owner: principal.claims, server: serverBinding(target.server), use }
  }
}

const epochSeconds = (): number => Math.floor(Date.now() / 1000)

const replaced = (value: string | undefined): JsonEdit | undefined =>
  value === undefined ? undefined : { _tag: "Replace", value }

const within = (key: string, edit: JsonEdit | undefined): JsonEdit | undefined =>
  edit === undefined ? undefined : { _tag: "Members", edits: new Map([[key, edit]]) }
