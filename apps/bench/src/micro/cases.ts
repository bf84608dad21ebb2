/** The functions on the hot path that have a bar of their own, each beside the parse it is compared with. */
import type { Principal } from "@mcpgw/domain/Principal"
import { readEnvelope } from "@mcpgw/mcp/Envelope"
import { fromRules } from "@mcpgw/policy/Library"
import type { Policy, Subject } from "@mcpgw/policy/Policy"
import { filterEvents, filterText, type Seen, type Viewer } from "@mcpgw/proxy/ListFilter"
import { EVENT, EVENT_DATA, LARGE, LIST_EVENT, MEDIUM, PROSE, SMALL, TOOL_LIST, TOOL_NAMES } from "./messages.ts"

export interface Case {
  readonly name: string
  readonly bar?: number
  readonly work: () => unknown
}

export interface Group {
  readonly name: string
  /** The first is the yardstick. */
  readonly cases: ReadonlyArray<Case>
}

/** design.md §4. */
const ENVELOPE_BAR = 2
const LIST_BAR = 2.2

const subject: Subject & Pick<Principal["claims"], "scopes"> = { groups: [], scopes: ["bench/execute"] }
const SERVER = "/bench"

const policyOf = (tools: ReadonlyArray<string>): Policy =>
  fromRules({ scopes: { "bench/execute": [{ server: "bench", methods: ["tools/list"], tools }] } })

const all = policyOf(TOOL_NAMES)
export const half = policyOf(TOOL_NAMES.filter((_, i) => i % 2 === 0))

const seen: Seen = { failure: undefined }
export const viewerOf = (policy: Policy): Viewer => ({ policy: () => policy, subject, server: SERVER })

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const envelope = (name: string, text: string): Group => {
  const bytes = encoder.encode(text)
  return {
    name: `envelope, ${name}, ${bytes.length} B`,
    cases: [
      { name: "JSON.parse", work: () => JSON.parse(text) },
      { name: "decode + JSON.parse", work: () => JSON.parse(decoder.decode(bytes)) },
      { name: "readEnvelope", bar: ENVELOPE_BAR, work: () => readEnvelope(bytes) }
    ]
  }
}

const filtered = (policy: Policy): unknown => {
  const result = policy.filterList(subject, SERVER, JSON.parse(TOOL_LIST))
  return result.changed ? JSON.stringify(result.message) : TOOL_LIST
}

const list: Group = {
  name: `list of 100 tools, ${TOOL_LIST.length} B`,
  cases: [
    { name: "JSON.parse", work: () => JSON.parse(TOOL_LIST) },
    { name: "parse + filterList, all shown", bar: LIST_BAR, work: () => filtered(all) },
    { name: "parse + filterList + write, half hidden", bar: LIST_BAR, work: () => filtered(half) },
    { name: "filterText as relayed, all shown", bar: LIST_BAR, work: () => filterText(viewerOf(all), TOOL_LIST, seen) },
    {
      name: "filterText as relayed, half hidden",
      bar: LIST_BAR,
      work: () => filterText(viewerOf(half), TOOL_LIST, seen)
    }
  ]
}

const event = encoder.encode(EVENT)
const listEvent = encoder.encode(LIST_EVENT)

const events: Group = {
  name: `event stream, ${event.length} B event`,
  cases: [
    { name: "JSON.parse of its data", work: () => JSON.parse(EVENT_DATA) },
    { name: "filterEvents, nothing to judge", work: () => filterEvents(viewerOf(half), event, seen) },
    { name: "filterEvents, the list half hidden", work: () => filterEvents(viewerOf(half), listEvent, seen) }
  ]
}

const access = { server: SERVER, method: "tools/call", tool: "tool_42" }

const decision: Group = {
  name: "decision",
  cases: [{ name: "policy.decide, tools/call", work: () => all.decide(subject, access) }]
}

export const groups: ReadonlyArray<Group> = [
  envelope("small", SMALL),
  envelope("medium", MEDIUM),
  envelope("large", LARGE),
  envelope("prose", PROSE),
  list,
  events,
  decision
]
