/** What servers answer in these tests, and how it is read. */
import { assert } from "@effect/vitest"
import { bytesOf } from "./Streams.ts"

export const json = (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json", ...headers } })

export const answer = (result: unknown, id: number | string = 1) => ({ jsonrpc: "2.0", id, result })
export const lists = answer({ tools: [{ name: "seen" }, { name: "hidden" }] })
export const event = (value: unknown) => `event: message\ndata: ${JSON.stringify(value)}\n\n`

export const EVENTS = { "content-type": "text/event-stream" }

/** A stream the test writes to; tells when the other side has gone. */
export const liveStream = () => {
  const gone = Promise.withResolvers<void>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
    cancel: () => gone.resolve()
  })
  return {
    body,
    gone: gone.promise,
    say: (text: string) => controller?.enqueue(bytesOf(text)),
    end: () => controller?.close(),
    break: () => controller?.error(new Error("gone"))
  }
}

/** Reads a body chunk by chunk, as text. */
export const readerOf = (response: Response) => {
  assert(response.body !== null)
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const decoder = new TextDecoder()
  let text = ""
  return {
    /** Reads on until `part` has come, or the end. */
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { done, value } = await reader.read()
        if (done) break
        text += decoder.decode(value, { stream: true })
      }
      return text
    },
    cancel: () => reader.cancel()
  }
}
