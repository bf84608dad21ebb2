/**
 * Which redirect URIs a client may have (RFC 8252): https anywhere, http on loopback alone, private-use schemes such as `cursor:`; and how a
 * person, a browser's policy and a remembered consent call one. Matching itself is the provider's: exact, but for a loopback port.
 */

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

/** Schemes that run, read or open something else than the client's own application. */
const NEVER: ReadonlySet<string> = new Set([
  "javascript:",
  "vbscript:",
  "data:",
  "blob:",
  "file:",
  "filesystem:",
  "about:",
  "view-source:",
  "ftp:",
  "ws:",
  "wss:",
  "mailto:",
  "tel:",
  "sms:",
  "intent:",
  "chrome:",
  "edge:",
  "jar:",
  "ssh:"
])

export const isLoopback = (uri: string): boolean => {
  const url = URL.parse(uri)
  return url !== null && url.protocol === "http:" && LOOPBACK.has(url.hostname)
}

/** What is wrong with a redirect URI; undefined: nothing. */
export const redirectProblem = (uri: string): string | undefined => {
  const url = URL.parse(uri)
  if (url === null) return "is no URI"
  if (uri.includes("#")) return "has a fragment"
  if (url.username !== "" || url.password !== "") return "holds a user or a password"
  if (url.protocol === "http:" && !LOOPBACK.has(url.hostname)) return "is http and not on loopback: use https"
  if (NEVER.has(url.protocol)) return `has the scheme ${url.protocol.slice(0, -1)}, which is never redirected to`
  return undefined
}

/** Does the answer go to a program on the person's own machine: on loopback, or by a private-use scheme? */
export const isOnOneMachine = (uri: string): boolean => isLoopback(uri) || URL.parse(uri)?.protocol !== "https:"

/** The port of a loopback URI is chosen anew at every run (RFC 8252 §7.3). */
export const withoutLoopbackPort = (uri: string): string =>
  isLoopback(uri) ? uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+/i, "$1") : uri

/** What a consent remembers of where the answer goes: the host, `this computer`, or the scheme of an application. */
export const redirectTarget = (uri: string): string => {
  const url = URL.parse(uri)
  if (url === null) return "nowhere"
  if (isLoopback(uri)) return "this computer"
  return url.protocol === "https:" ? url.host : url.protocol
}

/** A source for `form-action`: Chromium holds the redirects that follow a form to it, too. */
export const formActionSource = (uri: string): string => {
  const url = URL.parse(uri)
  if (url === null) return "'none'"
  // A policy knows no IPv6 address; a private-use scheme has no host that counts.
  const hasHost = (url.protocol === "http:" || url.protocol === "https:") && !url.hostname.startsWith("[")
  return hasHost ? url.origin : url.protocol
}
