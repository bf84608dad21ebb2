/** One row of the golden table on the wire: builds the bytes, sends them, and describes the answer. For tests only. */
import { chunked, type RawResponse, send } from "../lifecycle/support/RawHttp.ts"
import type { Expected, Sent } from "./Golden.ts"

export type Names = Readonly<Record<string, string>>

const DEFAULT_BODY = {
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name: "echo", arguments: { text: "hi" } }
}

const REPEAT = /\{\{repeat ([\s\S]*?) (\d+)\}\}/g
const NAME = /\{\{(\w+)\}\}/g

/** Replaces `{{repeat text n}}` and `{{name}}`; an unknown name fails. */
const expand = (text: string, names: Names): string =>
  text
    .replace(REPEAT, (_, unit: string, count: string) => unit.repeat(Number(count)))
    .replace(NAME, (_, name: string) => {
      const value = names[name]
      if (value === undefined) throw new Error(`the table names nobody called ${name}`)
      return value
    })

const inChunks = (body: string, size: number): string => {
  const parts: Array<string> = []
  for (let at = 0; at < body.length; at += size) parts.push(body.slice(at, at + size))
  return chunked(parts)
}

/** The bytes of a row, each character one byte. */
export const bytesOf = (sent: Sent, names: Names): string => {
  if (sent.raw !== undefined) return expand(sent.raw, names)
  const given = sent.body ?? DEFAULT_BODY
  const text = expand(typeof given === "string" ? given : JSON.stringify(given), names)
  const body = sent.latin1 === true ? text : Buffer.from(text, "utf8").toString("latin1")
  const headers: Record<string, string | null> = {
    Host: "{{host}}",
    Connection: "close",
    Authorization: "Bearer {{reader}}",
    Accept: "application/json, text/event-stream",
    "Content-Type": "application/json",
    ...(sent.chunks === undefined ? { "Content-Length": String(body.length) } : { "Transfer-Encoding": "chunked" }),
    ...sent.headers
  }
  const lines = [
    sent.line ?? "POST /backend/mcp HTTP/1.1",
    ...Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`])),
    ...(sent.extra ?? [])
  ]
  const head = lines.map((line) => expand(line, names)).join("\r\n")
  return `${head}\r\n\r\n${sent.chunks === undefined ? body : inChunks(body, sent.chunks)}`
}

const SHOWN_HEADERS = ["www-authenticate", "allow", "retry-after"]

interface ErrorBody {
  readonly id?: string | number | null
  readonly error?: { readonly code?: number; readonly message?: string }
}

const errorOf = (body: string): ErrorBody | undefined => {
  try {
    const value: ErrorBody | null = JSON.parse(body)
    return value?.error?.code === undefined ? undefined : value
  } catch {
    return undefined
  }
}

export type Answer = Omit<Expected, "audit" | "reached">

/** The first response, and how many there were. The gateway's own origin, which differs from run to run, is shown as `{gateway}`. */
const describe = (responses: ReadonlyArray<RawResponse>, port: number): Answer => {
  const origin = `http://127.0.0.1:${port}`
  const first = responses[0]
  if (first === undefined) return { status: 0, responses: 0 }
  const shown = Object.fromEntries(
    SHOWN_HEADERS.flatMap((name) =>
      first.headers[name] === undefined ? [] : [[name, first.headers[name]?.replaceAll(origin, "{gateway}")]]
    )
  )
  const problem = errorOf(first.body)
  return {
    status: first.status,
    ...(problem?.error === undefined
      ? { body: first.body }
      : { code: problem.error.code ?? 0, message: problem.error.message ?? "", id: problem.id ?? null }),
    ...(Object.keys(shown).length === 0 ? {} : { headers: shown }),
    ...(responses.length === 1 ? {} : { responses: responses.length })
  }
}

/** Sends the row and waits until the gateway has closed the connection. */
export const exchange = async (port: number, sent: Sent, names: Names): Promise<Answer> =>
  describe(await send(port, Buffer.from(bytesOf(sent, names), "latin1"), 8_000), port)
