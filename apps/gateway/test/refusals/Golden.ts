/** Reads and rewrites the golden table of requests and what is answered to them. Only the `expect` lines are ever rewritten. */
import { readFileSync, writeFileSync } from "node:fs"

export interface Sent {
  /** Request line; `POST /backend/mcp HTTP/1.1` when absent. */
  readonly line?: string
  /** Over the default headers; null takes one away. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** More header lines, as they are. */
  readonly extra?: ReadonlyArray<string>
  /** A text, sent as it is, or a value, sent as JSON. */
  readonly body?: unknown
  /** The text is Latin-1: any byte can be written. */
  readonly latin1?: boolean
  /** Sent in chunks of so many bytes, without Content-Length. */
  readonly chunks?: number
  /** Sent instead of everything above. */
  readonly raw?: string
}

export interface AuditExpected {
  readonly decision: string
  readonly rule: string | null
  readonly outcome: string
  readonly status: number
  readonly server: string | null
  readonly method: string | null
  readonly tool: string | null
}

export interface Expected {
  readonly status: number
  /** JSON-RPC code, message and id of the answer; absent when the body is none. */
  readonly code?: number
  readonly message?: string
  readonly id?: string | number | null
  /** The body, when it is no JSON-RPC error. */
  readonly body?: string
  /** `WWW-Authenticate`, `Allow`, `Retry-After` when sent. */
  readonly headers?: Readonly<Record<string, string>>
  /** Responses on the connection, when not one. */
  readonly responses?: number
  /** Exchanges with a server; only on the few rows that are allowed. */
  readonly reached?: number
  readonly audit: ReadonlyArray<AuditExpected>
}

export interface Row {
  readonly name: string
  readonly cites: string
  readonly send: Sent
  readonly expect: Expected
}

/** Set to rewrite the `expect` lines from what the gateway answers now. */
export const REGENERATE = process.env["MCPGW_GOLDEN"] === "write"

const lineOf = (expected: Expected): string => `  expect: ${JSON.stringify(expected)}`

export const readTable = (path: string): ReadonlyArray<Row> =>
  Bun.YAML.parse(readFileSync(path, "utf8")) as ReadonlyArray<Row>

/** `found` by row name. */
export const writeTable = (path: string, found: ReadonlyMap<string, Expected>): void => {
  const out: Array<string> = []
  let name = ""
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("- name: ")) name = String(Bun.YAML.parse(line.slice("- name: ".length)))
    if (line.startsWith("  expect:")) continue
    out.push(line)
    const expected = line.startsWith("  send:") ? found.get(name) : undefined
    if (expected !== undefined) out.push(lineOf(expected))
  }
  writeFileSync(path, out.join("\n"))
}
