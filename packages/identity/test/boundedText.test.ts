/** Bodies of strangers are read for so long and so far (S-16). */
import { assert, describe, it } from "@effect/vitest"
import { boundedText } from "../src/oauth/boundedText.ts"

const bodyOf = (start: (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => void) => {
  let cancelled = false
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start, cancel: () => void (cancelled = true) })
  return { body, cancelled: () => cancelled }
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

describe("S-16: a body from a stranger", () => {
  it("is read whole when it is small and in time, however it was cut", async () => {
    const { body } = bodyOf((controller) => {
      const text = bytes("a=ü")
      for (const byte of text) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    })
    assert.deepEqual(await boundedText({ body }, 4, 1_000), { text: "a=ü" })
    assert.deepEqual(await boundedText({ body: null }, 4, 1_000), { text: "" })
  })

  it("that does not end is given up, and its connection let go", async () => {
    const { body, cancelled } = bodyOf((controller) => controller.enqueue(bytes("a=b")))
    assert.strictEqual(await boundedText({ body }, 100, 20), "too-slow")
    assert.isTrue(cancelled())
  })

  it("that is too large is not read to its end", async () => {
    const { body, cancelled } = bodyOf((controller) => controller.enqueue(bytes("12345")))
    assert.strictEqual(await boundedText({ body }, 4, 1_000), "too-large")
    assert.isTrue(cancelled())
  })

  it("that breaks off is no failure of ours", async () => {
    const { body } = bodyOf((controller) => controller.error(new Error("gone")))
    assert.strictEqual(await boundedText({ body }, 4, 1_000), "broken")
  })
})
