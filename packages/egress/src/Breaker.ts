/**
 * Circuit breaker, one circuit for each origin and address a server has: after five consecutive failures nothing is dialled for thirty
 * seconds, then a trial decides. Keeps no request waiting, and judges exchanges, never answers: an HTTP answer of any status is one. What
 * one caller sends, however often, opens no circuit for the others (S-16).
 */
import * as Context from "effect/Context"
import { type ExchangeCaller, UpstreamFailure, type UpstreamFailureReason } from "./Upstream.ts"

/** Consecutive failures that open a circuit. */
const FAILURES = 5
/** Milliseconds until an open one lets a trial through. */
const OPEN_MS = 30_000
/** Milliseconds a trial under way holds up the next one: whose call it is may choose how long that takes. */
const TRIAL_MS = 5_000
const MAX_CIRCUITS = 10_000

/** What says that the server is not there. Who asked may have left, and a name or an address refused is not the server's doing. */
const COUNTED: ReadonlySet<UpstreamFailureReason> = new Set([
  "refused",
  "unreachable",
  "connect_timeout",
  "first_byte_timeout",
  "broken"
])

/** Of these, what a request may bring about itself. */
const OF_REQUEST: ReadonlySet<UpstreamFailureReason> = new Set(["first_byte_timeout", "broken"])

/** Several clients and tokens of a user are one. */
const same = (one: ExchangeCaller, other: ExchangeCaller): boolean =>
  one.subject === other.subject && one.issuer === other.issuer

type State = "closed" | "open" | "trial"

/** A request that was sent, and got no answer: its server may be there all the same, and dislike the request. */
export interface Sent {
  /** Undefined: the gateway itself. */
  readonly caller: ExchangeCaller | undefined
  /** `answers` of the circuit when it was sent. */
  readonly answers: number
}

export class Circuit {
  /** Forgotten by its breaker; not to be used. */
  retired = false
  private readonly breaker: Breaker
  private state: State = "closed"
  private failures = 0
  private until = 0
  private count = 0
  /** Whose requests the failures are, as long as they are one caller's. */
  private blamed: ExchangeCaller | undefined = undefined
  private several = false
  /** Whose trial was the last to fail. */
  private trier: ExchangeCaller | undefined = undefined

  constructor(breaker: Breaker) {
    this.breaker = breaker
  }

  /** Nothing stands in the way. */
  get closed(): boolean {
    return this.state === "closed"
  }

  /** Nothing is to be remembered of it. */
  get clean(): boolean {
    return this.state === "closed" && this.failures === 0
  }

  private get onTrial(): boolean {
    return this.state === "trial"
  }

  /** How often the server has answered. */
  get answers(): number {
    return this.count
  }

  /** The server answered. */
  answered(): void {
    this.count++
    if (this.clean) return
    this.failures = 0
    this.blamed = undefined
    this.several = false
    this.trier = undefined
    this.become("closed")
  }

  /** An exchange failed before its answer began; `sent`: when its request was sent. */
  failed(reason: UpstreamFailureReason, sent?: Sent): void {
    if (this.state !== "closed" || !COUNTED.has(reason)) return
    // Slow for this one, while others were answered.
    if (sent !== undefined && sent.answers !== this.count) return
    this.failures++
    this.blame(sent?.caller)
    if (this.failures >= FAILURES && this.several) this.open()
  }

  private blame(caller: ExchangeCaller | undefined): void {
    if (caller === undefined || (this.blamed !== undefined && !same(caller, this.blamed))) this.several = true
    else this.blamed = caller
  }

  /**
   * Carries a trial of an open circuit. `endless`: it may be without an answer for ever; `caller`: whose request it is.
   * @throws UpstreamFailure `circuit_open` when it is not time yet, or another trial has just begun.
   */
  async attempt<A>(carry: () => Promise<A>, endless: boolean, caller?: ExchangeCaller): Promise<A> {
    const left = this.until - this.breaker.now()
    if (left > 0) {
      const retryAfterSeconds = Math.max(1, Math.ceil(left / 1000))
      throw new UpstreamFailure("circuit_open", "the last exchanges failed", { retryAfterSeconds })
    }
    this.until = this.breaker.now() + TRIAL_MS
    this.become(endless ? "open" : "trial")
    try {
      const answer = await carry()
      this.answered()
      return answer
    } catch (error) {
      // Overtaken by a probe's answer it is over already.
      if (this.onTrial) this.tried(error, caller)
      throw error
    }
  }

  /** A trial that was given up says nothing, nor does another of whoever failed the last one: the next request may be one. */
  private tried(error: unknown, caller: ExchangeCaller | undefined): void {
    const reason = error instanceof UpstreamFailure ? error.reason : "broken"
    const again = caller !== undefined && this.trier !== undefined && same(caller, this.trier)
    this.trier = caller
    if (COUNTED.has(reason) && !(again && OF_REQUEST.has(reason))) return this.open()
    this.until = 0
    this.become("open")
  }

  private open(): void {
    this.until = this.breaker.now() + OPEN_MS
    this.become("open")
  }

  private become(state: State): void {
    if (this.retired || this.state === state) return void (this.state = state)
    if (this.state === "closed") this.breaker.opened++
    if (state === "closed") this.breaker.opened--
    this.state = state
  }
}

export class Breaker {
  /** Circuits that are open, or on trial. */
  opened = 0
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number
  private readonly circuits = new Map<string, Circuit>()

  constructor(now: () => number) {
    this.now = now
  }

  /** The circuit of this key, made when there is none. */
  of(key: string): Circuit {
    let circuit = this.circuits.get(key)
    if (circuit === undefined) {
      if (this.circuits.size >= MAX_CIRCUITS) this.forget()
      circuit = new Circuit(this)
      this.circuits.set(key, circuit)
    }
    return circuit
  }

  /** Those without a failure; the oldest ones when all have some. */
  private forget(): void {
    let spare = 0
    for (const { clean } of this.circuits.values()) if (clean) spare++
    let excess = spare === 0 ? MAX_CIRCUITS / 10 : 0
    for (const [key, circuit] of this.circuits) {
      if (!circuit.clean && excess-- <= 0) continue
      if (!circuit.closed) this.opened--
      circuit.retired = true
      this.circuits.delete(key)
    }
  }
}

/** What may be known of the breaker from outside. Provided by `layerHttp`. */
export class Circuits extends Context.Tag("@mcpgw/egress/Circuits")<Circuits, { readonly open: () => number }>() {}
