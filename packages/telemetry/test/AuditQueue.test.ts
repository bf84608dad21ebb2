import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { makeQueue } from "../src/AuditQueue.ts"

const step = FastCheck.oneof(
  { weight: 5, arbitrary: FastCheck.constant("push" as const) },
  FastCheck.constant("take" as const),
  FastCheck.constant("ack" as const)
)

describe("AuditQueue", () => {
  it("design §4.5: never holds more than its capacity; every accepted row leaves once, in order", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(step, { maxLength: 200 }),
        FastCheck.integer({ min: 1, max: 20 }),
        (steps, capacity) => {
          const queue = makeQueue(capacity)
          const accepted: Array<string> = []
          const sent: Array<string> = []
          let next = 0
          for (const one of steps) {
            if (one === "push") {
              const room = queue.held() < capacity
              assert.strictEqual(queue.push(`${next}`), room)
              if (room) accepted.push(`${next}`)
              next++
            } else if (one === "take") {
              const text = queue.take()
              if (text !== undefined) sent.push(...text.split("\n"))
            } else queue.acknowledge(sent.length)
            assert.isAtMost(queue.held(), capacity)
          }
          sent.push(...(queue.take()?.split("\n") ?? []))
          assert.deepStrictEqual(sent, accepted)
        }
      )
    )
  })

  it("keeps what was sent until it is acknowledged, for the next worker", () => {
    const queue = makeQueue(10)
    for (const body of ["a", "b"]) queue.push(body)
    assert.strictEqual(queue.take(), "a\nb")
    queue.push("c")
    assert.strictEqual(queue.take(), "c")
    assert.deepStrictEqual(queue.inFlight(), ["a\nb", "c"])
    queue.acknowledge(2)
    assert.deepStrictEqual(queue.inFlight(), ["c"])
    queue.acknowledge(1)
    assert.strictEqual(queue.acknowledged(), 2)
    queue.acknowledge(3)
    assert.strictEqual(queue.held(), 0)
    assert.isUndefined(queue.take())
  })
})
