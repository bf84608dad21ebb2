/** The connections to one server at one address: free ones are used again, the latest first, and closed when they have been
 * free for too long. Knows nothing of requests.
 */
import type { Deadlines } from "../../Deadlines.ts"
import { UpstreamFailure } from "../../Upstream.ts"
import { Connection, failed, type Keeper } from "./Connection.ts"

/** Where a pool connects to. */
export interface Destination {
  readonly address: string
  readonly port: number
  /** Undefined: no TLS. */
  readonly tls: { readonly serverName: string; readonly ca: string | undefined } | undefined
  /** Milliseconds for connecting, the TLS handshake included. */
  readonly connectTimeoutMs: number
}

/** Servers that say nothing close free connections after five seconds at the earliest, as a rule; a request must not meet that. */
const FREE_MS = 4_000
const MAX_FREE_MS = 600_000
const MARGIN_MS = 1_000
const MAX_FREE = 256

interface Attempt {
  readonly open: (connection: Connection) => void
  readonly fail: (failure: UpstreamFailure) => void
  connection: Connection | undefined
  /** Nobody waits for it any more. */
  given: boolean
}

export class Pool implements Keeper {
  private readonly destination: Destination
  private readonly deadlines: Deadlines
  private readonly all = new Set<Connection>()
  private free: Array<Connection> = []
  private freeMs = FREE_MS
  private hint: string | undefined = undefined
  private dialling = 0

  constructor(destination: Destination, deadlines: Deadlines) {
    this.destination = destination
    this.deadlines = deadlines
  }

  /** Neither connections nor attempts at one. */
  get idle(): boolean {
    return this.all.size === 0 && this.dialling === 0
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

  /** Closes all. */
  end(): void {
    for (const connection of this.all) connection.closed("the gateway is shutting down")
  }

  /** `Keep-Alive: timeout=5`: how long the server keeps a connection that is free. */
  private obey(hint: string | undefined): void {
    this.hint = hint
    const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(hint ?? "")?.[1]
    this.freeMs =
      seconds === undefined ? FREE_MS : Math.min(MAX_FREE_MS, Math.max(0, Number(seconds) * 1000 - MARGIN_MS))
  }

  /** A new connection. Rejects with `UpstreamFailure` only. */
  connect(signal: AbortSignal): Promise<Connection> {
    const { address, port, connectTimeoutMs } = this.destination
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const attempt: Attempt = { open: resolve, fail: reject, connection: undefined, given: false }
    const giveUp = (failure: UpstreamFailure) => (): void => {
      attempt.given = true
      attempt.connection?.drop()
      reject(failure)
    }
    const late = giveUp(new UpstreamFailure("connect_timeout", `no connection to ${address}:${port} in time`))
    const leave = giveUp(new UpstreamFailure("aborted", "the caller left"))
    const deadline = this.deadlines.start(connectTimeoutMs, late)
    this.dialling++
    if (signal.aborted) leave()
    else {
      signal.addEventListener("abort", leave, { once: true })
      this.dial(attempt)
    }
    return promise.finally(() => {
      this.dialling--
      deadline.cancel()
      signal.removeEventListener("abort", leave)
    })
  }

  private dial(attempt: Attempt): void {
    const { address, port, tls } = this.destination
    const opened = (socket: Bun.Socket<Connection>): void => {
      const connection = new Connection(socket, this)
      socket.data = connection
      attempt.connection = connection
      this.all.add(connection)
      if (attempt.given) connection.drop()
      else if (tls === undefined) attempt.open(connection)
    }
    const options: Bun.TCPSocketConnectOptions<Connection> = {
      hostname: address,
      port,
      socket: {
        open: opened,
        handshake: (socket, authorized, error) => {
          if (authorized) return attempt.open(socket.data)
          attempt.fail(new UpstreamFailure("broken", `TLS: ${error?.message ?? "not authorized"}`, { cause: error }))
          socket.data.drop()
        },
        // Never shared memory, which the types do not say.
        data: (socket, chunk) => socket.data.received(chunk as Buffer<ArrayBuffer>),
        drain: (socket) => socket.data.drained(),
        end: (socket) => socket.data.closed("the server closed the connection before it had answered"),
        close: (socket) => {
          attempt.fail(new UpstreamFailure("broken", "the connection was closed during the handshake"))
          socket.data.closed("the connection was closed before the server had answered")
        },
        error: (socket, error) => socket.data.closed(error.message)
      }
    }
    if (tls !== undefined) {
      const { serverName, ca } = tls
      options.tls = {
        serverName,
        ALPNProtocols: "http/1.1",
        rejectUnauthorized: true,
        ...(ca === undefined ? {} : { ca })
      }
    }
    Bun.connect(options).catch((error: unknown) => attempt.fail(failed(error)))
  }
}
