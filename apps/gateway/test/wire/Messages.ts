/** JSON-RPC messages as fast-check makes them: calls of all kinds of tools and methods, responses, any JSON within them. For tests only. */
import * as fc from "fast-check"
import { type Node, obj } from "./JsonTree.ts"

/** Undefined leaves the key out. */
const maybe = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 6 })

const TOOLS = [
  "allowed",
  "denied",
  "Allowed",
  "allowed ",
  "allowed\u0000",
  "\uFEFFallowed",
  "a\u200bllowed",
  "allowed\ud800",
  ""
]
const NAMES = fc.oneof(
  { weight: 6, arbitrary: fc.constant("allowed") },
  fc.constantFrom(...TOOLS),
  fc.string({ unit: "binary" })
)

const METHODS = [
  "tools/list",
  "ping",
  "initialize",
  "server/discover",
  "resources/read",
  "prompts/get",
  "notifications/initialized",
  "notifications/cancelled",
  "Tools/Call",
  "tools/call ",
  "http:GET",
  "http:DELETE",
  "__proto__",
  "constructor",
  ""
]
const METHOD = fc.oneof(
  { weight: 8, arbitrary: fc.constant("tools/call") },
  { weight: 4, arbitrary: fc.constantFrom(...METHODS) },
  fc.string({ maxLength: 300 })
)

const IDS: ReadonlyArray<Node> = [
  1,
  0,
  "1",
  "",
  -1,
  { raw: "1.0" },
  { raw: "1e2" },
  { raw: "9007199254740993" },
  { raw: "1e400" },
  1.5,
  null
]
const ID: fc.Arbitrary<Node> = fc.oneof({ weight: 6, arbitrary: fc.constant<Node>(7) }, fc.constantFrom(...IDS))

/** Any JSON, with keys that have a meaning somewhere. */
export const anyJson = fc.letrec<{ readonly node: Node; readonly leaf: Node; readonly obj: Node; readonly list: Node }>(
  (tie) => ({
    node: fc.oneof({ depthSize: "small", maxDepth: 4 }, tie("leaf"), tie("obj"), tie("list")),
    leaf: fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(true, null, "\ud800", { raw: "-0" }, { raw: "1E+30" })
    ),
    obj: fc
      .uniqueArray(
        fc.record({
          key: fc.oneof(
            fc.constantFrom("name", "method", "__proto__", "constructor", "toJSON", ""),
            fc.string({ maxLength: 8 })
          ),
          value: tie("node")
        }),
        { maxLength: 4, selector: ({ key }) => key }
      )
      .map((members): Node => ({ members })),
    list: fc.array(tie("node"), { maxLength: 4 })
  })
).node

const VERSION = "io.modelcontextprotocol/protocolVersion"
const META: fc.Arbitrary<Node> = fc.oneof(
  anyJson,
  fc.constantFrom("2026-07-28", "2025-11-25", "2027-01-01").map((version) => obj({ [VERSION]: version }))
)

const PARAMS: fc.Arbitrary<Node> = fc
  .record({
    name: maybe(NAMES),
    arguments: maybe(anyJson),
    _meta: fc.option(META, { nil: undefined, freq: 1 }),
    uri: fc.option(fc.string(), { nil: undefined, freq: 1 }),
    extra: fc.option(anyJson, { nil: undefined, freq: 1 })
  })
  .map(obj)

const CALL: fc.Arbitrary<Node> = fc
  .record({ jsonrpc: fc.constant("2.0"), id: maybe(ID), method: METHOD, params: maybe(PARAMS) })
  .map(obj)

const RESPONSE: fc.Arbitrary<Node> = fc
  .record({
    jsonrpc: fc.constant("2.0"),
    id: ID,
    result: maybe(anyJson),
    error: fc.option(anyJson, { nil: undefined, freq: 1 })
  })
  .map(obj)

const PLAIN: fc.Arbitrary<Node> = fc.constant(
  obj({ jsonrpc: "2.0", id: 7, method: "tools/call", params: obj({ name: "allowed", arguments: obj({ text: "hi" }) }) })
)

/** Claims the era in which headers repeat the body, whatever the headers say. */
const MODERN: fc.Arbitrary<Node> = fc
  .record({
    id: maybe(ID),
    method: fc.constantFrom("tools/call", "tools/call", "tools/list", "ping", "server/discover", "tools/write"),
    name: maybe(NAMES)
  })
  .map(({ id, method, name }) =>
    obj({ jsonrpc: "2.0", id, method, params: obj({ name, _meta: obj({ [VERSION]: "2026-07-28" }) }) })
  )

/** Requests, notifications and responses, mostly good ones. */
export const messages = fc.oneof(
  { weight: 5, arbitrary: CALL },
  { weight: 3, arbitrary: PLAIN },
  { weight: 1, arbitrary: MODERN },
  { weight: 1, arbitrary: RESPONSE }
)
