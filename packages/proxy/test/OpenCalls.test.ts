import { describe, expect, it } from "@effect/vitest"
import { OpenCalls } from "../src/OpenCalls.ts"
import { claimsOf } from "./support/Call.ts"

describe("OpenCalls", () => {
  it("a caller has at most so many open, over all of their tokens; another has their own", () => {
    const calls = new OpenCalls(2)
    const first = calls.enter(claimsOf("alice"), false)
    expect(first).toBeDefined()
    expect(calls.enter(claimsOf("alice", { tokenId: "another" }), false)).toBeDefined()
    expect(calls.enter(claimsOf("alice"), false)).toBeUndefined()
    expect(calls.enter(claimsOf("bob"), false)).toBeDefined()
    expect(calls.enter(claimsOf("alice", { clientId: "other" }), false)).toBeDefined()
    if (first !== undefined) calls.leave(first)
    expect(calls.enter(claimsOf("alice"), false)).toBeDefined()
  })

  it("what is exempt is counted, and never refused", () => {
    const calls = new OpenCalls(1)
    const claims = claimsOf("alice")
    const exempt = calls.enter(claims, true)
    expect(exempt).toBeDefined()
    expect(calls.enter(claims, true)).toBeDefined()
    expect(calls.enter(claims, false)).toBeUndefined()
  })

  it("forgets callers who have nothing open, and none of those who have", () => {
    const calls = new OpenCalls(1)
    const held = claimsOf("held")
    const gone = claimsOf("gone")
    calls.enter(held, false)
    const open = calls.enter(gone, false)
    if (open !== undefined) calls.leave(open)
    for (let i = 0; i < 25_000; i++) {
      const one = calls.enter(claimsOf(`caller ${i}`), false)
      if (one !== undefined) calls.leave(one)
    }
    expect(calls.size).toBeLessThanOrEqual(10_000)
    expect(calls.enter(held, false)).toBeUndefined()
    expect(calls.enter(claimsOf("held"), false)).toBeUndefined()
    // Known before it was forgotten: counted with whoever comes with another token.
    expect(calls.enter(gone, false)).toBeDefined()
    expect(calls.enter(claimsOf("gone"), false)).toBeUndefined()
  })
})
