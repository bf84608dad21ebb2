/**
 * Counts failed logins per address, and per account at an address, in a sliding window. Pure: callers pass the time.
 *
 * Never locks an account as such. A lock on the name alone would let anyone lock a person out by failing on purpose from anywhere; here
 * only the address that failed waits. Kept in memory on purpose: a login attempt by a stranger must not cause a write.
 */

export interface ThrottleOptions {
  /** Failures of one account at one address within the window. */
  readonly perPair: number
  /** Failures at one address, whatever the accounts. */
  readonly perAddress: number
  readonly windowMillis: number
  /** Addresses remembered; beyond, the longest known is forgotten. */
  readonly addresses: number
}

/** An attempt under way; it counts as a failure until it is said to have succeeded, so that a burst can not overtake the count. */
export interface Attempt {
  readonly address: string
  readonly account: string
  readonly at: number
}

export class Throttle {
  private readonly attempts = new Map<string, ReadonlyArray<Attempt>>()
  private readonly options: ThrottleOptions

  constructor(options: ThrottleOptions) {
    this.options = options
  }

  /** The attempt, or the seconds after which one may be made. A refused attempt is not counted, so a lock ends by itself. */
  begin(remote: string, account: string, now: number): Attempt | number {
    const address = networkOf(remote)
    const recent = this.recent(address, now)
    const pair = recent.filter((attempt) => attempt.account === account)
    const wait = Math.max(this.wait(pair, this.options.perPair, now), this.wait(recent, this.options.perAddress, now))
    if (wait > 0) return wait
    const attempt = { address, account, at: now }
    this.store(address, [...recent, attempt])
    return attempt
  }

  /** The right password: this account's failures at this address count no more. Those of other accounts there stay. */
  succeeded(attempt: Attempt): void {
    this.keep(attempt.address, (other) => other.account !== attempt.account)
  }

  /** Nothing was checked, so nothing counts. */
  withdraw(attempt: Attempt): void {
    this.keep(attempt.address, (other) => other !== attempt)
  }

  private recent(address: string, now: number): ReadonlyArray<Attempt> {
    return (this.attempts.get(address) ?? []).filter((attempt) => attempt.at + this.options.windowMillis > now)
  }

  private wait(attempts: ReadonlyArray<Attempt>, limit: number, now: number): number {
    const freeing = attempts[attempts.length - limit]
    return freeing === undefined ? 0 : Math.ceil((freeing.at + this.options.windowMillis - now) / 1000)
  }

  private keep(address: string, predicate: (attempt: Attempt) => boolean): void {
    this.store(address, (this.attempts.get(address) ?? []).filter(predicate))
  }

  private store(address: string, attempts: ReadonlyArray<Attempt>): void {
    this.attempts.delete(address)
    if (attempts.length === 0) return
    if (this.attempts.size >= this.options.addresses) {
      const oldest = this.attempts.keys().next()
      if (!oldest.done) this.attempts.delete(oldest.value)
    }
    this.attempts.set(address, attempts)
  }
}

/** An IPv4 address as it is; of an IPv6 address the /64, because one customer holds all of it. */
export const networkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(":")) return address
  const [head = "", tail] = address.toLowerCase().split("%")[0]?.split("::", 2) ?? []
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0")
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""))
  return `${groups.join(":")}::/64`
}
