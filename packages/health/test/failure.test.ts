import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Failure, isDown, isFinal, retryAfterSeconds, statusOf, throttleSeconds } from "../src/internal/failure.ts"

const failures: fc.Arbitrary<Failure> = fc.oneof(
  fc.record({
    kind: fc.constant("exchange" as const),
    reason: fc.constantFrom(
      ...([
        "refused",
        "unreachable",
        "unknown_host",
        "blocked_address",
        "connect_timeout",
        "broken",
        "aborted"
      ] as const)
    )
  }),
  fc.record({
    kind: fc.constant("http" as const),
    status: fc.integer({ min: 300, max: 599 }),
    retryAfterSeconds: fc.option(fc.nat(), { nil: undefined })
  }),
  fc.record({ kind: fc.constant("rpc" as const), code: fc.integer() }),
  fc.record({ kind: fc.constantFrom("timeout" as const, "unusable" as const) })
)

describe("failures", () => {
  it("every status is one of contracts §2.11", () => {
    const known =
      /^(?:healthy-auth-expired|unhealthy: (?:timeout|connection error|endpoint check failed|status \d{3}|session initialization failed and ping without auth failed)|error: [a-z ]+)$/
    fc.assert(fc.property(failures, (failure) => known.test(statusOf(failure))))
  })

  it("being asked to come back is neither down nor worth a second attempt (field.md 24)", () => {
    fc.assert(
      fc.property(failures, (failure) => {
        if (throttleSeconds(failure) === undefined) return
        expect(isDown(failure)).toBe(false)
        expect(isFinal(failure)).toBe(true)
      })
    )
  })

  it.each([
    [429, undefined, 0],
    [429, 5, 5],
    [503, 5, 5],
    [503, undefined, undefined],
    [500, 5, undefined]
  ] as const)("HTTP %i with Retry-After %s waits %s", (status, retryAfter, seconds) => {
    expect(throttleSeconds({ kind: "http", status, retryAfterSeconds: retryAfter })).toBe(seconds)
  })
})

describe("retryAfterSeconds (RFC 9110 §10.2.3)", () => {
  const now = Date.UTC(2026, 0, 1)
  it.each([
    [null, undefined],
    ["120", 120],
    [" 0 ", 0],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["", undefined],
    ["99999999999999999999", undefined]
  ])("%j is %s", (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds)
  })
})
