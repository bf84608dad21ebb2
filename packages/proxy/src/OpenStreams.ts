/** The streams now open towards clients: counted, closed cleanly when the gateway drains, and ended when their caller has lost access. */
import type { Claims } from "@mcpgw/domain/Principal"

export interface OpenStream {
  /** Nobody waits for an answer on it (GET, `subscriptions/listen`), so draining closes it at once. */
  readonly idle: boolean
  /** Whose it is. */
  readonly claims: Claims
  /** Ends the stream towards the client and closes the exchange with the server. */
  readonly close: () => void
  /** The same, and tells the client why: its credential is no longer good. */
  readonly revoke: () => void
}

export class OpenStreams {
  private readonly open = new Set<OpenStream>()

  get size(): number {
    return this.open.size
  }

  add(stream: OpenStream): void {
    this.open.add(stream)
  }

  delete(stream: OpenStream): void {
    this.open.delete(stream)
  }

  /** Closes those nobody waits for an answer on; or all. */
  close(which: "idle" | "all"): void {
    for (const stream of this.open) if (which === "all" || stream.idle) stream.close()
  }

  /** Ends those whose caller no longer holds. */
  endLost(holds: (claims: Claims) => boolean): void {
    for (const stream of this.open) if (!holds(stream.claims)) stream.revoke()
  }
}
