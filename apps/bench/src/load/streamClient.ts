/**
 * Opens event streams and counts events on them, over raw sockets. A process of its own; arguments: URL, token, how many.
 * Prints `opened` when the first bytes came on every one, and `events N` whenever each has had N events.
 */
const [, , href = "", token = "", count = "1"] = process.argv
const url = new URL(href)
const wanted = Number(count)

const REQUEST =
  `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/event-stream\r\n` +
  `authorization: Bearer ${token}\r\n\r\n`
const HEAD = /^HTTP\/1\.1 200 /
const OPENING = Buffer.from(": open")
const EVENT = Buffer.from("event: message")
/** Connections being made at once. */
const WIDTH = 64

interface Stream {
  open: boolean
}

let opened = 0
let events = 0

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const give = (problem: string): never => {
  say(`failed: ${problem}`)
  process.exit(1)
}

const countIn = (data: Buffer, needle: Buffer): number => {
  let found = 0
  for (let at = data.indexOf(needle); at !== -1; at = data.indexOf(needle, at + needle.length)) found++
  return found
}

const connect = (): Promise<void> =>
  new Promise((resolve) => {
    let seen = ""
    const handlers: Bun.SocketHandler<Stream> = {
      open: (socket) => void socket.write(REQUEST),
      data: (socket, data) => {
        if (!socket.data.open) {
          seen += data.toString("latin1")
          if (seen.includes("\r\n\r\n") && !HEAD.test(seen)) give(seen.slice(0, 400))
          if (!data.includes(OPENING)) return
          socket.data.open = true
          resolve()
          if (++opened === wanted) say("opened")
          return
        }
        const found = countIn(data, EVENT)
        events += found
        if (found > 0 && events % wanted === 0) say(`events ${events / wanted}`)
      },
      close: () => give("a stream was closed"),
      connectError: (_socket, error) => give(error.message)
    }
    void Bun.connect({ hostname: url.hostname, port: Number(url.port), data: { open: false }, socket: handlers })
  })

const worker = async (share: number): Promise<void> => {
  for (let i = 0; i < share; i++) await connect()
}

await Promise.all(
  Array.from({ length: Math.min(WIDTH, wanted) }, (_, i, width = Math.min(WIDTH, wanted)) =>
    worker(Math.floor(wanted / width) + (i < wanted % width ? 1 : 0))
  )
)
