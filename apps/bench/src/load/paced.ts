/**
 * Calls at a steady pace, each with the next token of a list, over kept-alive connections. A call's latency counts from when it was due, so that
 * one that had to wait for a connection is not flattered. A process of its own; arguments: URL, file of tokens (one a line, used in turn),
 * connections, calls per second, seconds, the status every call is to be answered with, whether 429 will do, too. Prints `going` when it begins, and the result.
 */
import { readFileSync } from "node:fs"
import { percentile } from "../statistics.ts"
import { bodyOf, HEADERS } from "./call.ts"
import { HttpReader } from "./HttpReader.ts"

const [, , href = "", file = "", connections = "1", perSecond = "1", seconds = "1", expected = "200", busyToo = ""] =
  process.argv
const url = new URL(href)
const tokens = readFileSync(file, "utf8").trim().split("\n")

const callOf = (n: number): string => {
  const body = bodyOf(n)
  const authorization = `Bearer ${tokens[n % tokens.length] ?? ""}`
  const fields = { host: url.host, ...HEADERS, authorization, "content-length": String(body.length) }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${url.pathname} HTTP/1.1\r\n${lines.join("")}\r\n${body}`
}

interface Line {
  readonly reader: HttpReader
  due: number
}

const latencies: Array<number> = []
const free: Array<Bun.Socket<Line>> = []
const total = Number(perSecond) * Number(seconds)
const gap = 1000 / Number(perSecond)
let sent = 0
let errors = 0
let busy = 0
let began = 0

const finish = (): void => {
  const sorted = Float64Array.from(latencies).sort()
  const { user, system } = process.cpuUsage()
  const result = {
    requests: latencies.length,
    seconds: (performance.now() - began) / 1000,
    p50: Math.round(percentile(sorted, 0.5) * 1000),
    p99: Math.round(percentile(sorted, 0.99) * 1000),
    // One that was never answered failed, too.
    errors: errors + total - latencies.length,
    busy
  }
  process.stdout.write(`RESULT ${JSON.stringify(result)} CPU ${user + system}\n`)
  process.exit(0)
}

/** All that is due and has a connection. */
const send = (): void => {
  const now = performance.now()
  while (sent < total && began + sent * gap <= now) {
    const socket = free.pop()
    if (socket === undefined) return
    socket.data.due = began + sent * gap
    if (socket.write(callOf(sent++)) <= 0) errors++
  }
}

const heard = (socket: Bun.Socket<Line>, data: Buffer): void => {
  const now = performance.now()
  for (const { status } of socket.data.reader.push(data.toString("latin1"))) {
    latencies.push(now - socket.data.due)
    if (status === 429 && busyToo === "429") busy++
    else if (status !== Number(expected)) errors++
    free.push(socket)
  }
  if (latencies.length >= total) finish()
  else send()
}

const handlers: Bun.SocketHandler<Line> = {
  data: (socket, data) => {
    try {
      heard(socket, data)
    } catch {
      errors++
      socket.end()
    }
  },
  connectError: () => {
    errors++
  }
}

for (let i = 0; i < Number(connections); i++) {
  free.push(
    await Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      data: { reader: new HttpReader(), due: 0 },
      socket: handlers
    })
  )
}
process.stdout.write("going\n")
began = performance.now()
setInterval(send, 1)
setTimeout(finish, Number(seconds) * 1000 + 5_000)
