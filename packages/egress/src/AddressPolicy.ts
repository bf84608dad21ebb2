/**
 * Which addresses may be dialled (design.md §6, SSRF; S-06). Judges resolved IP addresses, never names, so that a name which
 * resolves anew can not slip through: the judged address is the one the connection is made to.
 */
import { BlockList, isIP } from "node:net"

/** `public`: a server of whoever registers it; `private`: only vouched-for or allowed; `special`: only when allowed by address. */
export type AddressClass = "public" | "private" | "special"

const blocks = (...nets: ReadonlyArray<readonly [string, number]>): BlockList => {
  const list = new BlockList()
  for (const [net, bits] of nets) list.addSubnet(net, bits, net.includes(":") ? "ipv6" : "ipv4")
  return list
}

/** Link-local (cloud metadata lives there), unspecified, multicast, broadcast, and metadata addresses elsewhere. */
const SPECIAL = blocks(
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["255.255.255.255", 32],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["::", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
  ["fd20:ce::254", 128]
)

/** Loopback, private use, carrier NAT, benchmarking, documentation, relays, reserved. */
const PRIVATE = blocks(
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["240.0.0.0", 4],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["3fff::", 20]
)

/** The eight groups of an IPv6 address, however it is written; undefined for anything else. */
const groupsOf = (ip: string): ReadonlyArray<number> | undefined => {
  if (isIP(ip) !== 6) return undefined
  const zone = ip.indexOf("%")
  const plain = URL.parse(`http://[${zone === -1 ? ip : ip.slice(0, zone)}]`)?.hostname.slice(1, -1)
  if (plain === undefined) return undefined
  const [head = "", tail] = plain.split("::")
  const numbers = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)))
  const [left, right] = [numbers(head), numbers(tail ?? "")]
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

const dotted = (high: number, low: number): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`

/** `::ffff:10.0.0.1` and `::ffff:a00:1` are 10.0.0.1; any other IPv6 address in its shortest form. */
const canonical = (ip: string): string => {
  const groups = groupsOf(ip)
  if (groups === undefined) return ip
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return dotted(groups[6] ?? 0, groups[7] ?? 0)
  return URL.parse(`http://[${groups.map((group) => group.toString(16)).join(":")}]`)?.hostname.slice(1, -1) ?? ip
}

/** The IPv4 address an IPv6 one carries: NAT64 (RFC 6052, 8215), 6to4 (RFC 3056), IPv4-compatible (RFC 4291). */
const carried = (groups: ReadonlyArray<number>): string | undefined => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, high = 0, low = 0] = groups
  if (a === 0x2002) return dotted(b, c)
  if (a === 0x64 && b === 0xff9b) return dotted(high, low)
  return (a | b | c | d | e | f) === 0 ? dotted(high, low) : undefined
}

const classifyV6 = (ip: string): AddressClass => {
  if (SPECIAL.check(ip, "ipv6")) return "special"
  const groups = groupsOf(ip)
  if (groups === undefined) return "special"
  const inner = ip === "::1" ? undefined : carried(groups)
  if (inner !== undefined) return classify(inner) === "special" ? "special" : "private"
  // Only 2000::/3 is handed out for the public network; everything else is somebody's own.
  const global = ((groups[0] ?? 0) & 0xe000) === 0x2000
  return global && !PRIVATE.check(ip, "ipv6") ? "public" : "private"
}

/** Class of an IP address literal; anything that is no address is `special`. */
export const classify = (address: string): AddressClass => {
  const ip = canonical(address)
  const version = isIP(ip)
  if (version === 6) return classifyV6(ip)
  if (version === 0 || SPECIAL.check(ip, "ipv4")) return "special"
  return PRIVATE.check(ip, "ipv4") ? "private" : "public"
}

/** One entry of `MCPGW_ALLOWED_UPSTREAMS`: a host, `host:port`, an address, or a CIDR. */
export type AllowedUpstream =
  | { readonly kind: "host"; readonly host: string; readonly port: number | undefined }
  | { readonly kind: "cidr"; readonly list: BlockList; readonly single: boolean; readonly text: string }

const HOST = /^(?:([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)|\[([0-9A-Fa-f:.]+)\])(?::(\d{1,5}))?$/

/** Parses one entry; undefined when it is none. */
export const parseAllowed = (text: string): AllowedUpstream | undefined => {
  const slash = text.indexOf("/")
  if (slash !== -1) return parseCidr(text, text.slice(0, slash), text.slice(slash + 1))
  if (isIP(text) === 6) return { kind: "host", host: canonical(text), port: undefined }
  const match = HOST.exec(text)
  const written = match?.[1] ?? match?.[2]
  if (match === null || written === undefined) return undefined
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  // As a URL spells it, because that is what it is compared with.
  const host = URL.parse(`http://${match[2] === undefined ? written : `[${written}]`}`)?.hostname.replace(
    /^\[|\]$/g,
    ""
  )
  return host === undefined ? undefined : { kind: "host", host: canonical(host), port }
}

const parseCidr = (text: string, net: string, bits: string): AllowedUpstream | undefined => {
  const version = isIP(net)
  const length = Number(bits)
  const most = version === 6 ? 128 : 32
  if (version === 0 || net.includes("%") || !/^\d{1,3}$/.test(bits) || length > most) return undefined
  return { kind: "cidr", list: blocks([net, length]), single: length === most, text }
}

export interface Destination {
  /** As written in the URL, lower case, no brackets. */
  readonly host: string
  readonly port: number
  /** The address the connection would be made to. */
  readonly address: string
}

/** May this destination be dialled? */
export const mayDial = (
  allowed: ReadonlyArray<AllowedUpstream>,
  destination: Destination,
  trustedAddress: boolean
): boolean => {
  const kind = classify(destination.address)
  if (kind === "public") return true
  if (kind === "private" && trustedAddress) return true
  const address = canonical(destination.address)
  const version = isIP(address)
  if (version === 0) return false
  // A name or a wide net opens private addresses; link-local and metadata ones only when that very address is listed.
  const wide = kind === "private"
  return allowed.some((entry) =>
    entry.kind === "cidr"
      ? (wide || entry.single) && entry.list.check(address, version === 6 ? "ipv6" : "ipv4")
      : (entry.port === undefined || entry.port === destination.port) &&
        (entry.host === address || (wide && entry.host === destination.host))
  )
}
