/**
 * Why nobody answered, for every command that asks a gateway: a certificate that is not trusted is no gateway that is down. Reads the codes of
 * errors alone, and never says to go on without a check.
 */
/** What OpenSSL and Node call it when a certificate is not taken, and what that means. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet: is the clock of this computer right?",
  CERT_REVOKED: "was revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is self-signed, and not trusted here",
  SELF_SIGNED_CERT_IN_CHAIN: "is of an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT: "is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "is of an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "is of an authority that is not known here",
  ERR_TLS_CERT_ALTNAME_INVALID: "is for another host name than the URL's",
  HOSTNAME_MISMATCH: "is for another host name than the URL's"
}

/** They are cured by another certificate alone, not by trust in one. */
const NOT_OF_TRUST = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH"
])

/** How to have one trusted; for help, too. */
export const TRUST =
  "NODE_EXTRA_CA_CERTS=FILE names a PEM file with the certificate of its authority, or of itself when it is self-signed"

/** The code of what is wrong with the certificate, in an error or what caused it; undefined: nothing is. */
const certificateCode = (error: unknown, depth = 5): string | undefined => {
  if (typeof error !== "object" || error === null || depth === 0) return undefined
  const code: unknown = Reflect.get(error, "code")
  if (typeof code === "string" && Object.hasOwn(PROBLEMS, code)) return code
  return certificateCode(Reflect.get(error, "cause"), depth - 1)
}

/** What is wrong with the certificate, and what to do; undefined: it is not why. */
export const certificateProblem = (error: unknown): { readonly says: string; readonly hint: string } | undefined => {
  const code = certificateCode(error)
  if (code === undefined) return undefined
  return {
    says: `${PROBLEMS[code]} (${code})`,
    hint: NOT_OF_TRUST.has(code) ? "nothing was sent" : `nothing was sent; ${TRUST}`
  }
}
