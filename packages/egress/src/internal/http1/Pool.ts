/**
 * The connections to one server at one address: free ones are used again, the latest first, and closed when they have been
 * free for too long. Knows nothing of requests.
 */
import type { Deadlines } from "../../Deadlines.ts"
import { UpstreamFailure } from "../../Upstream.ts"
import { Attempt, type Destination, type Maker } from "./Attempt.ts"
import type { Connection } from "./Connection.ts"

/** Servers that say nothing close free connections after five seconds at the earliest, as a rule; a request must not meet that. */
const FREE_MS = 4_000
const MAX_FREE_MS = 600_000
const MARGIN_MS = 1_000
const MAX_FREE = 256

/** Attempts given up that the system still makes: a server that takes no connection must not use up its sockets. */
const MAX_STUCK = 512

export class Pool implements Maker {
  private readonly destination: Destination
  private readonly deadlines: Deadlines
  private readonly all = new Set<Connection>()
  private free: Array<Connection> = []
  private freeMs = FREE_MS
  private hint: string | undefined = undefined
  private readonly attempts = new Set<Attempt>()
  private stuck = 0
  private isRetired = false

  constructor(destination: Destination, deadlines: Deadlines) {
    this.destination = destination
    this.deadlines = deadlines
  }

  /** Nobody looks after it any more; not to be used. */
  get retired(): boolean {
    return this.isRetired
  }

  /** True, and retired, when it has neither connections nor attempts at one. */
  retire(): boolean {
    this.isRetired = this.all.size === 0 && this.attempts.size === 0 && this.stuck === 0
    return this.isRetired
  }

  /** A connection that is free and was not for too long. */
  take(): Connection | undefined {
    const connection = this.free.pop()
    if (connection === undefined || performance.now() - connection.freeSince < this.freeMs) return connection
    // The others are free for longer still.
    connection.drop()
    this.close()
    return undefined
  }

  keep(connection: Connection, hint: string | undefined): void {
    if (hint !== this.hint) this.obey(hint)
    connection.freeSince = performance.now()
    if (this.freeMs > 0 && this.free.length < MAX_FREE) this.free.push(connection)
    else connection.drop()
  }

  forget(connection: Connection): void {
    this.all.delete(connection)
    const at = this.free.indexOf(connection)
    if (at !== -1) this.free.splice(at, 1)
  }

  /** Closes what has been free for too long. */
  sweep(now: number): void {
    for (const connection of this.free.filter(({ freeSince }) => now - freeSince >= this.freeMs)) connection.drop()
  }

  /** Closes all that are free. */
  close(): void {
    const { free } = this
    this.free = []
    for (const connection of free) connection.drop()
  }

  /** Closes all, what is being made too. */
  end(): void {
    for (const attempt of this.attempts) attempt.fail(new UpstreamFailure("broken", GOING))
    for (const connection of this.all) connection.closed(GOING, false)
  }

  made(connection: Connection): void {
    this.all.add(connection)
  }

  /** `Keep-Alive: timeout=5`: how long the server keeps a connection that is free. */
  private obey(hint: string | undefined): void {
    this.hint = hint
    const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(hint ?? "")?.[1]
    this.freeMs =
      seconds === undefined ? FREE_MS : Math.min(MAX_FREE_MS, Math.max(0, Number(seconds) * 1000 - MARGIN_MS))
  }

  /** A new connection. Rejects with `UpstreamFailure` only. */
  async connect(signal: AbortSignal): Promise<Connection> {
    const { address, port, connectTimeoutMs } = this.destination
    if (signal.aborted) throw aborted()
    if (this.stuck >= MAX_STUCK) {
      throw new UpstreamFailure("connect_timeout", `${address}:${port} leaves ${this.stuck} connections unanswered`)
    }
    const attempt = new Attempt(this.destination, this)
    this.attempts.add(attempt)
    const leave = (): void => attempt.fail(aborted())
    const deadline = this.deadlines.start(connectTimeoutMs, () =>
      attempt.fail(new UpstreamFailure("connect_timeout", `no connection to ${address}:${port} in time`))
    )
    signal.addEventListener("abort", leave, { once: true })
    try {
      const connection = await attempt.result
      if (!signal.aborted) return connection
      // Left in the moment between.
      connection.drop()
      throw aborted()
    } finally {
      deadline.cancel()
      signal.removeEventListener("abort", leave)
      this.attempts.delete(attempt)
      if (attempt.unanswered) this.wait(attempt)
    }
  }

  private wait({ answered }: Attempt): void {
    this.stuck++
    void answered.then(() => this.stuck--)
  }
}

const GOING = "the gateway is shutting down"

const aborted = (): UpstreamFailure => new UpstreamFailure("aborted", "the caller left")
