/**
 * What a caller presents, and where it is read from (contracts.md §2.2, protocol.md A-05): `X-Authorization`, then `Authorization`, then the
 * session cookie; never the query string. Never logs or stores a value, and never looks further once an explicit credential was sent.
 */

/** Values live only here and in the cache of `AuthLayer`; they are never logged or stored. */
export type Credential =
  | { readonly kind: "bearer"; readonly value: string; readonly header: "x-authorization" | "authorization" }
  | { readonly kind: "cookie"; readonly value: string }

/** Longest bearer value read, in characters. Longer ones are refused before anything decodes them. */
export const MAX_BEARER_LENGTH = 16_384

/** Longest cookie value read, in characters: what browsers hold for one cookie. */
export const MAX_COOKIE_LENGTH = 4_096

/**
 * The one credential a request presents, by its headers (names in lower case, repeated ones joined); `undefined` when there is none. `"malformed"` when an explicit header does not hold exactly one
 * bearer token, or the cookie is sent twice: such a request is refused, the next place is not tried (design.md §6).
 *
 * `cookieNames`: the first counts from everyone, the others only from a caller that is no browser. A sibling host can plant a cookie of
 * any name without the `__Host-` prefix; read from a browser, it would sign someone in as the one who planted it, or lock them out.
 */
export const presented = (
  headers: Readonly<Record<string, string>>,
  cookieNames: ReadonlyArray<string>
): Credential | undefined | "malformed" => {
  const own = headers["x-authorization"]
  if (own !== undefined) return bearer(own, "x-authorization")
  const standard = headers["authorization"]
  if (standard !== undefined) return bearer(standard, "authorization")
  const cookies = headers["cookie"]
  return cookies === undefined ? undefined : cookie(cookies, cookieNames, isBrowser(headers))
}

/** Every browser of the last years says where an https request comes from (Fetch Metadata), and no page can keep it from doing so. */
const isBrowser = (headers: Readonly<Record<string, string>>): boolean =>
  headers["sec-fetch-site"] !== undefined || headers["origin"] !== undefined

const bearer = (header: string, name: "x-authorization" | "authorization"): Credential | "malformed" => {
  if (header.length < 8 || header[6] !== " " || header.slice(0, 6).toLowerCase() !== "bearer") return "malformed"
  const value = header.slice(7).trim()
  if (value.length === 0 || value.length > MAX_BEARER_LENGTH) return "malformed"
  // A repeated header arrives joined by ", ". Neither character occurs in a token (RFC 6750 §2.1).
  if (value.includes(",") || value.includes(" ")) return "malformed"
  return { kind: "bearer", value, header: name }
}

const cookie = (
  header: string,
  names: ReadonlyArray<string>,
  browser: boolean
): Credential | undefined | "malformed" => {
  let found: string | undefined
  for (const name of browser ? names.slice(0, 1) : names) {
    const values = cookieValues(header, name)
    // Two cookies of one name: a sibling host or another path planted one, and the order does not say which.
    if (values.length > 1) return "malformed"
    const value = values[0]
    if (value === undefined || value === "") continue
    if (value.length > MAX_COOKIE_LENGTH || (found !== undefined && found !== value)) return "malformed"
    found = value
  }
  return found === undefined ? undefined : { kind: "cookie", value: found }
}

const NONE: ReadonlyArray<string> = []

/** Every value a `Cookie` header holds under exactly this name, in the order sent. */
export const cookieValues = (header: string, name: string): ReadonlyArray<string> =>
  header.includes(name)
    ? header
        .split(";")
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(name) && pair[name.length] === "=")
        .map((pair) => pair.slice(name.length + 1))
    : NONE
