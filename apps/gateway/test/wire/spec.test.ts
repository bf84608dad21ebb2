/**
 * Every message the protocol's schemas allow goes through a real gateway and arrives byte for byte: client to server, and server to
 * client as JSON, on the stream of a POST and on the GET stream. The policy allows everything, and the server knows its callers by their
 * own credential, so nothing may be touched: neither cut nor sealed, `_meta` with unknown keys included (W-51).
 */
import type { TestGateway } from "@mcpgw/testkit/Gateway"
import { SESSION } from "@mcpgw/testkit/LegacyScript"
import { type Caller, openSession, withHeaders } from "@mcpgw/testkit/McpRequest"
import { type Asked, result } from "@mcpgw/testkit/ScriptedServer"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { at, startSeeded } from "../support/seed.ts"
import { errorsOf, messagesOf, oddly, type SpecMessage, UNKNOWN_META } from "./SpecMessages.ts"
import { readSpecSchemas, type SpecSchema } from "./SpecSchemas.ts"
import { startUpstream, type Upstream } from "./Upstream.ts"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
all:
  - server: "*"
    methods: ["*"]
    tools: ["*"]
`

const SCHEMAS = readSpecSchemas()
const MODERN = "2026-07-28"
const MOST_IN_A_BATCH = 50

let server: Upstream
let gateway: TestGateway
let anyone: Caller
/** What the server answers next. */
let next: (asked: Asked) => Response

const dualToken = (token: string) => ({ "x-authorization": `Bearer ${token}`, authorization: "Bearer the-callers-own" })

const accepted = (): Response => new Response(null, { status: 202 })

beforeAll(async () => {
  server = await startUpstream((asked) => next(asked))
  next = () => accepted()
  gateway = await startSeeded({ servers: [at("/one", server.url, { auth_type: "bearer" })], scopes: SCOPES })
  const url = `${gateway.url}/one/mcp`
  anyone = { url, headers: dualToken(await gateway.token(["all"])) }
})

afterAll(async () => {
  await Promise.all([gateway?.close(), server?.stop()])
})

/** A caller who speaks this version: within a session, where it has sessions. */
const speaking = async (version: string): Promise<Caller> => {
  if (version === MODERN) return withHeaders(anyone, { "mcp-protocol-version": version })
  next = (asked) =>
    asked.rpc.method === "initialize"
      ? result(asked, { protocolVersion: version, capabilities: {}, serverInfo: {} }, { headers: { [SESSION]: "s" } })
      : accepted()
  return openSession(anyone, version)
}

const NAMED: Readonly<Record<string, string>> = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" }

/** What a 2026-07-28 client says of the message in headers; earlier ones say nothing. */
const claims = (version: string, { message }: SpecMessage): Readonly<Record<string, string>> => {
  if (version !== MODERN || message["method"] === undefined) return {}
  const params = (message["params"] ?? {}) as Readonly<Record<string, unknown>>
  const name = params[NAMED[String(message["method"])] ?? ""]
  return {
    "mcp-method": String(message["method"]),
    ...(name === undefined ? {} : { "mcp-name": `=?base64?${Buffer.from(String(name)).toString("base64")}?=` })
  }
}

const send = ({ url, headers }: Caller, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  fetch(url, {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
    body
  })

const spellings = ({ message }: SpecMessage): ReadonlyArray<Buffer<ArrayBuffer>> =>
  [JSON.stringify(message), ` ${oddly(message)}\r\n`].map((text) => Buffer.from(text))

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

const assertSame = (got: Buffer | undefined, sent: Buffer, name: string): void => {
  if (got?.equals(sent) !== true) assert.strictEqual(got?.toString(), sent.toString(), name)
}

/**
 * Which entries of a list a caller sees depends on the caller, so no cache may show one caller's to another: the one thing the
 * gateway says differently in what everybody may see.
 */
const asPrivate = (text: string, definition: string): string =>
  /^List\w+Result$/.test(definition) ? text.replace(/("cacheScope": ?)"public"/, '$1"private"') : text

/** One event as plain servers write it. */
const plainEvent = ({ message }: SpecMessage): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`

/** The same with a comment, an id, a retry, other line ends, and data over several lines. */
const oddEvent = ({ message }: SpecMessage, i: number): string => {
  const lines = oddly(message).split("\r\n")
  return `: comment\r\nretry: 10\r\nid: e-${i}\r\n${lines.map((line) => `data:${line}\r\n`).join("")}\r\n`
}

const stream = (text: string) => () => new Response(text, { headers: { "content-type": "text/event-stream" } })

/** The request that a result answers; any other answers a call. */
const requestFor = (spec: SpecSchema, definition: string): SpecMessage => {
  const requests = messagesOf(spec, "Client", "Request")
  const named = definition.replace(/Result$/, "Request")
  const found =
    requests.find((one) => one.definition === named) ?? requests.find((one) => one.definition === "CallToolRequest")
  if (found === undefined) throw new Error(`${spec.version} has no tools/call`)
  return found
}

