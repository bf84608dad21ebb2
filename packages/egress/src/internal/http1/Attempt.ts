/** One attempt at a connection: TCP, then TLS with the server's certificate checked. Over once, with a connection or a failure. */
import { UpstreamFailure } from "../../Upstream.ts"
import { Connection, type Keeper } from "./Connection.ts"

/** Where a pool connects to. */
export interface Destination {
  readonly address: string
  readonly port: number
  /** Undefined: no TLS. */
  readonly tls: { readonly serverName: string; readonly ca: string | undefined } | undefined
  /** Milliseconds for connecting, the TLS handshake included. */
  readonly connectTimeoutMs: number
}

/** Who gets a connection that was made, at once and before anybody else can act on it. */
export interface Maker extends Keeper {
  readonly made: (connection: Connection) => void
}

export class Attempt {
  /** Rejects with `UpstreamFailure` only. */
  readonly result: Promise<Connection>
  /** Resolves when the other side has taken or refused the connection: the system does not let go of it before that. */
  readonly answered: Promise<void>
  /** Neither taken nor refused yet. */
  unanswered = true
  private readonly maker: Maker
  private readonly resolve: (connection: Connection) => void
  private readonly reject: (failure: UpstreamFailure) => void
  private connection: Connection | undefined = undefined
  private over = false

  constructor(destination: Destination, maker: Maker) {
    this.maker = maker
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    this.result = promise
    this.resolve = resolve
    this.reject = reject
    this.answered = this.dial(destination)
  }

  /** Nothing when it is over already. */
  fail(failure: UpstreamFailure): void {
    if (this.over) return
    this.over = true
    this.connection?.drop()
    this.reject(failure)
  }

  private succeed(connection: Connection): void {
    if (this.over) return
    this.over = true
    this.maker.made(connection)
    this.resolve(connection)
  }

  private async dial(destination: Destination): Promise<void> {
    try {
      await Bun.connect(this.optionsOf(destination))
    } catch (error) {
      this.fail(failed(error))
    }
    this.unanswered = false
  }

  private optionsOf({ address, port, tls }: Destination): Bun.TCPSocketConnectOptions<Connection> {
    const options: Bun.TCPSocketConnectOptions<Connection> = {
      hostname: address,
      port,
      socket: {
        open: (socket) => {
          const connection = new Connection(socket, this.maker)
          socket.data = connection
          this.connection = connection
          this.unanswered = false
          if (this.over) connection.drop()
          else if (tls === undefined) this.succeed(connection)
        },
        handshake: (socket, authorized, error) => {
          if (authorized) this.succeed(socket.data)
          else this.fail(new UpstreamFailure("broken", `TLS: ${error?.message ?? "not authorized"}`, { cause: error }))
        },
        // Never shared memory, which the types do not say.
        data: (socket, chunk) => socket.data.received(chunk as Buffer<ArrayBuffer>),
        drain: (socket) => socket.data.drained(),
        // Under TLS the runtime does not say whether the end was the server's own (RFC 9112 §9.8): it is taken for that.
        end: (socket) => socket.data.closed("the server closed the connection before it had answered", true),
        close: (socket, error) => {
          this.fail(new UpstreamFailure("broken", "the connection was closed during the handshake", { cause: error }))
          socket.data.closed(error?.message ?? "the connection was closed before the server had answered", false)
        },
        error: (socket, error) => socket.data.closed(error.message, false)
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
    return options
  }
}

const failed = (error: unknown): UpstreamFailure => {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  const detail = error instanceof Error ? `${code} ${error.message}` : String(error)
  return new UpstreamFailure(code === "ECONNREFUSED" ? "refused" : "unreachable", detail, { cause: error })
}
