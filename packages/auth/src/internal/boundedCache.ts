/** A map with a ceiling, for values that are only good for a while. Evicts the oldest entry. Knows no clock: callers pass the time. */
export class BoundedCache<A> {
  private readonly entries = new Map<string, { readonly value: A; readonly until: number }>()
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.entries.size
  }

  /** The value, be it past its time or not. */
  peek(key: string): A | undefined {
    return this.entries.get(key)?.value
  }

  /** The value if it is good at `now`; forgets it otherwise. */
  get(key: string, now: number): A | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined) return undefined
    if (entry.until > now) return entry.value
    this.entries.delete(key)
    return undefined
  }

  /** Keeps a value until `until`, in the unit of `now`. */
  set(key: string, value: A, until: number): void {
    this.entries.delete(key)
    if (this.entries.size >= this.capacity) {
      const oldest = this.entries.keys().next()
      if (!oldest.done) this.entries.delete(oldest.value)
    }
    this.entries.set(key, { value, until })
  }

  /** Forgets all that is past its time. */
  sweep(now: number): void {
    for (const [key, entry] of this.entries) if (!(entry.until > now)) this.entries.delete(key)
  }
}
