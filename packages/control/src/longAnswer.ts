/**
 * Answers that hold thousands of tools, written as JSON a piece at a time: encoded at once, as short answers are, one would keep every
 * other request waiting. The text is that of `JSON.stringify`.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { inSlices, turn } from "@mcpgw/registry/EventLoop"
import * as Effect from "effect/Effect"

/** Entries written between two turns of the event loop; an answer without a longer list is a short one. */
const ENTRIES = 200

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isLong = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > ENTRIES : isObject(value) && Object.values(value).some(isLong)

const writeList = (list: ReadonlyArray<unknown>, out: Array<string>): Effect.Effect<void> =>
  Effect.gen(function* () {
    out.push("[")
    yield* inSlices(list, ENTRIES, (slice, position) =>
      Effect.sync(() => void out.push(position > 0 ? "," : "", JSON.stringify(slice).slice(1, -1)))
    )
    out.push("]")
  })

const writeObject = (value: object, out: Array<string>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    out.push("{")
    for (const [i, [name, field]] of fields.entries()) {
      out.push(i > 0 ? "," : "", JSON.stringify(name), ":")
      if (isLong(field)) yield* Effect.zipRight(turn, write(field, out))
      else out.push(JSON.stringify(field))
    }
    out.push("}")
  })

/** `value` is long. */
const write = (value: unknown, out: Array<string>): Effect.Effect<void> =>
  Array.isArray(value) ? writeList(value, out) : isObject(value) ? writeObject(value, out) : Effect.void

/** The answer itself when it is short, and is then encoded as the API says; a long one as the response, with this status. */
export const answered = <A>(value: A, status = 200): Effect.Effect<A | HttpServerResponse.HttpServerResponse> =>
  isLong(value)
    ? Effect.gen(function* () {
        const out: Array<string> = []
        yield* write(value, out)
        return HttpServerResponse.text(out.join(""), { status, contentType: "application/json" })
      })
    : Effect.succeed(value)
