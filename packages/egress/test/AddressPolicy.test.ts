import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type AddressClass, type AllowedUpstream, classify, mayDial, parseAllowed } from "../src/AddressPolicy.ts"

/** The host a URL leads to, as the dialler reads it. */
const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "")

const allow = (...texts: ReadonlyArray<string>): ReadonlyArray<AllowedUpstream> =>
  texts.map((text) => {
    const entry = parseAllowed(text)
    if (entry === undefined) throw new Error(`${text} is no entry`)
    return entry
  })

describe("S-06: classes of addresses", () => {
  const table: ReadonlyArray<readonly [AddressClass, ReadonlyArray<string>]> = [
    [
      "public",
      ["1.1.1.1", "93.184.216.34", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"]
    ],
    ["public", ["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "169.253.255.255", "169.255.0.0"]],
    ["public", ["2606:4700:4700::1111", "2a00:1450::1", "2400:cb00::1", "::ffff:1.1.1.1", "::ffff:101:101"]],
    ["private", ["127.0.0.1", "127.0.0.0", "127.255.255.255", "127.1.2.3"]],
    ["private", ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"]],
    ["private", ["100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255", "192.0.0.1", "192.88.99.1"]],
    ["private", ["192.0.2.1", "198.51.100.7", "203.0.113.9", "240.0.0.1", "254.255.255.255"]],
    [
      "private",
      ["::1", "fc00::1", "fd12:3456::1", "fdff:ffff::", "fec0::1", "2001:db8::1", "100::1", "5f00::1", "4000::1"]
    ],
    ["private", ["::ffff:10.0.0.1", "::ffff:a00:1", "::FFFF:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:0001"]],
    ["private", ["::7f00:1", "::127.0.0.1", "::10.0.0.1", "::1.1.1.1"]],
    [
      "private",
      [
        "64:ff9b::a00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::101:101",
        "64:ff9b:1::a00:1",
        "2002:a00:1::1",
        "2002:101:101::1",
        "2001::1"
      ]
    ],
    ["special", ["0.0.0.0", "0.1.2.3", "::", "255.255.255.255"]],
    ["special", ["169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "febf:ffff::1", "fe80::1%eth0"]],
    ["special", ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"]],
    ["special", ["100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"]],
    ["special", ["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:169.254.169.254", "::ffff:0.0.0.0"]],
    [
      "special",
      ["64:ff9b::a9fe:a9fe", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"]
    ],
    ["special", ["localhost", "", "1.2.3", "0x7f.1", "2130706433", "[::1]", "127.0.0.1:80", "1.1.1.1 ", "::g"]]
  ]
  for (const [kind, addresses] of table) {
    it.each(addresses.map((address) => [address]))(`${kind}: %s`, (address) => {
      expect(classify(address)).toBe(kind)
      expect(classify(address)).toBe(kind)
    })
  }

  it.each([
    ["http://2130706433/", "private"],
    ["http://0x7f000001/", "private"],
    ["http://0x7f.1/", "private"],
    ["http://017700000001/", "private"],
    ["http://0177.0.0.1/", "private"],
    ["http://127.1/", "private"],
    ["http://127.0.0.1./", "private"],
    ["http://１２７.0.0.1/", "private"],
    ["http://0/", "special"],
    ["http://2852039166/", "special"],
    ["http://0xa9fea9fe/", "special"],
    ["http://0251.0376.0251.0376/", "special"],
    ["http://[::ffff:127.0.0.1]/", "private"],
    ["http://[::ffff:169.254.169.254]/", "special"],
    ["http://[0:0:0:0:0:0:0:1]/", "private"],
    ["http://[::127.0.0.1]/", "private"],
    ["http://[64:ff9b::169.254.169.254]/", "special"]
  ])("however a URL spells it: %s", (url, kind) => expect(classify(hostOf(url))).toBe(kind))

  it("whatever wraps a private IPv4 address is never public", () => {
    const octet = fc.nat(255)
    const hidden = fc.oneof(
      fc.tuple(fc.constant(10), octet, octet, octet),
      fc.tuple(fc.constant(127), octet, octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet)
    )
    fc.assert(
      fc.property(hidden, ([a, b, c, d]) => {
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
        const dotted = `${a}.${b}.${c}.${d}`
        const plain = classify(dotted)
        expect(plain).not.toBe("public")
        const wrapped = [
          `::ffff:${dotted}`,
          `::ffff:${hex}`,
          `64:ff9b::${hex}`,
          `2002:${hex}::`,
          `::${hex}`,
          `0:0:0:0:0:FFFF:${hex}`
        ]
        for (const form of wrapped) expect([form, classify(form)]).toEqual([form, plain])
      })
    )
  })

  it("never throws, and what is no address is special", () => {
    fc.assert(fc.property(fc.string(), (text) => void classify(text)))
    fc.assert(fc.property(fc.ipV6(), (ip) => ["public", "private", "special"].includes(classify(ip))))
    fc.assert(fc.property(fc.domain(), (name) => classify(name) === "special"))
  })
})

describe("parseAllowed", () => {
  it("hosts, hosts with ports, addresses, CIDRs", () => {
    expect(parseAllowed("Build.Example")).toEqual({ kind: "host", host: "build.example", port: undefined })
    expect(parseAllowed("build:8080")).toEqual({ kind: "host", host: "build", port: 8080 })
    expect(parseAllowed("my_service:80")).toEqual({ kind: "host", host: "my_service", port: 80 })
    expect(parseAllowed("10.0.0.7:65535")).toEqual({ kind: "host", host: "10.0.0.7", port: 65_535 })
    expect(parseAllowed("10.0.0.7")).toEqual({ kind: "host", host: "10.0.0.7", port: undefined })
    expect(parseAllowed("::1")).toEqual({ kind: "host", host: "::1", port: undefined })
    expect(parseAllowed("[::1]:8000")).toEqual({ kind: "host", host: "::1", port: 8000 })
    expect(parseAllowed("10.0.0.0/8")).toMatchObject({ kind: "cidr", text: "10.0.0.0/8" })
    expect(parseAllowed("fd00::/8")).toMatchObject({ kind: "cidr" })
  })

  it("an address is one address, however it is written", () => {
    for (const text of ["0:0:0:0:0:0:0:1", "[0::1]", "::0001"])
      expect(parseAllowed(text)).toMatchObject({ host: "::1" })
    expect(parseAllowed("FD00::A")).toMatchObject({ host: "fd00::a" })
    expect(parseAllowed("::ffff:10.0.0.7")).toMatchObject({ host: "10.0.0.7" })
  })

  it.each(
    [
      "",
      " ",
      "a b",
      "/",
      "/8",
      "10.0.0.0/",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/8/8",
      "10.0.0.0/8:80",
      "fd00::/129"
    ].concat(
      [
        "example/24",
        "http://a",
        "a/",
        "a:0",
        "a:65536",
        "a:",
        ":80",
        "a:b",
        "*",
        "*.example",
        "-a",
        "a-",
        "user@a",
        "a?b",
        "a#b"
      ],
      ["[::1", "::1]", "[::g]", "[:::]", "[]", "[]:80", "999.1.1.1", "1.2.3.4.5", "10.0.0.0/1e1", "a\n", "é"]
    )
  )("garbage: %j", (text) => expect(parseAllowed(text)).toBeUndefined())

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseAllowed(text)))
  })
})

describe("mayDial", () => {
  const at = (host: string, port: number, address: string) => ({ host, port, address })

  it("public: anyone's; private: vouched for; special: never by trust alone", () => {
    expect(mayDial([], at("a.example", 443, "1.1.1.1"), false)).toBe(true)
    expect(mayDial([], at("a.example", 443, "10.0.0.1"), false)).toBe(false)
    expect(mayDial([], at("a.example", 443, "10.0.0.1"), true)).toBe(true)
    for (const address of [
      "169.254.169.254",
      "fe80::1",
      "0.0.0.0",
      "::",
      "::ffff:169.254.169.254",
      "64:ff9b::a9fe:a9fe"
    ]) {
      expect(mayDial([], at("a.example", 80, address), true)).toBe(false)
    }
    expect(mayDial([], at("a.example", 80, "no address"), true)).toBe(false)
  })

  it("a listed name opens private addresses, on the listed port only", () => {
    const listed = allow("build:8080", "any.example")
    expect(mayDial(listed, at("build", 8080, "10.0.0.1"), false)).toBe(true)
    expect(mayDial(listed, at("build", 8081, "10.0.0.1"), false)).toBe(false)
    expect(mayDial(listed, at("any.example", 1, "127.0.0.1"), false)).toBe(true)
    expect(mayDial(listed, at("other", 8080, "10.0.0.1"), false)).toBe(false)
    expect(mayDial(listed, at("x.any.example", 1, "127.0.0.1"), false)).toBe(false)
  })

  it("a listed address opens itself, whatever name leads there", () => {
    const listed = allow("10.0.0.7:80", "::1", "10.0.0.8")
    expect(mayDial(listed, at("a", 80, "10.0.0.7"), false)).toBe(true)
    expect(mayDial(listed, at("a", 81, "10.0.0.7"), false)).toBe(false)
    expect(mayDial(listed, at("a", 1, "::1"), false)).toBe(true)
    expect(mayDial(listed, at("a", 1, "0:0:0:0:0:0:0:1"), false)).toBe(true)
    expect(mayDial(listed, at("a", 1, "::ffff:10.0.0.8"), false)).toBe(true)
  })

  it("a CIDR opens what lies in it", () => {
    const listed = allow("10.1.0.0/16", "fd00::/8")
    expect(mayDial(listed, at("a", 1, "10.1.2.3"), false)).toBe(true)
    expect(mayDial(listed, at("a", 1, "10.2.0.1"), false)).toBe(false)
    expect(mayDial(listed, at("a", 1, "fd12::1"), false)).toBe(true)
    expect(mayDial(listed, at("a", 1, "fc00::1"), false)).toBe(false)
    expect(mayDial(listed, at("a", 1, "::ffff:10.1.2.3"), false)).toBe(true)
  })

  it("design §6: link-local and metadata addresses only when that very address is listed", () => {
    const metadata = at("metadata.internal", 80, "169.254.169.254")
    for (const text of ["metadata.internal", "metadata.internal:80", "169.254.169.254:81", "10.0.0.0/8"]) {
      expect(mayDial(allow(text), metadata, true)).toBe(false)
    }
    // A wide net is cast for private addresses; nobody means the cloud's credentials by it.
    for (const text of ["0.0.0.0/0", "168.0.0.0/6", "169.254.0.0/16"])
      expect(mayDial(allow(text), metadata, true)).toBe(false)
    expect(mayDial(allow("::/0"), at("a", 1, "fe80::1"), true)).toBe(false)
    for (const text of ["169.254.169.254", "169.254.169.254:80", "169.254.169.254/32"]) {
      expect(mayDial(allow(text), metadata, false)).toBe(true)
    }
    expect(mayDial(allow("fe80::1"), at("a", 1, "fe80::1"), false)).toBe(true)
    expect(mayDial(allow("fe80::1/128"), at("a", 1, "fe80::1"), false)).toBe(true)
  })
})
