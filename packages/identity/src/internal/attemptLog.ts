/** Attempts by key, oldest first, within a sliding window. Bounded as a whole: the keys longest unheard of are forgotten first. */
import type { Attempt } from "./throttle.ts"

export class AttemptLog {
  private readonly kept = new Map<string, ReadonlyArray<Attempt>>()
  private size = 0
  private readonly windowMillis: number
  private readonly most: number

  /** `most` attempts are kept, of all keys together. */
  constructor(windowMillis: number, most: number) {
    this.windowMillis = windowMillis
    this.most = most
  }

  recent(key: string, now: number): ReadonlyArray<Attempt> {
    return (this.kept.get(key) ?? []).filter((attempt) => attempt.at + this.windowMillis > now)
  }

  set(key: string, attempts: ReadonlyArray<Attempt>): void {
    this.forget(key)
    if (attempts.length === 0) return
    for (const oldest of this.kept.keys()) {
      if (this.size + attempts.length <= this.most) break
      this.forget(oldest)
    }
    this.kept.set(key, attempts)
    this.size += attempts.length
  }

  keep(key: string, predicate: (attempt: Attempt) => boolean): void {
    const attempts = this.kept.get(key)
    if (attempts !== undefined) this.set(key, attempts.filter(predicate))
  }

  private forget(key: string): void {
    this.size -= this.kept.get(key)?.length ?? 0
    this.kept.delete(key)
  }
}
