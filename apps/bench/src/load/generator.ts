/**
 * The bundled load generator, for machines without wrk: kept-alive connections over raw sockets, one call at a time on each, the
 * next when the last was answered. A process of its own; arguments: URL, token, connections, seconds. Prints one line.
 */
import { percentile } from "../statistics.ts"
import { BODY_HEAD, BODY_TAIL, DIGITS, HEADERS } from "./call.ts"
import { HttpReader } from "./HttpReader.ts"

const [, , href = "", token = "", connections = "1", seconds = "1"] = process.argv
const url = new URL(href)

const length = BODY_HEAD.length + DIGITS + BODY_TAIL.length
const fields = { host: url.host, ...HEADERS, authorization: `Bearer ${token}`, "content-length": String(length) }
const head =
  `POST ${url.pathname} HTTP/1.1\r\n` +
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("") +
  `\r\n${BODY_HEAD}`

const began = performance.now()
const until = began + Number(seconds) * 1000
const latencies: Array<number> = []
let sent = 0
let errors = 0
let open = 0

interface Line {
  readonly reader: HttpReader
  at: number
}

const finish = (): void => {
  const elapsed = (performance.now() - began) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const { user, system } = process.cpuUsage()
  const result = {
    requests: latencies.length,
    seconds: elapsed,
    p50: Math.round(percentile(sorted, 0.5) * 1000),
    p99: Math.round(percentile(sorted, 0.99) * 1000),
    errors
  }
  process.stdout.write(`RESULT ${JSON.stringify(result)} CPU ${user + system}\n`)
  process.exit(0)
}

const ask = (socket: Bun.Socket<Line>): void => {
  socket.data.at = performance.now()
  // A request fits into an empty socket buffer, so it is written whole.
  if (socket.write(head + String(++sent).padStart(DIGITS, "0") + BODY_TAIL) <= 0) errors++
}

const heard = (socket: Bun.Socket<Line>, data: Buffer): void => {
  const now = performance.now()
  for (const { status } of socket.data.reader.push(data.toString("latin1"))) {
    if (now >= until) return void socket.end()
    latencies.push(now - socket.data.at)
    if (status >= 400) errors++
    ask(socket)
  }
}

const handlers: Bun.SocketHandler<Line> = {
  open: (socket) => {
    open++
    ask(socket)
  },
  data: (socket, data) => {
    try {
      heard(socket, data)
    } catch {
      errors++
      socket.end()
    }
  },
  close: () => {
    if (--open === 0) finish()
  },
  connectError: () => {
    errors++
  }
}

await Promise.all(
  Array.from({ length: Number(connections) }, () =>
    Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      data: { reader: new HttpReader(), at: 0 },
      socket: handlers
    })
  )
)
setTimeout(finish, Number(seconds) * 1000 + 5_000)
