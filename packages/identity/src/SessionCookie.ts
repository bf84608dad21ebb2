/** The browser session's cookie: its name, how it is set and taken away, where it is read. Knows no session; never logs a value. */

const PLAIN_NAME = "mcp_gateway_session"
const HOST_NAME = `__Host-${PLAIN_NAME}`

const isSecure = (publicUrl: string): boolean => publicUrl.startsWith("https:")

/** The name new cookies get. */
export const cookieName = (publicUrl: string): string => (isSecure(publicUrl) ? HOST_NAME : PLAIN_NAME)

/** A `Set-Cookie` value; `seconds`: how long the browser keeps it. */
export const setCookie = (publicUrl: string, value: string, seconds: number): string =>
  rendered(cookieName(publicUrl), value, seconds, isSecure(publicUrl))

/** `Set-Cookie` values that take every name away, for each a header of its own. */
export const clearCookies = (publicUrl: string): ReadonlyArray<string> =>
  [...new Set([cookieName(publicUrl), PLAIN_NAME])].map((name) => rendered(name, "", 0, isSecure(publicUrl)))

const rendered = (name: string, value: string, seconds: number, secure: boolean): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`

/** Every value sent under any of the names. */
export const sessionValues = (cookieHeader: string | undefined): ReadonlyArray<string> =>
  (cookieHeader ?? "")
    .split(";")
    .map((pair) => pair.trim().split("=", 2))
    .filter(([name]) => name === HOST_NAME || name === PLAIN_NAME)
    .map(([, value]) => value ?? "")
    .filter((value) => value !== "")
