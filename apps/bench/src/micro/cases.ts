/** The functions on the hot path that have a bar of their own, each beside the parse it is compared with. */
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { presented } from "@mcpgw/auth/Credential"
import { Revocations } from "@mcpgw/auth/Revocations"
import { Verifiers } from "@mcpgw/auth/Verifiers"
import type { Claims, Principal } from "@mcpgw/domain/Principal"
import { readEnvelope } from "@mcpgw/mcp/Envelope"
import { fromRules } from "@mcpgw/policy/Library"
import type { Policy, Subject } from "@mcpgw/policy/Policy"
import { filterEvents, filterText, type Seen, type Viewer } from "@mcpgw/proxy/ListFilter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EVENT, EVENT_DATA, LARGE, LIST_EVENT, MEDIUM, PROSE, SMALL, TOOL_LIST, TOOL_NAMES } from "./messages.ts"

export interface Case {
  readonly name: string
  /** To the yardstick. */
  readonly bar?: number
  /** By itself, in nanoseconds. */
  readonly limitNs?: number
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

const GATEWAY = "https://gw.example"
const bearer = { kind: "bearer", value: `${"x".repeat(400)}.${"y".repeat(400)}.z`, header: "authorization" } as const
const claims: Claims = {
  issuer: GATEWAY,
  subject: "bench",
  username: "bench",
  clientId: "bench",
  groups: [],
  scopes: ["bench/execute"],
  audience: [GATEWAY],
  expiresAt: Number.MAX_SAFE_INTEGER,
  tokenId: "bench-token",
  method: "oidc"
}

/** The production layer, with one credential that has been verified. */
const auth = await Effect.runPromise(
  Effect.gen(function* () {
    const layer = yield* AuthLayer
    yield* layer.authenticate(bearer)
    return layer
  }).pipe(
    Effect.provide(
      AuthLayer.layer.pipe(
        Layer.provide(
          Layer.merge(
            Revocations.layerMemory,
            Layer.succeed(Verifiers, [{ name: "bench", recognises: () => true, verify: () => Effect.succeed(claims) }])
          )
        )
      )
    )
  )
)

const COOKIES = ["__Host-mcp_gateway_session", "mcp_gateway_session"]
const resources = [GATEWAY, `${GATEWAY}/bench/mcp`]
const headers = { host: "gw.example", authorization: `Bearer ${bearer.value}`, "content-type": "application/json" }

/** What a request with a known token costs until there is a principal. */
const admitted = (): unknown => {
  const credential = presented(headers, COOKIES)
  if (credential === undefined || credential === "malformed") return credential
  const known = auth.cached(credential)
  return known === undefined ? undefined : auth.admit(known, resources, 0)
}

/** The "must hold": a token that has been verified costs at most two microseconds. */
const KNOWN_TOKEN_NS = 2_000

const credential: Group = {
  name: "credential",
  cases: [{ name: "a verified token, to its principal", limitNs: KNOWN_TOKEN_NS, work: admitted }]
}

export const groups: ReadonlyArray<Group> = [
  envelope("small", SMALL),
  envelope("medium", MEDIUM),
  envelope("large", LARGE),
  envelope("prose", PROSE),
  list,
  events,
  decision,
  credential
]
