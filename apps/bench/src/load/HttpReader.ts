/**
 * Finds the end of HTTP/1.1 answers in a stream of bytes: by Content-Length or by chunks. Just enough for the load generator, and
 * strict: whatever it does not understand is an error. Pure state, no sockets.
 */

export interface Answered {
  /** HTTP status. */
  readonly status: number
}

type State =
  | { readonly need: "head" }
  | { readonly need: "body"; readonly status: number; readonly end: number }
  | Chunked

interface Chunked {
  readonly need: "chunk"
  readonly status: number
}

const HEAD: State = { need: "head" }

export class HttpReader {
  private held = ""
  private state: State = HEAD

  /** Takes bytes as latin1 text, one character a byte; answers what is now complete. Throws on what is no HTTP/1.1 answer. */
  push(text: string): ReadonlyArray<Answered> {
    this.held += text
    const done: Array<Answered> = []
    for (;;) {
      const answered = this.step()
      if (answered === "wait") return done
      if (answered !== "on") done.push(answered)
    }
  }

  private step(): Answered | "on" | "wait" {
    switch (this.state.need) {
      case "head":
        return this.head()
      case "body":
        if (this.held.length < this.state.end) return "wait"
        this.held = this.held.slice(this.state.end)
        return this.finish(this.state.status)
      case "chunk":
        return this.chunk(this.state)
    }
  }

  private head(): "on" | "wait" {
    const end = this.held.indexOf("\r\n\r\n")
    if (end === -1) return "wait"
    const head = this.held.slice(0, end + 2)
    this.held = this.held.slice(end + 4)
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    if (!Number.isInteger(status)) throw new Error(`not an HTTP/1.1 answer: ${JSON.stringify(head.slice(0, 80))}`)
    const length = /\r\ncontent-length:[ \t]*(\d+)\r\n/i.exec(head)?.[1]
    if (/\r\ntransfer-encoding:[ \t]*chunked\r\n/i.test(head)) this.state = { need: "chunk", status }
    else if (length !== undefined || status === 204) this.state = { need: "body", status, end: Number(length ?? 0) }
    else throw new Error("an answer without a length")
    return "on"
  }

  private chunk({ status }: Chunked): Answered | "on" | "wait" {
    const line = this.held.indexOf("\r\n")
    if (line === -1) return "wait"
    const size = Number.parseInt(this.held.slice(0, line), 16)
    if (!Number.isInteger(size)) throw new Error("a chunk without a size")
    const end = line + 2 + size + 2
    if (this.held.length < end) return "wait"
    this.held = this.held.slice(end)
    return size === 0 ? this.finish(status) : "on"
  }

  private finish(status: number): Answered {
    this.state = HEAD
    return { status }
  }
}