const validated = (spec: SpecSchema, messages: ReadonlyArray<SpecMessage>, part: "message" | "result"): void => {
  const ajv = new AjvJsonSchemaValidator()
  const validators = new Map<string, ReturnType<typeof ajv.getValidator>>()
  const holder = "$defs" in spec.root ? "$defs" : "definitions"
  for (const { definition, message, name } of messages) {
    let validate = validators.get(definition)
    if (validate === undefined) {
      validate = ajv.getValidator({ ...spec.root, $ref: `#/${holder}/${definition}` })
      validators.set(definition, validate)
    }
    const outcome = validate(part === "message" ? message : message["result"])
    assert.isTrue(outcome.valid, `${spec.version} ${name}: ${outcome.errorMessage}`)
  }
}

describe.each(SCHEMAS.map((spec) => ({ spec, version: spec.version })))("messages of $version", ({ spec, version }) => {
  const [requests, notifications, results] = (["Request", "Notification", "Result"] as const).map((union) => ({
    client: messagesOf(spec, "Client", union),
    server: messagesOf(spec, "Server", union)
  }))
  const calls = [
    ...(requests?.client ?? []),
    ...(notifications?.client ?? []),
    ...(version === MODERN ? [] : [...(results?.client ?? []), ...errorsOf(spec)])
  ]
  const spoken = [...(requests?.server ?? []), ...(notifications?.server ?? [])]
  const answers = [...(results?.server ?? []), ...errorsOf(spec)]

  it("are what the version's own schema allows, every kind of them", () => {
    assert.isAtLeast(calls.length, 30)
    assert.isAtLeast(spoken.length, 20)
    assert.isAtLeast(answers.length, 30)
    validated(spec, [...(requests?.client ?? []), ...(notifications?.client ?? []), ...spoken], "message")
    validated(spec, [...(results?.server ?? []), ...(results?.client ?? [])], "result")
    for (const side of [calls, spoken, answers]) assert.include(JSON.stringify(side), UNKNOWN_META, "W-51")
    assert.isNotEmpty(errorsOf(spec))
    validated(spec, errorsOf(spec), "message")
  })

  it("W-51: client to server: byte for byte, unknown keys of _meta too, and never more than once", async () => {
    const who = await speaking(version)
    server.forget()
    for (const one of calls) {
      for (const bytes of spellings(one)) {
        next = (asked) =>
          asked.rpc.id === undefined || asked.rpc.method === undefined ? accepted() : result(asked, {})
        const response = await send(withHeaders(who, claims(version, one)), bytes)
        const text = await response.text()
        assert.isBelow(response.status, 300, `${one.name}: ${text}`)
        const arrived = server.asked()
        assert.lengthOf(arrived, 1, `${one.name}: ${text}`)
        assertSame(arrived[0]?.bytes, bytes, one.name)
        server.forget()
      }
    }
  })

  it("W-51: server to client: results and errors byte for byte, as JSON and on a stream", async () => {
    const who = await speaking(version)
    for (const [i, one] of answers.entries()) {
      const request = requestFor(spec, one.definition)
      const [ask = Buffer.from("")] = spellings(request)
      const from = withHeaders(who, claims(version, request))
      for (const bytes of spellings(one)) {
        next = () => new Response(bytes, { headers: { "content-type": "application/json" } })
        const expected = Buffer.from(asPrivate(bytes.toString(), one.definition))
        assertSame(await bytesOf(await send(from, ask)), expected, `${one.name} as JSON`)
      }
      for (const text of [plainEvent(one), oddEvent(one, i)]) {
        next = stream(text)
        const expected = Buffer.from(asPrivate(text, one.definition))
        assertSame(await bytesOf(await send(from, ask)), expected, `${one.name} on a stream`)
      }
    }
  })

  if (version === "2025-03-26") {
    it("W-16: batches of them both ways, byte for byte", async () => {
      const who = await speaking(version)
      const all = [calls, answers].map((side) => side.map(({ message }) => message))
      for (let from = 0; all.some(({ length }) => from < length); from += MOST_IN_A_BATCH) {
        const [asked = [], told = []] = all.map((side) => side.slice(from, from + MOST_IN_A_BATCH))
        const [sent, answer] = [asked, told].map((batch) => Buffer.from(` ${oddly(batch)}\r\n`))
        if (asked.length === 0 || sent === undefined || answer === undefined) continue
        server.forget()
        next = () => new Response(answer, { headers: { "content-type": "application/json" } })
        assertSame(await bytesOf(await send(who, sent)), answer, "the answer")
        assertSame(server.asked()[0]?.bytes, sent, "the batch")
      }
    })
  }

  it("server to client: its own requests and notifications byte for byte, on the streams of POST and GET", async () => {
    const who = await speaking(version)
    const text = spoken.map((one, i) => plainEvent(one) + oddEvent(one, i)).join(": pause\n\n")
    const request = requestFor(spec, "CallToolResult")
    const [ask = Buffer.from("")] = spellings(request)
    next = stream(text)
    assertSame(await bytesOf(await send(withHeaders(who, claims(version, request)), ask)), Buffer.from(text), "POST")
    if (version === MODERN) return
    const { url, headers } = who
    const onGet = await fetch(url, { headers: { accept: "text/event-stream", ...headers } })
    assertSame(await bytesOf(onGet), Buffer.from(text), "GET")
  })
})
