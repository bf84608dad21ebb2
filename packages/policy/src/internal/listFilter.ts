/**
 * Takes out of a list result what the subject may not use. Lists are recognised by shape wherever they travel
 * (design.md §6, "Lists and calls agree"): an own `tools`, `prompts`, `resources` or `resourceTemplates` of a JSON-RPC
 * result. Never changes its input; what it can not read it refuses rather than passes.
 */
import type { Filtered } from "../Policy.ts"
import { PROMPTS_GET, RESOURCES_READ } from "../Methods.ts"
import { type CompiledRule, decideMethod, decideTool } from "./compiledRule.ts"

/** JSON-RPC "internal error": the server's answer was no list. */
const UNREADABLE_CODE = -32603
const UNREADABLE_MESSAGE = "The server's list could not be read"

type JsonObject = Readonly<Record<string, unknown>>
type Rules = ReadonlyArray<CompiledRule>

interface Member {
  readonly key: string
  /** What an entry is known by. */
  readonly id: string
  readonly usable: (rules: Rules, id: string) => boolean
}

const byMethod =
  (method: string) =>
  (rules: Rules): boolean =>
    rules.length > 0 && decideMethod(rules, method).allowed

const MEMBERS: ReadonlyArray<Member> = [
  { key: "tools", id: "name", usable: (rules, name) => name !== "" && decideTool(rules, name).allowed },
  { key: "prompts", id: "name", usable: byMethod(PROMPTS_GET) },
  { key: "resources", id: "uri", usable: byMethod(RESOURCES_READ) },
  { key: "resourceTemplates", id: "uriTemplate", usable: byMethod(RESOURCES_READ) }
]

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The entries to keep, the same array when all are; undefined when one can not be judged. */
const keep = (rules: Rules, member: Member, entries: ReadonlyArray<unknown>): ReadonlyArray<unknown> | undefined => {
  const kept: Array<unknown> = []
  for (const entry of entries) {
    const id = isObject(entry) && Object.hasOwn(entry, member.id) ? entry[member.id] : undefined
    if (typeof id !== "string") return undefined
    if (member.usable(rules, id)) kept.push(entry)
  }
  return kept.length === entries.length ? entries : kept
}

const refuse = (message: JsonObject): Filtered => ({
  message: {
    jsonrpc: "2.0",
    id: message["id"] ?? null,
    error: { code: UNREADABLE_CODE, message: UNREADABLE_MESSAGE }
  },
  changed: true,
  hidden: 0,
  refused: true
})

const same = (message: unknown): Filtered => ({ message, changed: false, hidden: 0, refused: false })

const filterMessage = (rules: Rules, message: unknown): Filtered => {
  if (!isObject(message) || !Object.hasOwn(message, "result")) return same(message)
  const result = message["result"]
  if (!isObject(result)) return same(message)
  const changes: Record<string, unknown> = {}
  let changed = false
  let isList = false
  let hidden = 0
  for (const member of MEMBERS) {
    if (!Object.hasOwn(result, member.key)) continue
    isList = true
    const entries = result[member.key]
    const kept = Array.isArray(entries) ? keep(rules, member, entries) : undefined
    if (!Array.isArray(entries) || kept === undefined) return refuse(message)
    if (kept === entries) continue
    changes[member.key] = kept
    changed = true
    hidden += entries.length - kept.length
  }
  // Lists now differ by caller, so no shared cache may keep one (protocol.md W-56).
  if (isList && Object.hasOwn(result, "cacheScope") && result["cacheScope"] !== "private") {
    changes["cacheScope"] = "private"
    changed = true
  }
  if (!changed) return same(message)
  return { message: { ...message, result: { ...result, ...changes } }, changed, hidden, refused: false }
}

/** Filters a message, or each of a batch, by the rules that hold for the subject on the server it came from. */
export const filterByRules = (rules: Rules, message: unknown): Filtered => {
  if (!Array.isArray(message)) return filterMessage(rules, message)
  // A batch in a batch is no JSON-RPC, and could hide a list.
  const parts = message.map((one: unknown) => (Array.isArray(one) ? refuse({}) : filterMessage(rules, one)))
  if (!parts.some((part) => part.changed)) return same(message)
  return {
    message: parts.map((part) => part.message),
    changed: true,
    hidden: parts.reduce((sum, part) => sum + part.hidden, 0),
    refused: parts.some((part) => part.refused)
  }
}
