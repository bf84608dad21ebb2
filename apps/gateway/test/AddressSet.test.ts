/** Addresses in one spelling, and sets of them. */
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { AddressSet, addressOf, ITSELF } from "../src/AddressSet.ts"

const bits = (address: string): bigint => address.split(".").reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

describe("addressOf", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:C000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:0:1", "0.0.0.1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::1", "::1"]
  ])("%s is %s", (written, address) => {
    assert.strictEqual(addressOf(written), address)
  })

  it.each([
    "",
    " ",
    "192.0.2.1 ",
    "192.0.2",
    "010.0.0.1",
    "0x7f.1",
    "[::1]",
    "192.0.2.1:80",
    "::1::",
    "localhost",
    "unknown"
  ])("%j is none", (text) => {
    assert.isUndefined(addressOf(text))
  })
})

describe("AddressSet", () => {
  it.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.1.2.3/8", "10.255.0.1", true],
    ["10.0.0.0/8", "::ffff:10.0.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.8", false],
    ["::ffff:10.0.0.0/104", "10.9.9.9", true],
    ["::ffff:10.0.0.0/104", "11.9.9.9", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", false],
    ["0.0.0.0/0", "::1", false],
    ["192.0.2.1, 10.0.0.0/8 ,::1", "::1", true],
    ["0.0.0.0/0,::/0", "not an address", false],
    ["0.0.0.0/0,::/0", "", false]
  ])("%s, %s: %s", (text, address, held) => {
    assert.strictEqual(AddressSet.parse(text)?.has(address), held)
  })

  it.each([
    "",
    ",",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/1e1",
    "::ffff:10.0.0.0/95",
    "a,::1",
    "::1%lo"
  ])("%j is none", (text) => {
    assert.isUndefined(AddressSet.parse(text))
  })

  it("knows whether it is everybody", () => {
    const everywhere = ["0.0.0.0/0", "::/0", "10.0.0.1,::/0", "0.0.0.0/1", "10.0.0.1"].map(
      (text) => AddressSet.parse(text)?.isEverywhere
    )
    assert.deepEqual(everywhere, [true, true, true, false, false])
  })

  it("the machine itself", () => {
    assert.deepEqual(
      ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.0.0.1", "::2"].map((address) => ITSELF.has(address)),
      [true, true, true, true, false, false]
    )
  })

  it("property: an IPv4 net holds exactly the addresses that begin with its bits, mapped or not", () => {
    const near = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.bigInt(0n, 0xffff_ffffn))
    fc.assert(
      fc.property(near, ([net, length, noise]) => {
        const shift = BigInt(32 - length)
        const value = (bits(net) ^ (noise & 0xffn) ^ ((noise >> 8n) << shift)) & 0xffff_ffffn
        const address = [24n, 16n, 8n, 0n].map((by) => (value >> by) & 255n).join(".")
        const set = AddressSet.parse(`${net}/${length}`)
        const inside = bits(net) >> shift === value >> shift
        assert.strictEqual(set?.has(address), inside)
        assert.strictEqual(set?.has(`::ffff:${address}`), inside)
      })
    )
  })
})
