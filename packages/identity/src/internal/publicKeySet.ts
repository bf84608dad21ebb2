/** The public half of the signing keys, as an RFC 7517 set. Copies named members only, so that no private one slips through. */
import type { SigningKey } from "@mcpgw/domain/KeyRing"
import type { JSONWebKeySet } from "jose"

export const publicKeySet = (signing: ReadonlyArray<SigningKey>): JSONWebKeySet => ({
  keys: signing.map(({ algorithm, id, publicJwk }) => ({
    kty: String(publicJwk["kty"]),
    crv: String(publicJwk["crv"]),
    x: String(publicJwk["x"]),
    kid: id,
    alg: algorithm,
    use: "sig"
  }))
})
