/** Reads of an answer before anything of it is sent on: under the idle and the total deadline, every way to fail told apart. */
import { EventTooLarge } from "@mcpgw/mcp/Sse"
import type { Exchange } from "./AnswerRelay.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import { failure, type ForwardFailure } from "./Forward.ts"

/** Thrown by a read that met more than it may hold. */
export class BodyTooLarge extends Error {
  readonly _tag = "BodyTooLarge"
}

/** Runs `read`, which says when it gets on. A read that fails, stands still or is left closes the exchange. */
export const guardedRead = async <A>(
  { parts: { deadlines, options } }: Dispatcher,
  { outbound, answer }: Exchange,
  read: (progress: () => void) => Promise<A>
): Promise<A | ForwardFailure> => {
  let late = false
  const until = outbound.started + options.totalTimeoutMs
  const patience = (): number => Math.min(options.idleTimeoutMs, until - performance.now())
  const deadline = deadlines.start(patience(), () => {
    late = true
    answer.upstream.cancel()
  })
  try {
    const value = await read(() => deadline.extend(patience()))
    // What was cancelled reads like what has ended.
    if (!late) return value
  } catch (error) {
    answer.upstream.cancel()
    const detail = error instanceof Error ? error.message : String(error)
    if (error instanceof BodyTooLarge || error instanceof EventTooLarge) return failure("unreadable", detail)
    if (!late) return outbound.signal.aborted ? failure("aborted", "the caller left") : failure("broken", detail)
  } finally {
    deadline.cancel()
  }
  return performance.now() >= until
    ? failure("total_timeout", "the answer took too long")
    : failure("idle_timeout", "the answer's body stood still")
}
