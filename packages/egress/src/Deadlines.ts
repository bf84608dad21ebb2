/**
 * Many coarse deadlines on one timer. A timer per exchange costs more than the rest of the bookkeeping together; these
 * deadlines are seconds long, so a tick of a tenth of a second is fine.
 */

export interface Deadline {
  /** Moves it to `ms` from now. */
  readonly extend: (ms: number) => void
  readonly cancel: () => void
}

class Entry implements Deadline {
  at: number
  readonly fire: () => void
  private readonly owner: Deadlines
  constructor(owner: Deadlines, at: number, fire: () => void) {
    this.owner = owner
    this.at = at
    this.fire = fire
  }
  extend(ms: number): void {
    this.at = performance.now() + ms
  }
  cancel(): void {
    this.owner.drop(this)
  }
}

export class Deadlines {
  /**
   * `performance.now()` as it was when a deadline was last set or the timer last ticked: late by a tick at most while any deadline runs,
   * and free, which the real one is not for somebody who asks with every part of a body.
   */
  now = 0
  private readonly entries = new Set<Entry>()
  private timer: ReturnType<typeof setInterval> | undefined

  /** Calls `fire` once, `ms` from now or up to a tick later, unless cancelled. */
  start(ms: number, fire: () => void): Deadline {
    this.now = performance.now()
    const entry = new Entry(this, this.now + ms, fire)
    this.entries.add(entry)
    this.timer ??= setInterval(() => this.tick(), TICK_MS)
    return entry
  }

  drop(entry: Entry): void {
    this.entries.delete(entry)
  }

  private tick(): void {
    const now = performance.now()
    this.now = now
    // Gathered first: a deadline that sets itself anew would be met again in this very walk, for ever when it is due at once.
    const due: Array<Entry> = []
    for (const entry of this.entries) if (entry.at <= now) due.push(entry)
    for (const entry of due) if (entry.at <= now && this.entries.delete(entry)) entry.fire()
    // Stops only on a tick, so that a busy gateway does not start and stop the timer with every call.
    if (this.entries.size === 0) this.stop()
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }
}

const TICK_MS = 100
