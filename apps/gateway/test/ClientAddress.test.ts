/** Who calls, from what proxies say: the trusted ones' word counts, nobody else's. */
import * as fc from "fast-check"
import { isIP } from "node:net"
import { assert, describe, it } from "vitest"
import { AddressSet, addressOf } from "../src/AddressSet.ts"
import { forwardedBy } from "../src/ClientAddress.ts"

const trusted = AddressSet.parse("10.0.0.0/8,2001:db8:ffff::/48")
if (trusted === undefined) throw new Error("the set is none")
const PEER = "10.0.0.1"

const remoteOf = (list: string | undefined, peer = PEER): string | undefined =>
  forwardedBy(trusted, peer, new Headers(list === undefined ? {} : { "x-forwarded-for": list }))?.remote

describe("MCPGW_TRUSTED_PROXIES: the client's address", () => {
  it.each([
    ["what the proxy adds", "192.0.2.7", "192.0.2.7"],
    ["the right-most that is not trusted", "192.0.2.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"],
    ["not what the client wrote before it", "127.0.0.1, 198.51.100.1, 192.0.2.7", "192.0.2.7"],
    ["all trusted: the outermost", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["nothing said: who connected", undefined, PEER],
    ["an empty list: who connected", "", PEER],
    ["a port", "192.0.2.7:51234", "192.0.2.7"],
    ["an IPv6 address", "2001:DB8::7", "2001:db8::7"],
    ["brackets", "[2001:db8::7]", "2001:db8::7"],
    ["brackets and a port", "[2001:db8::7]:443", "2001:db8::7"],
    ["IPv4 inside IPv6", "::ffff:192.0.2.7", "192.0.2.7"],
    ["a trusted hop inside IPv6", "192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"],
    ["a trusted hop in IPv6", "192.0.2.7,[2001:db8:ffff::2]:80", "192.0.2.7"],
    ["garbage at the end: who connected", "192.0.2.7, unknown", PEER],
    ["garbage further left: the trusted hop that wrote it", "192.0.2.7, _hidden, 10.0.0.2", "10.0.0.2"],
    ["an empty entry is garbage", "192.0.2.7,, 10.0.0.2", "10.0.0.2"],
    ["a comma at the end", "192.0.2.7,", PEER],
    ["a comma at the beginning", ",10.0.0.2", "10.0.0.2"],
    ["a name is garbage", "localhost", PEER],
    ["brackets around IPv4 are garbage", "[192.0.2.7]", PEER],
    ["half a bracket is garbage", "[2001:db8::7", PEER],
    ["a port that is none is garbage", "192.0.2.7:http", PEER],
    ["an octal spelling is garbage", "0300.0.2.7", PEER]
  ])("%s", (_, list, remote) => {
    assert.strictEqual(remoteOf(list), remote)
  })

  it("whoever connected in another spelling is known, too", () => {
    assert.strictEqual(remoteOf("192.0.2.7", "::ffff:10.0.0.1"), "192.0.2.7")
    assert.strictEqual(remoteOf("192.0.2.7", "2001:db8:FFFF:0::1"), "192.0.2.7")
  })

  it.each(["192.0.2.66", "::1", "127.0.0.1", "", "not an address"])("nothing is believed of %j", (peer) => {
    assert.isUndefined(remoteOf("192.0.2.7", peer))
  })
})

describe("MCPGW_TRUSTED_PROXIES: scheme and host", () => {
  const said = (proto: string, host: string) =>
    forwardedBy(trusted, PEER, new Headers({ "x-forwarded-proto": proto, "x-forwarded-host": host }))

  it.each([
    ["https", "https"],
    ["HTTP", "http"],
    ["http, https", "https"],
    ["wss", undefined],
    ["", undefined],
    ["https:", undefined]
  ])("X-Forwarded-Proto: %s", (value, scheme) => {
    assert.strictEqual(said(value, "x")?.scheme, scheme)
  })

  it.each([
    ["mcp.example.com", "mcp.example.com"],
    ["MCP.example.com:8443", "mcp.example.com:8443"],
    ["evil.example, mcp.example.com", "mcp.example.com"],
    ["[2001:db8::1]:443", "[2001:db8::1]:443"],
    ["a b", undefined],
    ["user@host", undefined],
    ["host/path", undefined],
    ["", undefined]
  ])("X-Forwarded-Host: %s", (value, host) => {
    assert.strictEqual(said("http", value)?.host, host)
  })
})

describe("properties", () => {
  /** Some valid spellings the runtime does not read; such an entry is garbage. */
  const outside = fc
    .oneof(fc.ipV4(), fc.ipV6())
    .filter((address) => addressOf(address) !== undefined && !trusted.has(address))
  const hop = fc.oneof(
    fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.1.${a}.${b}`),
    fc.nat(0xffff).map((n) => `2001:db8:ffff::${n.toString(16)}`)
  )
  /** An address and how it is written. */
  const dressed = (addresses: fc.Arbitrary<string>) =>
    fc
      .tuple(addresses, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 65_535 }))
      .map(([text, how, port]) => {
        const address = addressOf(text)
        if (how === 0) return { address, text }
        if (isIP(text) === 6) return { address, text: how === 1 ? `[${text}]` : `[${text}]:${port}` }
        return { address, text: how === 1 ? `::ffff:${text}` : `${text}:${port}` }
      })
  const listOf = (entries: ReadonlyArray<{ readonly text: string }>): string =>
    entries.map(({ text }) => text).join(", ")
  const word = fc.string({ unit: fc.constantFrom(..."0123456789abcdef.:[]%/, \t-xyz") })

  it("whatever the client writes, the proxies' view of it holds", () => {
    fc.assert(
      fc.property(fc.array(word), dressed(outside), fc.array(dressed(hop)), hop, (forged, client, hops, peer) => {
        const list = [...forged, listOf([client, ...hops])].join(",")
        assert.strictEqual(remoteOf(list, peer), client.address)
      })
    )
  })

  it("any header gives an address in its one spelling, and an untrusted peer's header nothing", () => {
    fc.assert(
      fc.property(word, outside, (list, stranger) => {
        const remote = remoteOf(list) ?? ""
        assert.strictEqual(addressOf(remote), remote)
        assert.isUndefined(remoteOf(list, stranger))
      })
    )
  })

  it("of trusted hops alone the outermost is the client", () => {
    fc.assert(
      fc.property(fc.array(dressed(hop), { minLength: 1 }), (hops) => {
        assert.strictEqual(remoteOf(listOf(hops)), hops[0]?.address)
      })
    )
  })
})
