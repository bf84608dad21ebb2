/**
 * The browser session's cookie: its name, how it is set and taken away, where it is read. With an https public URL it is bound to this very
 * host by the `__Host-` prefix (RFC 6265bis §4.1.3.2), which no sibling host can plant. Knows no session; never logs a value.
 */
import { type Credential, cookieValues, presented } from "@mcpgw/auth/Credential"

/** The replaced system's name (contracts.md §2.6), and ours without https: browsers refuse the prefix there. */
export const PLAIN_NAME = "mcp_gateway_session"
const HOST_NAME = `__Host-${PLAIN_NAME}`

const SECURE: ReadonlyArray<string> = [HOST_NAME, PLAIN_NAME]
const PLAIN: ReadonlyArray<string> = [PLAIN_NAME]

const isSecure = (publicUrl: string): boolean => publicUrl.startsWith("https:")

/** The name new cookies get. */
export const cookieName = (publicUrl: string): string => (isSecure(publicUrl) ? HOST_NAME : PLAIN_NAME)

/**
 * Names a session is read from, for `presented` of `@mcpgw/auth/Credential`: the first from everyone, the old one, on an https gateway,
 * from callers that are no browser only. A browser's cookie of the old name there was never set by us, but could be by a sibling host, to
 * sign someone in as somebody else (login CSRF).
 */
export const cookieNames = (publicUrl: string): ReadonlyArray<string> => (isSecure(publicUrl) ? SECURE : PLAIN)

/** A `Set-Cookie` value; `seconds`: how long the browser keeps it. */
export const setCookie = (publicUrl: string, value: string, seconds: number): string =>
  rendered(cookieName(publicUrl), value, seconds, isSecure(publicUrl))

/** `Set-Cookie` values that take every name away, for each a header of its own. */
export const clearCookies = (publicUrl: string): ReadonlyArray<string> =>
  cookieNames(publicUrl).map((name) => rendered(name, "", 0, isSecure(publicUrl)))

const rendered = (name: string, value: string, seconds: number, secure: boolean): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`

/**
 * Every value sent under any of the names, each once. To end sessions by, where a planted second value must not keep the first alive; never
 * to tell who is calling: `presentedSession` does.
 */
export const sessionValues = (cookieHeader: string | undefined): ReadonlyArray<string> =>
  cookieHeader === undefined
    ? []
    : [...new Set(SECURE.flatMap((name) => cookieValues(cookieHeader, name)))].filter((value) => value !== "")

/**
 * The session value a page may believe, by the request's headers (names in lower case): the rules of every other route, without bearer
 * tokens. Undefined also when the cookie is malformed.
 */
export const presentedSession = (publicUrl: string, headers: Readonly<Record<string, string>>): string | undefined => {
  const { authorization: _a, "x-authorization": _x, ...rest } = headers
  const credential: Credential | undefined | "malformed" = presented(rest, cookieNames(publicUrl))
  return credential === undefined || credential === "malformed" ? undefined : credential.value
}
