/**
 * The bounded buffer between `append` and the worker: rows wait, go out in batches, and leave when acknowledged, so that a
 * dead worker loses nothing and nothing is written twice. Plain synchronous state; knows neither threads nor time.
 */
interface Batch {
  /** Rows accepted up to and including this batch. */
  readonly end: number
  readonly text: string
}

export interface AuditQueue {
  /** False when `capacity` rows are already held. */
  readonly push: (body: string) => boolean
  /** Rows not yet sent. */
  readonly waiting: () => number
  /** Rows not yet acknowledged, sent or not. */
  readonly held: () => number
  readonly acknowledged: () => number
  /** Moves the waiting rows in flight and returns them as one batch. */
  readonly take: () => string | undefined
  /** `written` rows, counted from the first, are on disk. */
  readonly acknowledge: (written: number) => void
  /** Batches sent and not acknowledged, oldest first, to send again. */
  readonly inFlight: () => ReadonlyArray<string>
}

export const makeQueue = (capacity: number): AuditQueue => {
  let waiting: Array<string> = []
  let batches: Array<Batch> = []
  let sent = 0
  let acknowledged = 0
  return {
    push: (body) => {
      if (sent - acknowledged + waiting.length >= capacity) return false
      waiting.push(body)
      return true
    },
    waiting: () => waiting.length,
    held: () => sent - acknowledged + waiting.length,
    acknowledged: () => acknowledged,
    take: () => {
      if (waiting.length === 0) return undefined
      const text = waiting.join("\n")
      sent += waiting.length
      waiting = []
      batches.push({ end: sent, text })
      return text
    },
    acknowledge: (written) => {
      if (written <= acknowledged) return
      acknowledged = written
      batches = batches.filter((batch) => batch.end > written)
    },
    inFlight: () => batches.map((batch) => batch.text)
  }
}
