/** One TCP or TLS connection to a server, and the exchange now on it. Sends each request once; never pipelines. */
import { type Carrier, Exchange } from "./Exchange.ts"

type Socket = Bun.Socket<Connection>

/** Who gets a connection back after an exchange. */
export interface Keeper {
  /** Free for another exchange; `hint` is the server's `Keep-Alive` header. */
  readonly keep: (connection: Connection, hint: string | undefined) => void
  readonly forget: (connection: Connection) => void
}

/** Requests up to this size are put together and written at once. */
const SCRATCH = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(SCRATCH)

export class Connection implements Carrier {
  /** When it became free, `performance.now()`. */
  freeSince = 0
  private readonly socket: Socket
  private readonly keeper: Keeper
  private exchange: Exchange | undefined = undefined
  /** What the socket has not taken yet of the request. */
  private unsent: Buffer | undefined = undefined
  private paused = false
  private gone = false

  constructor(socket: Socket, keeper: Keeper) {
    this.socket = socket
    this.keeper = keeper
  }

  /** `line` and `headers` as lines with their ends. Undefined: the connection is gone and nothing was sent. */
  send(line: string, headers: Buffer, method: string, body: Uint8Array<ArrayBuffer> | undefined): Exchange | undefined {
    if (this.gone) return undefined
    const exchange = new Exchange(this)
    this.exchange = exchange
    const length = body === undefined && method !== "POST" ? "\r\n" : `content-length: ${body?.length ?? 0}\r\n\r\n`
    const size = line.length + headers.length + length.length + (body?.length ?? 0)
    const bytes = size <= SCRATCH ? scratch : Buffer.allocUnsafe(size)
    let at = bytes.write(line, "latin1")
    bytes.set(headers, at)
    at += headers.length
    at += bytes.write(length, at, "latin1")
    if (body !== undefined) bytes.set(body, at)
    const sent = this.socket.write(bytes, 0, size)
    if (sent < 0) {
      this.exchange = undefined
      this.drop()
      return undefined
    }
    if (sent < size) {
      const rest = bytes.subarray(sent, size)
      this.unsent = bytes === scratch ? Buffer.from(rest) : rest
    }
    return exchange
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (this.unsent === undefined) return
    const sent = this.socket.write(this.unsent)
    if (sent < 0) return this.closed("the connection was closed while the request was sent", false)
    this.unsent = sent < this.unsent.length ? this.unsent.subarray(sent) : undefined
  }

  received(chunk: Buffer<ArrayBuffer>): void {
    // Nobody asked: whatever follows on this connection could be taken for the answer to somebody else's request.
    if (this.exchange === undefined) this.drop()
    else this.exchange.received(chunk)
  }

  /** The other side is gone; `clean` when it ended the connection as one does. */
  closed(detail: string, clean: boolean): void {
    if (this.gone) return
    const { exchange } = this
    this.discard()
    exchange?.closed(detail, clean)
  }

  /** The answer is here to its end. */
  finished(reusable: boolean, hint: string | undefined): void {
    this.exchange = undefined
    // Answered before the request was sent to its end: what is left of it must not be sent any more.
    if (!reusable || this.unsent !== undefined) return this.drop()
    this.resume()
    this.keeper.keep(this, hint)
  }

  drop(): void {
    if (!this.gone) this.discard()
  }

  private discard(): void {
    const idle = this.exchange === undefined && this.unsent === undefined
    this.gone = true
    this.exchange = undefined
    this.unsent = undefined
    this.keeper.forget(this)
    // A free connection ends in peace; in the midst of an exchange neither side's bytes are of use any more.
    if (idle) this.socket.close()
    else this.socket.terminate()
  }

  pause(): void {
    if (this.paused || this.gone) return
    this.paused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.paused || this.gone) return
    this.paused = false
    this.socket.resume()
  }
}
