import { assert, describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { SealKey } from "../src/Seal.ts"
import { belongsTo, type BoundSession, open, seal } from "../src/SessionSeal.ts"

const keyOf = (id: string, fill: number): SealKey => ({ id, bytes: new Uint8Array(32).fill(fill) })
const key = keyOf("k1", 1)
const owner = { issuer: "https://idp", subject: "alice", clientId: "ide" }
const session: BoundSession = { owner, server: "/time 2026", version: "2025-11-25", upstreamId: "u-1", expiresAt: 1000 }

const text = fc.string({ unit: "binary", maxLength: 40 })
const anySession: fc.Arbitrary<BoundSession> = fc.record({
  owner: fc.record({ issuer: text, subject: text, clientId: text }),
  server: text,
  version: text,
  upstreamId: text,
  expiresAt: fc.maxSafeInteger()
})

describe("SessionSeal", () => {
  it("what was sealed is what is opened; S-08: the seal is visible ASCII", () => {
    fc.assert(
      fc.property(anySession, (any) => {
        const sealed = seal(key, any)
        expect(sealed).toMatch(/^[\x21-\x7e]+$/)
        expect(open([key], sealed)).toEqual(any)
      })
    )
  })

  it("S-08: two seals of one session differ, and show nothing of it", () => {
    const secret = { ...session, upstreamId: "upstream-secret", owner: { ...owner, subject: "mallory" } }
    const [one, two] = [seal(key, secret), seal(key, secret)]
    expect(one).not.toBe(two)
    for (const part of [one, Buffer.from(one.split(".")[2] ?? "", "base64url").toString("latin1")]) {
      expect(part).not.toContain("upstream-secret")
      expect(part).not.toContain("mallory")
    }
  })

  it("S-07: any altered, added or missing character opens nothing", () => {
    const sealed = seal(key, session)
    for (let i = 0; i < sealed.length; i++) {
      for (const other of ["A", "B", "-", ".", " ", "=", "é"]) {
        if (sealed[i] === other) continue
        expect(open([key], sealed.slice(0, i) + other + sealed.slice(i + 1))).toBeUndefined()
      }
      expect(open([key], sealed.slice(0, i) + sealed.slice(i + 1))).toBeUndefined()
      expect(open([key], sealed.slice(0, i))).toBeUndefined()
    }
    for (const added of [`${sealed}=`, `${sealed}A`, `${sealed}.`, ` ${sealed}`, `${sealed}\n`, `x${sealed}`]) {
      expect(open([key], added)).toBeUndefined()
    }
  })

  it("there is one spelling: unused bits, the other alphabet and padding open nothing", () => {
    fc.assert(
      fc.property(anySession, (any) => {
        const sealed = seal(key, any)
        const [, , body = ""] = sealed.split(".")
        const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        const next = alphabet[(alphabet.indexOf(body.at(-1) ?? "") + 1) % 64] ?? ""
        expect(open([key], sealed.slice(0, -1) + next)).toBeUndefined()
        const classic = sealed.replaceAll("-", "+").replaceAll("_", "/")
        if (classic !== sealed) expect(open([key], classic)).toBeUndefined()
      })
    )
  })

  it("never throws, whatever is presented", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (any) => {
        expect(open([key], any)).toBeUndefined()
      })
    )
    fc.assert(
      fc.property(fc.base64String(), (any) => {
        expect(open([key], `v1.k1.${any}`)).toBeUndefined()
      })
    )
    expect(open([key], `v1.k1.${"A".repeat(100_000)}`)).toBeUndefined()
    expect(open([], seal(key, session))).toBeUndefined()
  })

  it("another key opens nothing, even under the same id", () => {
    expect(open([keyOf("k2", 1)], seal(key, session))).toBeUndefined()
    expect(open([keyOf("k1", 2)], seal(key, session))).toBeUndefined()
    const [, , body = ""] = seal(key, session).split(".")
    expect(open([keyOf("k1", 1), keyOf("k2", 1)], `v1.k2.${body}`)).toBeUndefined()
  })

  it("rotation: new seals use the new key, old ones still open, until the old key goes", () => {
    const newer = keyOf("k2", 2)
    const old = seal(key, session)
    expect(seal(newer, session).startsWith("v1.k2.")).toBe(true)
    expect(open([newer, key], old)).toEqual(session)
    expect(open([newer], old)).toBeUndefined()
  })

  it("S-07: belongs to one caller, one client, one server, until it expires", () => {
    const opened = open([key], seal(key, session))
    assert(opened !== undefined)
    const may = (who: typeof owner, server = session.server, now = 999) => belongsTo(opened, who, server, now)
    expect(may(owner)).toBe(true)
    expect(may({ ...owner, subject: "bob" })).toBe(false)
    expect(may({ ...owner, issuer: "https://other" })).toBe(false)
    expect(may({ ...owner, clientId: "other" })).toBe(false)
    expect(may(owner, "/other 2026")).toBe(false)
    expect(may(owner, "/time 2027")).toBe(false)
    expect(may(owner, session.server, 1000)).toBe(false)
    expect(may(owner, session.server, 1001)).toBe(false)
  })

  it("S-07: fields can not be shifted into each other", () => {
    const shifted = { ...session, owner: { issuer: "https://idpa", subject: "lice", clientId: "ide" } }
    const opened = open([key], seal(key, shifted))
    assert(opened !== undefined)
    expect(belongsTo(opened, owner, session.server, 0)).toBe(false)
  })
})
