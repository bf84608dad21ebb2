/** Between `UpstreamAnswer` and the web's `Response`, for servers in this process and for clients that want a `fetch`. */
import type { UpstreamAnswer } from "./Upstream.ts"
import { UpstreamFailure } from "./Upstream.ts"

/** An answer out of a `Response`. Its body is read part by part, nothing ahead. */
export const answerOf = (response: Response, signal: AbortSignal): UpstreamAnswer => {
  // Without a prototype a name is a header's or nothing.
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of response.headers) headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  const reader = response.body === null ? undefined : readerOf(response.body)
  return {
    status: response.status,
    headers,
    whole: reader === undefined ? new Uint8Array() : undefined,
    read: async () => {
      try {
        return (await reader?.read())?.value
      } catch (cause) {
        throw signal.aborted
          ? new UpstreamFailure("aborted", "the caller left", { cause })
          : new UpstreamFailure("broken", cause instanceof Error ? cause.message : String(cause), { cause })
      }
    },
    // Whether a web stream holds something can not be asked.
    take: () => undefined,
    cancel: () => {
      // The exchange is over for us; a reader that is already closed or errored has nothing left to tell.
      reader?.cancel().catch(() => undefined)
    }
  }
}

/** A reader of bytes, told apart from byte-oriented (BYOB) readers, which the runtime's types mix in. */
const readerOf = (
  body: ReadableStream<Uint8Array<ArrayBuffer>>
): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> =>
  body.getReader() as ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>

/** A body as a stream; pulled part by part. */
export const streamOf = ({ read, cancel }: Pick<UpstreamAnswer, "read" | "cancel">): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      async pull(controller) {
        const part = await read()
        if (part === undefined) controller.close()
        else controller.enqueue(part)
      },
      cancel
    },
    { highWaterMark: 0 }
  )

/** Statuses whose `Response` can have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** The answer as a `Response`. */
export const responseOf = (answer: UpstreamAnswer): Response => {
  const { status, headers, whole } = answer
  if (BODILESS.has(status)) {
    answer.cancel()
    return new Response(null, { status, headers })
  }
  const body = whole ?? streamOf({ read: () => answer.read(), cancel: () => answer.cancel() })
  return new Response(whole?.length === 0 ? null : body, { status, headers })
}
