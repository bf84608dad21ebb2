/**
 * Circuit breaker, one circuit for each origin and address a server has: after five consecutive failures nothing is dialled for thirty
 * seconds, then one trial decides. Keeps no request waiting, and judges exchanges, never answers: an HTTP answer of any status is one.
 */
import * as Context from "effect/Context"
import { UpstreamFailure, type UpstreamFailureReason } from "./Upstream.ts"

/** Consecutive failures that open a circuit. */
const FAILURES = 5
/** Milliseconds until an open one lets a trial through. */
const OPEN_MS = 30_000
const MAX_CIRCUITS = 10_000

/** What says that the server is not there. Who asked may have left, and a name or an address refused is not the server's doing. */
const COUNTED: ReadonlySet<UpstreamFailureReason> = new Set([
  "refused",
  "unreachable",
  "connect_timeout",
  "first_byte_timeout",
  "broken"
])

type State = "closed" | "open" | "trial"

export class Circuit {
  /** Forgotten by its breaker; not to be used. */
  retired = false
  private readonly breaker: Breaker
  private state: State = "closed"
  private failures = 0
  private until = 0

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

  /** The server answered. */
  answered(): void {
    if (this.clean) return
    this.failures = 0
    this.become("closed")
  }

  /** An exchange failed before its answer began. */
  failed(reason: UpstreamFailureReason): void {
    if (this.state !== "closed" || !COUNTED.has(reason)) return
    this.failures++
    if (this.failures >= FAILURES) this.open()
  }

  /**
   * Carries the one trial of an open circuit. One that may be without an answer for ever (`endless`) holds up no other for longer than
   * an open circuit does.
   * @throws UpstreamFailure `circuit_open` when it is not time yet, or another trial is under way.
   */
  async attempt<A>(carry: () => Promise<A>, endless: boolean): Promise<A> {
    const left = this.until - this.breaker.now()
    if (this.onTrial || left > 0) {
      // A trial under way decides within its own deadlines; nobody knows when.
      const retryAfterSeconds = Math.max(1, Math.ceil(left / 1000))
      throw new UpstreamFailure("circuit_open", "the last exchanges failed", { retryAfterSeconds })
    }
    if (endless) this.open()
    else this.become("trial")
    try {
      const answer = await carry()
      this.answered()
      return answer
    } catch (error) {
      // Overtaken by a probe's answer it is over already.
      if (this.onTrial) this.tried(error)
      throw error
    }
  }

  /** A trial that was given up says nothing: the next request may be one. */
  private tried(error: unknown): void {
    if (error instanceof UpstreamFailure && !COUNTED.has(error.reason)) this.become("open")
    else this.open()
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
