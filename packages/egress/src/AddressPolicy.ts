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

/** Link-local (cloud metadata lives there), unspecified, multicast, broadcast. */
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
  ["fd00:ec2::254", 128]
)

/** Loopback, private use, carrier NAT, benchmarking, documentation, reserved; and IPv6 forms that only wrap an IPv4 address. */
const PRIVATE = blocks(
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["240.0.0.0", 4],
  ["::1", 128],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2001::", 32],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fec0::", 10]
)

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const MAPPED_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i

/** `::ffff:10.0.0.1` and `::ffff:a00:1` are judged as 10.0.0.1. */
const unwrap = (ip: string): string => {
  const dotted = MAPPED.exec(ip)?.[1]
  if (dotted !== undefined) return dotted
  const hex = MAPPED_HEX.exec(ip)
  if (hex === null) return ip
  const value = (Number.parseInt(hex[1] ?? "0", 16) << 16) | Number.parseInt(hex[2] ?? "0", 16)
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".")
}

/** Class of an IP address literal; anything that is no address is `special`. */
export const classify = (address: string): AddressClass => {
  const ip = unwrap(address)
  const version = isIP(ip)
  if (version === 0) return "special"
  const family = version === 6 ? "ipv6" : "ipv4"
  if (SPECIAL.check(ip, family)) return "special"
  return PRIVATE.check(ip, family) ? "private" : "public"
}

/** One entry of `MCPGW_ALLOWED_UPSTREAMS`: a host, `host:port`, an address, or a CIDR. */
export type AllowedUpstream =
  | { readonly kind: "host"; readonly host: string; readonly port: number | undefined }
  | { readonly kind: "cidr"; readonly list: BlockList; readonly text: string }

const HOST = /^(?:([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)|\[([0-9A-Fa-f:.]+)\])(?::(\d{1,5}))?$/

/** Parses one entry; undefined when it is none. */
export const parseAllowed = (text: string): AllowedUpstream | undefined => {
  const [net, bits, ...more] = text.split("/")
  if (net !== undefined && bits !== undefined) {
    const version = isIP(net)
    const length = Number(bits)
    if (more.length > 0 || version === 0 || !/^\d{1,3}$/.test(bits) || length > (version === 6 ? 128 : 32)) return undefined
    return { kind: "cidr", list: blocks([net, length]), text }
  }
  if (isIP(text) === 6) return { kind: "host", host: text.toLowerCase(), port: undefined }
  const match = HOST.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (match === null || host === undefined) return undefined
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { kind: "host", host: host.toLowerCase(), port }
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
  const family = isIP(destination.address) === 6 ? "ipv6" : "ipv4"
  return allowed.some((entry) =>
    entry.kind === "cidr"
      ? entry.list.check(destination.address, family)
      : (entry.port === undefined || entry.port === destination.port) &&
        // A name opens private addresses; link-local and metadata ones only when listed as the address itself.
        (entry.host === destination.address || (kind === "private" && entry.host === destination.host))
  )
}
