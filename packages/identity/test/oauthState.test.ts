/** What the authorization server keeps: the laws over SQLite; what is sealed; how many requests an address may make. */
import * as Store from "@mcpgw/store/Store"
import * as fc from "fast-check"
import { makeSealingKey } from "@mcpgw/domain/KeyRing"
import { assert, describe, it } from "@effect/vitest"
import { RateLimits } from "../src/oauth/rateLimits.ts"
import { Sealing } from "../src/oauth/sealing.ts"
import { oauthStateSuite } from "./suites/oauthStateSuite.ts"

oauthStateSuite("SQLite", Store.layerMemory)

describe("what a copied database is worth", () => {
  it("property: sealed text opens to itself under any key of the ring, as its own kind alone, and not when altered", () => {
    const [older, newer] = [makeSealingKey(), makeSealingKey()]
    const before = new Sealing({ sealing: [older], signing: [] })
    const after = new Sealing({ sealing: [newer, older], signing: [] })
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, at) => {
        const sealed = before.seal("Grant", text)
        assert.strictEqual(after.open("Grant", sealed), text)
        assert.isUndefined(after.open("Session", sealed))
        const i = sealed.indexOf(".") + 1 + (at % (sealed.length - sealed.indexOf(".") - 2))
        const other = sealed[i] === "A" ? "B" : "A"
        assert.isUndefined(after.open("Grant", sealed.slice(0, i) + other + sealed.slice(i + 1)))
      })
    )
  })
})

describe("S-16: requests of one address", () => {
  it("are counted by path within a minute; an IPv6 network is one address; others go on", () => {
    const limits = new RateLimits({ "/oauth/token": 2 })
    assert.isUndefined(limits.take("/oauth/token", "2001:db8::1", 0))
    assert.isUndefined(limits.take("/oauth/token", "2001:db8::2", 10))
    assert.strictEqual(limits.take("/oauth/token", "2001:db8::3", 20), 60)
    assert.isUndefined(limits.take("/oauth/token", "192.0.2.1", 20))
    assert.isUndefined(limits.take("/oauth/other", "2001:db8::3", 20))
    assert.isUndefined(limits.take("/oauth/token", "2001:db8::3", 60_000))
  })
})
