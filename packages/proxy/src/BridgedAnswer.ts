/** A server's answer over Streamable HTTP as the messages it holds, for a stream that several answers share. Judges none of them. */
import { EventSplitter, readEvents } from "@mcpgw/mcp/Sse"
import { speaksJsonRpc } from "./Answer.ts"
import { BodyTooLarge } from "./GuardedRead.ts"
import { typeOf } from "./HttpSse.ts"
import { settles } from "./ListSigns.ts"

const typed = (answer: Response, type: string): boolean => answer.headers.get("content-type")?.startsWith(type) === true

export const isEvents = (answer: Response): boolean => typed(answer, "text/event-stream")

/** One JSON text as an event; a line end inside would end the data. */
export const eventOf = (text: string): string =>
  `event: message\n${text
    .split(LINE_END)
    .map((line) => `data: ${line}\n`)
    .join("")}\n`

const LINE_END = /\r\n|\r|\n/

/**
 * JSON texts as they come, of at most `limit` bytes each; those that came together are handed on together. `awaited`: one of them is to be
 * an answer. Throws when the answer breaks off, or holds more. Left early, it closes the answer.
 */
export const messagesOf = (
  answer: Response,
  limit: number,
  awaited: boolean
): AsyncGenerator<ReadonlyArray<string>, void> =>
  isEvents(answer)
    ? ofEvents(answer, limit, awaited)
    : typed(answer, "application/json")
      ? ofJson(answer, limit)
      : none(answer)

async function* ofEvents(
  answer: Response,
  limit: number,
  awaited: boolean
): AsyncGenerator<ReadonlyArray<string>, void> {
  const splitter = new EventSplitter(limit)
  let answered = !awaited
  for await (const part of bodyOf(answer)) {
    const block = splitter.push(part)
    const messages = block === undefined ? [] : messagesIn(block)
    if (messages.length === 0) continue
    answered ||= messages.some(holdsAnswer)
    yield messages
  }
  // The last event was not ended; a whole message is one all the same.
  const rest = messagesIn(splitter.rest() ?? new Uint8Array()).filter(speaksJsonRpc)
  if (rest.length > 0) yield rest
  if (!answered && !rest.some(holdsAnswer)) throw new Error("ended within its answer")
}

async function* ofJson(answer: Response, limit: number): AsyncGenerator<ReadonlyArray<string>, void> {
  const parts: Array<Uint8Array> = []
  let size = 0
  for await (const part of bodyOf(answer)) {
    size += part.length
    if (size > limit) throw new BodyTooLarge(`larger than ${limit} bytes`)
    parts.push(part)
  }
  if (size > 0) yield [utf8.decode(Buffer.concat(parts))]
}

/** Only accepted. */
async function* none(answer: Response): AsyncGenerator<ReadonlyArray<string>, void> {
  await answer.body?.cancel()
}

const bodyOf = (answer: Response): ReadableStream<Uint8Array> => answer.body ?? new Blob([]).stream()

/** Comments, ids, times and endpoints are the server's own stream's, and this is another. */
const messagesIn = (block: Uint8Array): ReadonlyArray<string> =>
  readEvents(utf8.decode(block)).flatMap(({ raw, data }) =>
    data === undefined || data === "" || typeOf(raw) !== "message" ? [] : [data]
  )

const holdsAnswer = (text: string): boolean => settles(Buffer.from(text), false)

const utf8 = new TextDecoder()
