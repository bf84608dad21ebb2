/**
 * The browser session's cookie: its name, how it is set and taken away, where it is read. With an https public URL it is bound to this very
 * host (`internal/hostCookie.ts`). Knows no session; never logs a value.
 */
import { type Credential, cookieValues, presented } from "@mcpgw/auth/Credential"
import { hostCookie, hostCookieName, isSecure } from "./internal/hostCookie.ts"

/** The replaced system's name (contracts.md §2.6), and ours without https: browsers refuse the prefix there. */
export const PLAIN_NAME = "mcp_gateway_session"

const SECURE: ReadonlyArray<string> = [hostCookieName("https:", PLAIN_NAME), PLAIN_NAME]
const PLAIN: ReadonlyArray<string> = [PLAIN_NAME]

/** The name new cookies get. */
export const cookieName = (publicUrl: string): string => hostCookieName(publicUrl, PLAIN_NAME)

/**
 * Names a session is read from, for `presented` of `@mcpgw/auth/Credential`: the first from everyone, the old one, on an https gateway,
 * from callers that are no browser only. A browser's cookie of the old name there was never set by us, but could be by a sibling host, to
 * sign someone in as somebody else (login CSRF).
 */
export const cookieNames = (publicUrl: string): ReadonlyArray<string> => (isSecure(publicUrl) ? SECURE : PLAIN)

/** A `Set-Cookie` value; `seconds`: how long the browser keeps it. */
export const setCookie = (publicUrl: string, value: string, seconds: number): string =>
  hostCookie(publicUrl, cookieName(publicUrl), value, seconds)

/** `Set-Cookie` values that take every name away, for each a header of its own. */
export const clearCookies = (publicUrl: string): ReadonlyArray<string> =>
  cookieNames(publicUrl).map((name) => hostCookie(publicUrl, name, "", 0))

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
