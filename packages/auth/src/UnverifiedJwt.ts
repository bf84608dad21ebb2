/**
 * Reads a JWT without checking it, to find out whose it claims to be. Nothing read here may decide who a caller is: it picks the verifier,
 * and tells that a value must not travel to a server.
 */
import { MAX_BEARER_LENGTH } from "./Credential.ts"

export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Header and payload of a compact JWS; `undefined` for anything else (opaque values, JWE, nested tokens, over-long ones). */
export const decode = (token: string): UnverifiedJwt | undefined => {
  if (token.length > MAX_BEARER_LENGTH) return undefined
  const parts = token.split(".")
  if (parts.length !== 3) return undefined
  const header = jsonObject(parts[0])
  const payload = jsonObject(parts[1])
  return header === undefined || payload === undefined ? undefined : { header, payload }
}

/** The unverified `iss`. */
export const issuerOf = (token: string): string | undefined => {
  const issuer = decode(token)?.payload["iss"]
  return typeof issuer === "string" ? issuer : undefined
}

const jsonObject = (part: string | undefined): Readonly<Record<string, unknown>> | undefined => {
  if (part === undefined || part === "") return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"))
    return isRecord(value) ? value : undefined
  } catch {
    // Not JSON, therefore not a JWT; the caller decides what that means.
    return undefined
  }
}

/** True for a JSON object, not for arrays and null. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
