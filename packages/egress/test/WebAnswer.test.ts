import { describe, expect, it } from "@effect/vitest"
import { type UpstreamAnswer, UpstreamFailure } from "../src/Upstream.ts"
import { answerOf, responseOf, streamOf } from "../src/WebAnswer.ts"

const never = new AbortController().signal

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** An answer of these parts; a failure among them is thrown where it stands. */
const answer = (parts: ReadonlyArray<string | UpstreamFailure>, more: Partial<UpstreamAnswer> = {}) => {
  const left = [...parts]
  const told = { reads: 0, cancels: 0 }
  const read = async () => {
    told.reads++
    const part = left.shift()
    if (part instanceof UpstreamFailure) throw part
    return part === undefined ? undefined : bytes(part)
  }
  return {
    told,
    answer: {
      status: 200,
      headers: {},
      whole: undefined,
      read,
      take: () => undefined,
      cancel: () => void told.cancels++,
      ...more
    }
  }
}

describe("answerOf", () => {
  it("status, headers and body; a body that is null is whole and empty", async () => {
    const one = answerOf(new Response("body", { status: 201, headers: { "X-A": "b" } }), never)
    expect([one.status, one.headers["x-a"], one.whole]).toEqual([201, "b", undefined])
    expect(Buffer.from((await one.read()) ?? []).toString()).toBe("body")
    expect(await one.read()).toBeUndefined()
    const none = answerOf(new Response(null, { status: 204 }), never)
    expect(none.whole?.length).toBe(0)
    expect(await none.read()).toBeUndefined()
    none.cancel()
  })

  it("repeated fields are joined; names of a prototype are names like others", () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["constructor", "c"],
      ["__proto__", "p"]
    ])
    const answered = answerOf(new Response(null, { headers }), never)
    expect(Object.entries(answered.headers).toSorted()).toEqual([
      ["__proto__", "p"],
      ["constructor", "c"],
      ["set-cookie", "a=1, b=2"]
    ])
    expect(answered.headers["toString"]).toBeUndefined()
  })

  it.each([
    ["broken", never],
    ["aborted", AbortSignal.abort()]
  ] as const)("a body that errors is %s", async (reason, signal) => {
    const body = new ReadableStream({ pull: () => Promise.reject(new Error("bang")) })
    await expect(answerOf(new Response(body), signal).read()).rejects.toMatchObject({ reason })
  })

  it("cancelling is told to the body, and ends its reads, also twice", async () => {
    let cancelled = 0
    const body = new ReadableStream({ cancel: () => void cancelled++ })
    const answered = answerOf(new Response(body), never)
    const waiting = answered.read()
    answered.cancel()
    answered.cancel()
    expect(await waiting).toBeUndefined()
    expect(await answered.read()).toBeUndefined()
    expect(cancelled).toBe(1)
  })
})

describe("responseOf and streamOf", () => {
  it("a whole body is the body; nothing is read", async () => {
    const { told, answer: whole } = answer([], { whole: bytes("body"), headers: { "x-a": "b" }, status: 404 })
    const response = responseOf(whole)
    expect([response.status, response.headers.get("x-a"), await response.text()]).toEqual([404, "b", "body"])
    expect(told).toEqual({ reads: 0, cancels: 0 })
  })

  it("parts are read one by one, as they are asked for", async () => {
    const { told, answer: parts } = answer(["a", "b", "c"])
    const reader = streamOf(parts).getReader()
    expect(told.reads).toBe(0)
    expect((await reader.read()).value).toEqual(bytes("a"))
    expect(told.reads).toBe(1)
    await reader.cancel()
    expect(told).toEqual({ reads: 1, cancels: 1 })
    expect(await responseOf(answer(["a", "b"]).answer).text()).toBe("ab")
  })

  it("a failure is the stream's", async () => {
    const { answer: failing } = answer(["a", new UpstreamFailure("broken", "gone")])
    await expect(responseOf(failing).text()).rejects.toMatchObject({ reason: "broken" })
  })

  it("cancelled while a read waits: no error is left over", async () => {
    const waiting = Promise.withResolvers<undefined>()
    const reader = streamOf({ read: () => waiting.promise, cancel: () => waiting.resolve(undefined) }).getReader()
    const next = reader.read()
    await reader.cancel()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it.each([204, 205, 304])("%i can have no body: one that comes nonetheless is not waited for", (status) => {
    const { told, answer: odd } = answer(["x"], { status })
    const response = responseOf(odd)
    expect([response.status, response.body]).toEqual([status, null])
    expect(told).toEqual({ reads: 0, cancels: 1 })
  })
})
