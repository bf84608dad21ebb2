/**
 * What of a published document may be shown: nothing that leads to where the server itself runs, or into a network that is not everybody's (issue 6,
 * "no internal host leaked"). Judges the addresses in it by their hosts; never changes one. What is said in words is the publisher's.
 */
import { mayDial } from "@mcpgw/egress/AddressPolicy"
import { isIP } from "node:net"

/** Addresses anywhere in a text, by what stands between `//` and the path. */
const AUTHORITY = /[a-z][a-z0-9+.-]*:\/\/([^\s"'<>\\/?#]+)/gi

/** Names that only some network resolves: those of one label, and those under what is set aside or in use for it (RFC 6762, RFC 8375). */
const INTERNAL =
  /^[^.]+$|\.(?:local|localdomain|internal|intranet|lan|corp|home|home\.arpa|private|svc|cluster\.local|test)$/

/** Without name, password and port; of a host that is a variable as a whole nothing, and of one that holds some what stands around them. */
const hostOf = (authority: string): string | undefined => {
  const host = authority.replace(/^.*@/, "").replace(/:[^:\]]*$/, "")
  if (/^\{[^{}]*\}$/.test(host)) return undefined
  return URL.parse(`http://${host.replaceAll(/\{[^{}]*\}/g, "x")}/`)
    ?.hostname.replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
}

export const hostsIn = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(AUTHORITY)].flatMap(([, authority = ""]) => hostOf(authority) ?? [])

/** The machine of whoever reads it. */
const isOwn = (host: string): boolean => host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)

const isInternal = (host: string): boolean =>
  isIP(host) === 0 ? INTERNAL.test(host) : !mayDial([], { host, port: 443, address: host }, false)

/** Does a value name, anywhere in it, a host of `hidden` or one of some inner network? */
export const telling =
  (hidden: ReadonlySet<string>) =>
  (value: unknown): boolean =>
    hostsIn(JSON.stringify(value) ?? "").some((host) => !isOwn(host) && (hidden.has(host) || isInternal(host)))

/** What a document must hold, and none of which is an address. */
const NEEDED = new Set(["$schema", "name", "description", "version"])

/** The members of a document, and of its lists the entries, that do not tell such a host. */
export const shownMembers = (
  document: Readonly<Record<string, unknown>>,
  tells: (value: unknown) => boolean
): Readonly<Record<string, unknown>> => {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(document)) {
    if (NEEDED.has(name)) shown[name] = value
    else if (Array.isArray(value)) {
      const entries = value.filter((entry: unknown) => !tells(entry))
      if (entries.length > 0) shown[name] = entries
    } else if (!tells(value)) shown[name] = value
  }
  return shown
}
