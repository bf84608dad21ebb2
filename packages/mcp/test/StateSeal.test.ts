import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { isDeepStrictEqual } from "node:util"
import type { SealKey } from "../src/Seal.ts"
import { open, seal } from "../src/SessionSeal.ts"
import { openState, requestDigest, sealState, type StateBinding, type StateUse } from "../src/StateSeal.ts"
import { json } from "./arbitraries.ts"

const keyOf = (id: string, fill: number): SealKey => ({ id, bytes: new Uint8Array(32).fill(fill) })
const key = keyOf("k1", 1)
const owner = { issuer: "https://idp", subject: "alice", clientId: "ide" }
const state: StateUse = { kind: "requestState", method: "tools/call", digest: requestDigest({ name: "ask" }) }
const bound: StateBinding = { owner, server: "/time 2026", use: state }
const task: StateBinding = { ...bound, use: { kind: "task" } }

const text = fc.string({ unit: "binary", maxLength: 40 })
const anyUse: fc.Arbitrary<StateUse> = fc.oneof(
  fc.constant<StateUse>({ kind: "task" }),
  fc.record({ kind: fc.constant("requestState" as const), method: text, digest: text })
)
const anyBinding: fc.Arbitrary<StateBinding> = fc.record({
  owner: fc.record({ issuer: text, subject: text, clientId: text }),
  server: text,
  use: anyUse
})
/** Servers may put anything into what they hand out. */
const anyValue = fc.oneof(text, fc.string({ unit: "binary", minLength: 5_000, maxLength: 20_000 }))

describe("StateSeal", () => {
  it("W-66: what was sealed is what is opened, character by character; visible ASCII, one piece of a header", () => {
    fc.assert(
      fc.property(anyBinding, anyValue, (binding, value) => {
        const sealed = sealState(key, binding, value, 1000)
        expect(sealed).toMatch(/^[\x21-\x7e]+$/)
        expect(openState([key], binding, sealed, 999)).toBe(value)
      })
    )
  })

  it("S-09: nobody else, at no other server, through no other client and for no other use opens it", () => {
    fc.assert(
      fc.property(anyBinding, anyBinding, text, (one, other, value) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        expect(openState([key], other, sealState(key, one, value, 1000), 0)).toBeUndefined()
      })
    )
    const sealed = sealState(key, bound, "secret", 1000)
    const others: ReadonlyArray<StateBinding> = [
      { ...bound, owner: { ...owner, subject: "bob" } },
      { ...bound, owner: { ...owner, issuer: "https://other" } },
      { ...bound, owner: { ...owner, clientId: "cli" } },
      { ...bound, owner: { issuer: "https://idpa", subject: "lice", clientId: "ide" } },
      { ...bound, server: "/other 2026" },
      { ...bound, server: "/time 2027" },
      { ...bound, use: { ...state, method: "prompts/get" } },
      { ...bound, use: { ...state, digest: requestDigest({ name: "other" }) } },
      task
    ]
    for (const other of others) expect(openState([key], other, sealed, 0)).toBeUndefined()
    expect(openState([key], bound, sealed, 0)).toBe("secret")
  })

  it("S-09: any flipped bit, added or missing character opens nothing", () => {
    const sealed = sealState(key, task, "t-1", 1000)
    for (let i = 0; i < sealed.length; i++) {
      for (let bit = 0; bit < 7; bit++) {
        const flipped = String.fromCharCode(sealed.charCodeAt(i) ^ (1 << bit))
        expect(openState([key], task, sealed.slice(0, i) + flipped + sealed.slice(i + 1), 0)).toBeUndefined()
      }
      expect(openState([key], task, sealed.slice(0, i), 0)).toBeUndefined()
      expect(openState([key], task, sealed.slice(0, i) + sealed.slice(i + 1), 0)).toBeUndefined()
    }
    for (const other of [`${sealed}=`, `${sealed}A`, `${sealed}.`, `${sealed}.x`, ` ${sealed}`, `${sealed}-TAMPERED`]) {
      expect(openState([key], task, other, 0)).toBeUndefined()
    }
  })

  it("never throws, whatever is presented", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.base64String().map((body) => `t1.k1.${body}`)
        ),
        (presented) => {
          expect(openState([key], task, presented, 0)).toBeUndefined()
        }
      )
    )
  })

  it("S-09: it expires", () => {
    const sealed = sealState(key, task, "t-1", 1000)
    expect(openState([key], task, sealed, 999)).toBe("t-1")
    expect(openState([key], task, sealed, 1000)).toBeUndefined()
  })

  it("rotation: old seals open until their key goes; a stranger's key of the same id opens nothing", () => {
    const newer = keyOf("k2", 2)
    const old = sealState(key, task, "t-1", 1000)
    expect(openState([newer, key], task, old, 0)).toBe("t-1")
    expect(openState([newer], task, old, 0)).toBeUndefined()
    expect(openState([keyOf("k1", 2)], task, old, 0)).toBeUndefined()
  })

  it("S-07, S-09: a session is no state, and no state a session", () => {
    const session = seal(key, { owner, server: bound.server, version: "", upstreamId: "t-1", expiresAt: 1000 })
    const as = (prefix: string, sealed: string) => `${prefix}${sealed.slice(2)}`
    for (const prefix of ["v1", "t1", "s1"]) {
      expect(openState([key], task, as(prefix, session), 0)).toBeUndefined()
      expect(open([key], as(prefix, sealState(key, task, "t-1", 1000)))).toBeUndefined()
    }
  })

  it("two seals of one value differ, and show nothing of it nor of its owner", () => {
    const [one, two] = [sealState(key, bound, "upstream-secret", 1000), sealState(key, bound, "upstream-secret", 1000)]
    expect(one).not.toBe(two)
    for (const part of [one, Buffer.from(one.split(".")[2] ?? "", "base64url").toString("latin1")]) {
      expect(part).not.toContain("upstream-secret")
      expect(part).not.toContain("alice")
    }
  })
})

describe("requestDigest", () => {
  it("W-66: a retry has the digest of its request, whatever is of one round and however the rest is written", () => {
    const first = { name: "ask", arguments: { b: 1, a: [{ y: 1, x: 2 }] }, _meta: { progressToken: 1 } }
    const retry = { arguments: { a: [{ x: 2, y: 1 }], b: 1 }, requestState: "s", inputResponses: { k: 1 }, name: "ask" }
    expect(requestDigest(retry)).toBe(requestDigest(first))
    expect(requestDigest({ name: "ask", arguments: {} })).toBe(requestDigest({ name: "ask" }))
    expect(requestDigest(undefined)).toBe(requestDigest({}))
  })

  it("W-66: anything else makes it another request", () => {
    const params = { name: "ask", arguments: { a: 1, b: ["x", "y"] } }
    for (const other of [
      { ...params, name: "other" },
      { ...params, uri: "file:///a" },
      { ...params, arguments: { ...params.arguments, a: 2 } },
      { ...params, arguments: { ...params.arguments, a: "1" } },
      { ...params, arguments: { ...params.arguments, b: ["y", "x"] } },
      { ...params, arguments: { a: 1 } },
      { ...params, arguments: {} }
    ]) {
      expect(requestDigest(other)).not.toBe(requestDigest(params))
    }
  })

  it("the same for the same value, another for another", () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = requestDigest({ arguments: { of: one } }) === requestDigest({ arguments: { of: other } })
        expect(same).toBe(isDeepStrictEqual(onTheWire(one), onTheWire(other)))
      })
    )
  })
})

/** As it travels: -0 is 0. */
const onTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
