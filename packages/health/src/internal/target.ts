/** Where and how a record is probed, or the status that holds without asking. Pure. */
import type { HealthStatus, ServerRecord } from "@mcpgw/domain/Server"
import { endpointOf, sseEndpointOf } from "@mcpgw/egress/Endpoint"
import type { Target } from "./session.ts"

export type TargetOf =
  | ({ readonly kind: "probe" } & Target)
  | { readonly kind: "settled"; readonly status: HealthStatus }

/** What is sent to a server on the gateway's own behalf, as the vault says it; `problem`: why there is nothing to send, in words. */
export type SentTo = (record: ServerRecord) => {
  readonly headers: Readonly<Record<string, string>>
  readonly problem: string | undefined
}

/** What the record itself holds, where there is no vault. */
export const ofRecord: SentTo = (record) => ({
  headers: Object.fromEntries(record.headers.flatMap((header) => Object.entries(header))),
  problem: undefined
})

/** Streamable HTTP wherever the record allows it (or names nothing), SSE when it is all there is, stdio never. */
export const targetOf = (record: ServerRecord, sentTo: SentTo): TargetOf => {
  if (!record.is_enabled) return settled("disabled")
  const named = record.supported_transports
  const transport = named.length === 0 || named.includes("streamable-http") ? "streamable-http" : "sse"
  if (transport === "sse" && !named.includes("sse")) return settled("unknown")
  if (record.proxy_pass_url.trim() === "") return settled("unhealthy: missing proxy URL")
  if (!URL.canParse(record.proxy_pass_url)) return settled("error: the proxy URL is not a URL")
  const url = URL.parse(transport === "sse" ? sseEndpointOf(record) : endpointOf(record, ""))
  if (url === null) return settled("error: the endpoint is not a URL")
  const sent = sentTo(record)
  if (sent.problem !== undefined) return settled(`error: ${sent.problem}`)
  const headers = headersOf(sent.headers)
  return headers === undefined
    ? settled("error: a header of the record is not a valid HTTP header")
    : { kind: "probe", url, transport, headers }
}

const settled = (status: HealthStatus): TargetOf => ({ kind: "settled", status })

/** Set by the dialler for each message; a record has no say in them. */
const FRAMING: ReadonlySet<string> = new Set(["connection", "content-length", "host", "transfer-encoding"])

const headersOf = (sent: Readonly<Record<string, string>>): Headers | undefined => {
  const headers = new Headers()
  try {
    for (const [name, value] of Object.entries(sent)) {
      if (!FRAMING.has(name.toLowerCase())) headers.set(name, value)
    }
    return headers
  } catch {
    return undefined // TypeError: a name or value that HTTP does not allow. Its text could repeat a secret.
  }
}
