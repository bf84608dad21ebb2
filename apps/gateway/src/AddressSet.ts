/**
 * IP addresses in one spelling, and sets of them written as addresses and CIDRs. Judges addresses alone, never names. What may be
 * dialled is another question: egress answers it.
 */
import { BlockList, isIP } from "node:net"

/** `::ffff:a00:1`, as a URL spells an IPv4 address inside an IPv6 one. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * The address in its shortest form, lower case, without a zone; an IPv4 address inside an IPv6 one as IPv4, which is what it is.
 * Undefined for anything else.
 */
export const addressOf = (text: string): string | undefined => {
  const version = isIP(text)
  if (version !== 6) return version === 4 ? text : undefined
  const zone = text.indexOf("%")
  const short = URL.parse(`http://[${zone === -1 ? text : text.slice(0, zone)}]`)?.hostname.slice(1, -1)
  const mapped = short === undefined ? null : MAPPED.exec(short)
  return mapped === null ? short : `${bytes(mapped[1])}.${bytes(mapped[2])}`
}

const bytes = (group = ""): string => {
  const value = Number.parseInt(group, 16)
  return `${value >> 8}.${value & 255}`
}

/** One net: an address or a CIDR. */
interface Net {
  readonly address: string
  readonly bits: number
  readonly family: "ipv4" | "ipv6"
}

const parseNet = (text: string): Net | undefined => {
  const [written = "", length, ...more] = text.split("/")
  const address = written.includes("%") ? undefined : addressOf(written)
  if (address === undefined || more.length > 0) return undefined
  const family = isIP(address) === 4 ? "ipv4" : "ipv6"
  const whole = isIP(written) === 4 ? 32 : 128
  const bits = length === undefined ? whole : /^\d{1,3}$/.test(length) ? Number(length) : Infinity
  // 128 bits that say an IPv4 address say 96 of them alike.
  const own = family === "ipv4" ? bits - (whole - 32) : bits
  return bits > whole || own < 0 ? undefined : { address, bits: own, family }
}

/** Addresses and nets. Immutable. */
export class AddressSet {
  // Apart, because an IPv6 net of a single list would take in IPv4 addresses as well.
  private readonly lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  /** Does it hold every address there is of one kind? */
  readonly isEverywhere: boolean

  constructor(nets: ReadonlyArray<Net>) {
    for (const { address, bits, family } of nets) this.lists[family].addSubnet(address, bits, family)
    this.isEverywhere = nets.some(({ bits }) => bits === 0)
  }

  /** Reads `10.0.0.0/8, 192.0.2.7, 2001:db8::/32`; undefined when an entry is neither address nor CIDR, or there is none. */
  static parse(text: string): AddressSet | undefined {
    const nets = text
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map(parseNet)
    const known = nets.filter((net) => net !== undefined)
    return known.length === nets.length && known.length > 0 ? new AddressSet(known) : undefined
  }

  /** False for what is no address. */
  has(text: string): boolean {
    const address = addressOf(text)
    if (address === undefined) return false
    const family = isIP(address) === 4 ? "ipv4" : "ipv6"
    return this.lists[family].check(address, family)
  }
}

/** The machine itself. */
export const ITSELF: AddressSet = new AddressSet([
  { address: "127.0.0.0", bits: 8, family: "ipv4" },
  { address: "::1", bits: 128, family: "ipv6" }
])
