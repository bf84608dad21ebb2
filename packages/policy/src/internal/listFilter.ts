/**
 * Says what of a list result the subject may not use, and takes it out of a parsed message. Lists are recognised by shape wherever they travel
 * (design.md §6, "Lists and calls agree"): an own `tools`, `prompts`, `resources` or `resourceTemplates` of a JSON-RPC
 * result. Never changes its input; what it can not read it refuses rather than passes.
 */
import { editValue, type JsonEdit } from "@mcpgw/mcp/JsonEdit"
import type { Filtered, JudgedList } from "../Policy.ts"
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

/** Indexes of the entries to take out; undefined when one can not be judged. */
const unusable = (rules: Rules, member: Member, entries: ReadonlyArray<unknown>): ReadonlyArray<number> | undefined => {
  const indexes: Array<number> = []
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]
    const id = isObject(entry) && Object.hasOwn(entry, member.id) ? entry[member.id] : undefined
    if (typeof id !== "string") return undefined
    if (!member.usable(rules, id)) indexes.push(i)
  }
  return indexes
}

const PASSED = Object.freeze<JudgedList>({ edit: undefined, hidden: 0, refused: false })
const REFUSED = Object.freeze<JudgedList>({
  edit: { _tag: "Refuse", code: UNREADABLE_CODE, message: UNREADABLE_MESSAGE },
  hidden: 0,
  refused: true
})
// Lists now differ by caller, so no shared cache may keep one (protocol.md W-56).
const PRIVATE: JsonEdit = { _tag: "Replace", value: "private" }

const judgeMessage = (rules: Rules, message: unknown): JudgedList => {
  if (!isObject(message) || !Object.hasOwn(message, "result")) return PASSED
  const result = message["result"]
  if (!isObject(result)) return PASSED
  const edits = new Map<string, JsonEdit>()
  let isList = false
  let hidden = 0
  for (const member of MEMBERS) {
    if (!Object.hasOwn(result, member.key)) continue
    isList = true
    const entries = result[member.key]
    const indexes = Array.isArray(entries) ? unusable(rules, member, entries) : undefined
    if (indexes === undefined) return REFUSED
    if (indexes.length === 0) continue
    edits.set(member.key, { _tag: "Without", indexes })
    hidden += indexes.length
  }
  if (isList && Object.hasOwn(result, "cacheScope") && result["cacheScope"] !== "private") {
    edits.set("cacheScope", PRIVATE)
  }
  if (edits.size === 0) return PASSED
  return { edit: { _tag: "Members", edits: new Map([["result", { _tag: "Members", edits }]]) }, hidden, refused: false }
}

/** Judges a message, or each of a batch, by the rules that hold for the subject on the server it came from. */
export const judgeByRules = (rules: Rules, message: unknown): JudgedList => {
  if (!Array.isArray(message)) return judgeMessage(rules, message)
  const edits = new Map<number, JsonEdit>()
  let hidden = 0
  let refused = false
  for (let i = 0; i < message.length; i++) {
    const one: unknown = message[i]
    // A batch in a batch is no JSON-RPC, and could hide a list.
    const judged = Array.isArray(one) ? REFUSED : judgeMessage(rules, one)
    if (judged.edit !== undefined) edits.set(i, judged.edit)
    hidden += judged.hidden
    refused ||= judged.refused
  }
  return edits.size === 0 ? PASSED : { edit: { _tag: "Elements", edits }, hidden, refused }
}

/** The message as it was judged. */
export const filterByRules = (rules: Rules, message: unknown): Filtered => {
  const { edit, hidden, refused } = judgeByRules(rules, message)
  if (edit === undefined) return { message, changed: false, hidden, refused }
  return { message: editValue(message, edit), changed: true, hidden, refused }
}
