import { afterEach, beforeEach, describe, expect, it, vi } from "@effect/vitest"
import { fromRules } from "@mcpgw/policy/Library"
import type { Body } from "../src/Answer.ts"
import { relayBytes, relayEvents } from "../src/StreamRelay.ts"
import { RULES } from "./support/Call.ts"
import { bytesOf, recorded, viewerOf } from "./support/Streams.ts"

/** A server that speaks when it is told to. */
const server = () => {
  const parts: Array<Uint8Array<ArrayBuffer> | undefined> = []
  let waiting: ((part: Uint8Array<ArrayBuffer> | undefined) => void) | undefined
  let cancelled = 0
  const body: Body = {
    read: () => {
      if (parts.length > 0) return Promise.resolve(parts.shift())
      return new Promise((resolve) => (waiting = resolve))
    },
    // The end is for `read` to tell.
    take: () => (parts[0] === undefined ? undefined : parts.shift()),
    cancel: () => void cancelled++
  }
  const give = (part: Uint8Array<ArrayBuffer> | undefined): void => {
    const resolve = waiting
    waiting = undefined
    if (resolve === undefined) parts.push(part)
    else resolve(part)
  }
  return { body, cancelled: () => cancelled, say: (text: string) => give(bytesOf(text)), end: () => give(undefined) }
}

/** A client that reads all the time, unless it stops. */
const client = (stream: ReadableStream<Uint8Array>) => {
  const reader = stream.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const decoder = new TextDecoder()
  const state = { text: "", ended: "" }
  const mood = { stopped: false }
  const read = async (): Promise<void> => {
    try {
      while (!mood.stopped) {
        const { done, value } = await reader.read()
        if (done) {
          state.ended = "closed"
          return
        }
        state.text += decoder.decode(value)
      }
    } catch {
      state.ended = "broken"
    }
  }
  const take = (): void => {
    mood.stopped = false
    void read()
  }
  take()
  return { state, take, stop: () => (mood.stopped = true) }
}

const viewer = viewerOf(fromRules(RULES), "all")

const KEEPALIVE = ": keepalive\n\n"
const PROGRESS = 'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n'
const ANSWER = 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'

interface Limits {
  readonly idleMs?: number
  readonly totalMs?: number
  readonly stallMs?: number
  readonly heartbeatMs?: number
  readonly id?: number
}

const open = ({ idleMs, totalMs, stallMs = 60_000, heartbeatMs = 0, id = 1 }: Limits) => {
  const { options, endings, streams } = recorded(idleMs)
  const all = {
    ...options,
    stallMs,
    heartbeatMs,
    until: totalMs === undefined ? undefined : performance.now() + totalMs
  }
  const upstream = server()
  const stream = relayEvents(upstream.body, viewer, id, 1 << 20, all)
  return { upstream, endings, streams, client: client(stream) }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }))
afterEach(() => void vi.useRealTimers())

describe("W-21: heartbeats", () => {
  it("one for each silence, counted from what was last said; none when switched off", async () => {
    const { client, upstream } = open({ heartbeatMs: 15_000 })
    await pass(200)
    expect(client.state.text).toBe(":\n\n")
    await pass(14_500)
    expect(client.state.text).toBe(":\n\n")
    upstream.say(PROGRESS)
    await pass(14_500)
    expect(client.state.text).toBe(`:\n\n${PROGRESS}`)
    await pass(700)
    expect(client.state.text).toBe(`:\n\n${PROGRESS}${KEEPALIVE}`)
    await pass(30_300)
    expect(client.state.text).toBe(`:\n\n${PROGRESS}${KEEPALIVE}${KEEPALIVE}${KEEPALIVE}`)
    const off = open({ heartbeatMs: 0 })
    await pass(100_000)
    expect(off.client.state.text).toBe(":\n\n")
  })

  it("never inside an event, and none after the end", async () => {
    const { client, upstream } = open({ heartbeatMs: 1_000 })
    upstream.say(ANSWER.slice(0, 20))
    await pass(2_500)
    upstream.say(ANSWER.slice(20))
    await pass(10)
    expect(client.state.text).toBe(`:\n\n${KEEPALIVE}${KEEPALIVE}${ANSWER}`)
    upstream.end()
    await pass(10_000)
    expect(client.state).toEqual({ text: `:\n\n${KEEPALIVE}${KEEPALIVE}${ANSWER}`, ended: "closed" })
  })

  it("they do not pile up before a client that takes nothing", async () => {
    const { client, upstream, endings } = open({ heartbeatMs: 1_000, stallMs: 10_000 })
    client.stop()
    upstream.say(PROGRESS)
    await pass(9_000)
    expect([client.state.text, endings]).toEqual([PROGRESS, []])
  })

  it("a body that is no stream of events has none", async () => {
    const upstream = server()
    const { options } = recorded()
    const reader = client(relayBytes(upstream.body, { ...options, heartbeatMs: 1_000 }))
    upstream.say('{"half":')
    await pass(10_000)
    expect(reader.state.text).toBe('{"half":')
  })
})

