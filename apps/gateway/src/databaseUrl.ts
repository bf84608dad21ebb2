/** What `MCPGW_DATABASE_URL` may hold, and what of it may be shown. Opens nothing. */
import { hasKnownSslMode, SSL_MODES } from "@mcpgw/store/PostgresUrl"
import * as Redacted from "effect/Redacted"

export type DatabaseUrl =
  | { readonly _tag: "sqlite"; readonly path: string }
  /** `postgres://user:password@host:port/database` */
  | { readonly _tag: "postgres"; readonly url: Redacted.Redacted }

const SQLITE = "sqlite:"
const POSTGRES: ReadonlySet<string> = new Set(["postgres:", "postgresql:"])

const parse = (text: string): DatabaseUrl | undefined => {
  if (text.startsWith(SQLITE)) {
    const path = text.slice(SQLITE.length)
    return path === "" || path.startsWith(":") || path.startsWith("//") ? undefined : { _tag: "sqlite", path }
  }
  const url = URL.parse(text)
  if (url === null || !POSTGRES.has(url.protocol) || url.hostname === "" || url.hash !== "") return undefined
  return /^\/[^/]+$/.test(url.pathname) && hasKnownSslMode(url)
    ? { _tag: "postgres", url: Redacted.make(text) }
    : undefined
}

export const databaseUrl = {
  holds: `sqlite: and a path, relative to the workspace root or absolute, or postgres://USER:PASSWORD@HOST:PORT/DATABASE (what stands for itself in a URL, such as / or @, as %2F or %40), with ?${SSL_MODES}`,
  parse
}

/** No `@`, or one that ends the user's part: else a password with a `/` or `?` of its own would pass for a path. */
const CLEAR = /^[^@]*$|^[a-z]+:\/\/[^/?#@]*@[^@]*$/i

/**
 * The URL without its password and its query, where a driver takes passwords too. Undefined: a text in which nobody can say what is the
 * password.
 */
export const withoutPassword = (text: string): string | undefined => {
  if (text.startsWith(SQLITE)) return text
  const url = URL.parse(text)
  if (url === null || url.host === "" || !CLEAR.test(text)) return undefined
  const user = url.username === "" ? "" : `${url.username}${url.password === "" ? "" : ":***"}@`
  return `${url.protocol}//${user}${url.host}${url.pathname}`
}
