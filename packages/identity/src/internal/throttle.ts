/**
 * Counts failed logins in a sliding window: of an account at an address (strict), at an address whatever the accounts (loose, because
 * behind one address may be a whole office), and of an account wherever from. Pure: callers pass the time.
 *
 * Never locks an account as such. A lock on the name alone would let anyone lock a person out by failing on purpose from anywhere. When
 * many addresses fail on one account, each address that has failed on it has to space its further tries, the longer the more there
 * were; an address that has not failed on it never waits for what others did. So many addresses get one guess each instead of
 * `perPair`, and the right password from anywhere but the guessers' own addresses is let in at once.
 *
 * Kept in memory on purpose: a login attempt by a stranger must not cause a write.
 */
import { AttemptLog } from "./attemptLog.ts"

export interface ThrottleOptions {
  /** Failures of one account at one address within the window. */
  readonly perPair: number
  /** Failures at one address, whatever the accounts. */
  readonly perAddress: number
  /** Failures of one account, wherever from, after which addresses that failed on it space their tries. */
  readonly perAccount: number
  /** Beyond `perAccount`, so many more double the space between two tries; it begins with a second and ends with the window. */
  readonly doubling: number
  readonly windowMillis: number
  /** Attempts remembered by address, and as many by account; beyond, those of the longest unheard of are forgotten. */
  readonly remembered: number
}

/** An attempt under way; it counts as a failure until it is said to have succeeded, so that a burst can not overtake the count. */
export interface Attempt {
  readonly address: string
  readonly account: string
  readonly at: number
}

const FIRST_SPACE_MILLIS = 1_000
/** Failures at one address that may still be one person's mistakes, and the longest they wait for it. */
const FEW_FAILURES = 3
const MOST_FOR_FEW_MILLIS = 15_000

export class Throttle {
  private readonly byAddress: AttemptLog
  private readonly byAccount: AttemptLog
  private readonly options: ThrottleOptions
  /** Failures of an account beyond this many change nothing. */
  private readonly most: number

  constructor(options: ThrottleOptions) {
    const { windowMillis, remembered, perAccount, doubling } = options
    this.options = options
    this.byAddress = new AttemptLog(windowMillis, remembered)
    this.byAccount = new AttemptLog(windowMillis, remembered)
    this.most = perAccount + doubling * Math.max(1, Math.ceil(Math.log2(windowMillis / FIRST_SPACE_MILLIS)))
  }

  /** The attempt, or the seconds after which one may be made. A refused attempt is not counted, so a wait ends by itself. */
  begin(remote: string, account: string, now: number): Attempt | number {
    const address = networkOf(remote)
    const here = this.byAddress.recent(address, now)
    const pair = here.filter((attempt) => attempt.account === account)
    const everywhere = this.byAccount.recent(account, now)
    const until = Math.max(
      this.limited(pair, this.options.perPair),
      this.limited(here, this.options.perAddress),
      this.spaced(pair, everywhere.length)
    )
    if (until > now) return Math.ceil((until - now) / 1000)
    const attempt = { address, account, at: now }
    this.byAddress.set(address, [...here, attempt])
    this.byAccount.set(account, [...everywhere, attempt].slice(-this.most))
    return attempt
  }

  /** The right password: this account's failures at this address count no more. Those of other accounts, and elsewhere, stay. */
  succeeded({ address, account }: Attempt): void {
    this.byAddress.keep(address, (other) => other.account !== account)
    this.byAccount.keep(account, (other) => other.address !== address)
  }

  /** Nothing was checked, so nothing counts. */
  withdraw(attempt: Attempt): void {
    this.byAddress.keep(attempt.address, (other) => other !== attempt)
    this.byAccount.keep(attempt.account, (other) => other !== attempt)
  }

  /** When the oldest of `limit` attempts leaves the window. */
  private limited(attempts: ReadonlyArray<Attempt>, limit: number): number {
    const freeing = attempts[attempts.length - limit]
    return freeing === undefined ? 0 : freeing.at + this.options.windowMillis
  }

  /** When the account may be tried again from where it was last failed on; at once from anywhere else. */
  private spaced(pair: ReadonlyArray<Attempt>, failures: number): number {
    const { perAccount, doubling, windowMillis } = this.options
    const last = pair[pair.length - 1]
    if (last === undefined || failures < perAccount) return 0
    const space = FIRST_SPACE_MILLIS * 2 ** Math.floor((failures - perAccount) / doubling)
    // Who mistyped once while others attack the account must not pay for them.
    const most = pair.length < FEW_FAILURES ? MOST_FOR_FEW_MILLIS : windowMillis
    return last.at + Math.min(space, most)
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