describe("W-27: deadlines", () => {
  it("progress puts the idle deadline off, heartbeats do not", async () => {
    const { client, upstream, endings } = open({ idleMs: 5_000, heartbeatMs: 1_000 })
    for (let i = 0; i < 4; i++) {
      await pass(4_500)
      upstream.say(PROGRESS)
    }
    await pass(4_800)
    expect(endings).toEqual([])
    await pass(400)
    expect(endings).toEqual([{ kind: "broken", detail: "the server fell silent" }])
    expect(client.state.ended).toBe("closed")
    expect(client.state.text).toContain('"code":-31502')
    expect(upstream.cancelled()).toBe(1)
  })

  it("nothing puts the total deadline off", async () => {
    const { client, upstream, endings, streams } = open({ idleMs: 5_000, totalMs: 12_000 })
    for (let i = 0; i < 11; i++) {
      upstream.say(PROGRESS)
      await pass(1_000)
    }
    expect(endings).toEqual([])
    await pass(1_200)
    expect(endings).toEqual([{ kind: "broken", detail: "the answer took too long" }])
    expect(client.state.text).toContain('"id":1,"error":{"code":-31504')
    expect([client.state.ended, upstream.cancelled(), streams.size]).toEqual(["closed", 1, 0])
  })

  it("without limits a stream is quiet for hours", async () => {
    const { endings, streams } = open({})
    await pass(0)
    vi.advanceTimersByTime(4 * 3_600_000)
    await pass(0)
    expect([endings, streams.size]).toEqual([[], 1])
  })
})

describe("a client that takes nothing", () => {
  it("is given up when bytes have waited for so long, and never while none wait", async () => {
    const { client, upstream, endings, streams } = open({ stallMs: 3_000 })
    await pass(60_000)
    expect(endings).toEqual([])
    client.stop()
    upstream.say(PROGRESS)
    await pass(2_800)
    expect(endings).toEqual([])
    await pass(400)
    expect(endings).toEqual([{ kind: "aborted", stalled: true }])
    expect([upstream.cancelled(), streams.size]).toEqual([1, 0])
  })

  it("who takes again in time goes on, and the server is not blamed for the pause", async () => {
    const { client, upstream, endings } = open({ stallMs: 5_000, idleMs: 5_000 })
    client.stop()
    upstream.say(PROGRESS)
    await pass(4_000)
    client.take()
    upstream.say(ANSWER)
    upstream.end()
    await pass(2_000)
    expect(endings).toEqual([{ kind: "finished", failure: undefined }])
  })
})

describe("a client that asks for several parts at once", () => {
  it("gets them in order, whether they are there or come one by one", async () => {
    const { options, endings } = recorded()
    const upstream = server()
    const reader = relayEvents(upstream.body, viewer, 1, 1 << 20, options).getReader()
    const texts = ["1", "2", "3", "4"].map((data) => `data: ${data}\n\n`)
    upstream.say(texts[0] ?? "")
    upstream.say(texts[1] ?? "")
    const reads = Array.from({ length: 6 }, () => reader.read())
    await pass(0)
    upstream.say(texts[2] ?? "")
    await pass(0)
    upstream.say(texts[3] ?? "")
    await pass(0)
    upstream.say(ANSWER)
    await pass(0)
    upstream.end()
    const seen = (await Promise.all(reads)).map(({ value }) =>
      value === undefined ? "end" : Buffer.from(value).toString()
    )
    expect(seen).toEqual([...texts, ANSWER, "end"])
    expect(endings).toEqual([{ kind: "finished", failure: undefined }])
  })

  it("an event too large among parts that are there breaks the stream, once", async () => {
    const { options, endings, streams } = recorded()
    const upstream = server()
    upstream.say(PROGRESS)
    upstream.say("data: ")
    upstream.say("x".repeat(200))
    upstream.end()
    const reader = client(relayEvents(upstream.body, viewer, 1, 64, options))
    await pass(10)
    expect(reader.state.text).toMatch(/^data: .*progress.*\n\nevent: message\ndata: .*"code":-31502/)
    expect(endings.map(({ kind }) => kind)).toEqual(["broken"])
    expect([reader.state.ended, upstream.cancelled(), streams.size]).toEqual(["closed", 1, 0])
  })
})

describe("a stream that ends as one does", () => {
  const ends = async (text: string, id: number | undefined, who = viewer) => {
    const { options, endings } = recorded()
    const upstream = server()
    const reader = client(relayEvents(upstream.body, who, id, 1 << 20, options))
    if (text !== "") upstream.say(text)
    upstream.end()
    await pass(10)
    return { text: reader.state.text, kind: endings[0]?.kind }
  }

  it("without the awaited answer: an error for it, unless the client could take it up again", async () => {
    for (const text of ["", PROGRESS, "garbage\n\n", "gar", "\u0000\u0001"]) {
      const { text: seen, kind } = await ends(text, 1)
      expect(kind).toBe("broken")
      expect(seen).toContain('"id":1,"error"')
    }
    for (const text of [
      ANSWER,
      ANSWER.trimEnd(),
      `id: 7\n${PROGRESS}`,
      `event: message\nid: 7\n${PROGRESS}`,
      `event: message\rid: 7\r${PROGRESS}`
    ]) {
      expect(await ends(text, 1)).toEqual({ text, kind: "finished" })
    }
    expect(await ends(PROGRESS, undefined)).toEqual({ text: PROGRESS, kind: "finished" })
  })

  it("W-23: since 2026-07-28 none can be taken up again, whatever ids its events have", async () => {
    const { text, kind } = await ends(`id: 7\n${PROGRESS}`, 1, { ...viewer, modern: true })
    expect(kind).toBe("broken")
    expect(text).toContain('"id":1,"error"')
    expect(await ends(`id: 7\n${ANSWER}`, 1, { ...viewer, modern: true })).toMatchObject({ kind: "finished" })
  })
})
