/** Reads a POST body, whole, bounded in size and time; undefined for other methods. Refuses what could not be judged: other types, encodings. */
import { brokenBody, type Refusal, encodedBody, slowBody, tooLarge, wrongContentType } from "./refusals.ts"
import type { RequestContext } from "./RequestContext.ts"
import type { Deadlines } from "@mcpgw/egress/Deadlines"

/** Milliseconds a body may take to arrive. */
const ARRIVAL_MS = 30_000

export const readBody = (
  { headers, method, request }: RequestContext,
  limit: number,
  deadlines: Deadlines
): Promise<Uint8Array<ArrayBuffer> | Refusal> | Refusal | undefined => {
  if (method !== "POST") return undefined
  const type = headers["content-type"]
  if (type === undefined || !isJson(type)) return wrongContentType()
  const encoding = headers["content-encoding"]
  if (encoding !== undefined && encoding !== "identity") return encodedBody()
  const length = headers["content-length"]
  if (length !== undefined && Number(length) > limit) return tooLarge(limit)
  const body = length === undefined ? readCounting(request, limit) : request.arrayBuffer()
  return inTime(body, request, deadlines)
}

/** One promise and one deadline: a race of promises costs more. */
const inTime = (
  body: Promise<ArrayBuffer | Uint8Array<ArrayBuffer> | Refusal>,
  request: Request,
  deadlines: Deadlines
): Promise<Uint8Array<ArrayBuffer> | Refusal> =>
  new Promise((resolve) => {
    const deadline = deadlines.start(ARRIVAL_MS, () => resolve(slowBody()))
    const settle = (outcome: ArrayBuffer | Uint8Array<ArrayBuffer> | Refusal): void => {
      deadline.cancel()
      resolve(outcome instanceof ArrayBuffer ? new Uint8Array(outcome) : outcome)
    }
    // Aborted by the client or malformed in its chunks: theirs, not a failure of ours. Nothing was judged or sent.
    body.then(settle, () => settle(brokenBody(request.signal.aborted)))
  })

const isJson = (type: string): boolean =>
  type === "application/json" || /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type)

/** A body of unannounced length: counted as it comes. */
const readCounting = async (request: Request, limit: number): Promise<Uint8Array<ArrayBuffer> | Refusal> => {
  const parts: Array<Uint8Array> = []
  let size = 0
  if (request.body === null) return new Uint8Array()
  for await (const part of request.body as ReadableStream<Uint8Array>) {
    size += part.length
    if (size > limit) return tooLarge(limit)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
