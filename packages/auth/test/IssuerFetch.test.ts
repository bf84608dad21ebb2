import { describe, expect, it } from "@effect/vitest"
import { type FetchFunction, limited } from "../src/IssuerFetch.ts"

const LIMITS = { maxBytes: 1_000, timeoutMillis: 50 }
const URL = "https://idp.example/certs"

const through = (inner: FetchFunction, init?: RequestInit): Promise<Response> => limited(inner, LIMITS)(URL, init)

/** A body of so many bytes that says nothing of its length. */
const streamed = (bytes: number, asked: Array<number> = []): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull: (controller) => {
      asked.push(100)
      controller.enqueue(new Uint8Array(100))
      if (asked.length * 100 >= bytes) controller.close()
    }
  })

describe("IssuerFetch: what answers is bounded (S-06, S-16)", () => {
  it("gives status, headers and body", async () => {
    const answer = await through(async () => Response.json({ a: 1 }, { status: 404, headers: { etag: "x" } }))
    expect([answer.status, answer.headers.get("etag"), await answer.json()]).toEqual([404, "x", { a: 1 }])
  })

  it("follows no redirect, and tells the transport so", async () => {
    const seen: Array<RequestInit | undefined> = []
    const inner: FetchFunction = async (_, init) => {
      seen.push(init)
      return Response.redirect("http://169.254.169.254/", 302)
    }
    await expect(through(inner, { redirect: "follow" })).rejects.toThrow("redirect")
    expect(seen[0]?.redirect).toBe("manual")
  })

  it("a huge answer is refused by its declared length, and by its bytes when it declares none", async () => {
    const asked: Array<number> = []
    await expect(through(async () => new Response("x", { headers: { "content-length": "1001" } }))).rejects.toThrow(
      "too large"
    )
    await expect(through(async () => new Response(streamed(1_000_000, asked)))).rejects.toThrow("too large")
    expect(asked.length).toBeLessThan(20)
    expect((await (await through(async () => new Response(streamed(1_000)))).bytes()).length).toBe(1_000)
  })

  it("a slow one is refused, before its answer and amid it, also when the transport ignores the signal", async () => {
    await expect(through(() => new Promise(() => undefined))).rejects.toMatchObject({ name: "TimeoutError" })
    const stalled = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
    await expect(through(async () => stalled)).rejects.toMatchObject({ name: "TimeoutError" })
  })

  it("a caller that leaves ends it", async () => {
    const leaving = AbortSignal.abort(new Error("left"))
    await expect(through(() => new Promise(() => undefined), { signal: leaving })).rejects.toThrow("left")
  })
})
