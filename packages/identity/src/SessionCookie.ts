/**
 * The browser session's cookie: its names, how it is set, cleared and read. With an https public URL it has the `__Host-` prefix, which
 * no other host or path can set; the plain name stays accepted. Never judges a value.
 */
import { SESSION_COOKIE } from "./Sessions.ts"

const HOST_COOKIE = `__Host-${SESSION_COOKIE}`

const isSecure = (publicUrl: string): boolean => publicUrl.startsWith("https:")

/** The name the cookie is set under. */
export const cookieName = (publicUrl: string): string => (isSecure(publicUrl) ? HOST_COOKIE : SESSION_COOKIE)

const render = (publicUrl: string, name: string, value: string, seconds: number): string =>
  `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure(publicUrl) ? "; Secure" : ""}`

/** A `Set-Cookie` value. */
export const setCookie = (publicUrl: string, value: string, seconds: number): string =>
  render(publicUrl, cookieName(publicUrl), value, seconds)

/** `Set-Cookie` values that take the cookie away under every name it may have. */
export const clearCookies = (publicUrl: string): ReadonlyArray<string> =>
  [...new Set([cookieName(publicUrl), SESSION_COOKIE])].map((name) => render(publicUrl, name, "", 0))

/** Every value sent under a name of the session's, the prefixed ones first: a planted second one must not keep the first alive. */
export const sessionValues = (cookieHeader: string | undefined): ReadonlyArray<string> => {
  const pairs = (cookieHeader ?? "").split(";").map((pair) => pair.trim())
  return [HOST_COOKIE, SESSION_COOKIE].flatMap((name) =>
    pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1))
  )
}
