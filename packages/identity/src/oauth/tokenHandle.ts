/**
 * Access tokens are signed, and the provider introspects and revokes only what it can look up. So what it is asked about one goes by a
 * handle, made here from a token that verified; the bare id of a token is no handle, and tells nothing to who knows it.
 */
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import { createLocalJWKSet } from "jose/jwks/local"
import { jwtVerify } from "jose/jwt/verify"
import { publicKeySet } from "../internal/publicKeySet.ts"
import type { Sealing } from "./sealing.ts"

const PURPOSE = "access token handle"

/** Stands for a token that is not ours or no longer valid. */
const NOTHING = "none"

export interface TokenHandles {
  /** What the provider is asked instead of the token; other values pass as they are. */
  readonly handleOf: (token: string) => Promise<string>
  /** The id of the access token a handle stands for. */
  readonly idOf: (handle: string) => string | undefined
}

export const makeTokenHandles = (sealing: Sealing, ring: KeyRingApi, issuer: string): TokenHandles => {
  const keys = createLocalJWKSet(publicKeySet(ring.signing))
  return {
    handleOf: async (token) => {
      if (token.split(".").length !== 3) return token
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ["EdDSA"], typ: "at+jwt" })
        return payload.jti === undefined ? NOTHING : `${payload.jti}~${sealing.formToken(PURPOSE, payload.jti)}`
      } catch {
        return NOTHING
      }
    },
    idOf: (handle) => {
      const [id = "", proof = ""] = handle.split("~")
      return proof !== "" && proof === sealing.formToken(PURPOSE, id) ? id : undefined
    }
  }
}
