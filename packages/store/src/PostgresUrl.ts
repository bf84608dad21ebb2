/**
 * What of a `postgres://` URL is ours to decide: which `sslmode` there are and what they mean, and how long is waited. Opens nothing.
 *
 * The driver takes any word for an `sslmode` and says that some will come to mean less; here a word means one thing or is refused.
 */
import * as Redacted from "effect/Redacted"

/** Encrypted, and the certificate checked: who signed it (`sslrootcert`: a file, else the machine's own list) and for which host. */
const CHECKED = "verify-full"

/** By name. Weaker meanings of `require` and `verify-ca` elsewhere are not copied; `prefer` and `allow`, which may not encrypt, are none. */
const MODES: ReadonlyMap<string, string> = new Map([
  ["disable", "disable"],
  ["no-verify", "no-verify"],
  ["require", CHECKED],
  ["verify-ca", CHECKED],
  [CHECKED, CHECKED]
])

/** As a setting says it. */
export const SSL_MODES =
  "sslmode=verify-full (require and verify-ca mean the same) for TLS with a certificate that is checked, by sslrootcert=FILE if that is given; no-verify for TLS with whoever answers; disable, which holds when none is named, for none"

/** Does it name an `sslmode` that is known, or none? */
export const hasKnownSslMode = ({ searchParams }: URL): boolean =>
  searchParams.getAll("sslmode").every((mode) => MODES.has(mode))

/**
 * What a URL may set otherwise. A server that no longer answers fails what waits for it; a node that vanished within a transaction does
 * not keep its locks.
 */
const DEFAULTS = {
  statement_timeout: "30000",
  query_timeout: "35000",
  idle_in_transaction_session_timeout: "60000",
  keepAlive: "true"
} as const

/** The URL for the driver. An unknown `sslmode` is the strictest. */
export const driverUrl = (url: Redacted.Redacted): Redacted.Redacted => {
  const parsed = new URL(Redacted.value(url))
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (!parsed.searchParams.has(name)) parsed.searchParams.set(name, value)
  }
  const mode = parsed.searchParams.getAll("sslmode").at(-1)
  if (mode !== undefined) parsed.searchParams.set("sslmode", MODES.get(mode) ?? CHECKED)
  return Redacted.make(parsed.href)
}
