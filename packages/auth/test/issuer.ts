/** A token issuer for tests: keys and tokens by the JOSE library, so that what we verify was not made by our own code. */
import { expect } from "@effect/vitest"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from "jose"
import type { Credential } from "../src/Credential.ts"
import type { Verifier } from "../src/Verifiers.ts"

export const GATEWAY = "https://gw.example"

export interface TestIssuer {
  readonly issuer: string
  readonly keySet: JSONWebKeySet
  readonly sign: (claims: JWTPayload, header?: Readonly<Record<string, unknown>>) => Promise<string>
}

/** Claims every good token has; the test clock stands at the epoch. */
export const goodClaims = (issuer: string): JWTPayload => ({
  iss: issuer,
  sub: "alice",
  aud: GATEWAY,
  exp: 3_600,
  iat: 0,
  jti: crypto.randomUUID(),
  preferred_username: "alice",
  client_id: "user-generated",
  token_use: "access",
  scope: "servers/read servers/execute"
})

export const makeIssuer = async (issuer: string, algorithm: "EdDSA" | "RS256", kid: string): Promise<TestIssuer> => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" }
  const typ = algorithm === "EdDSA" ? "at+jwt" : "JWT"
  return {
    issuer,
    keySet: { keys: [jwk] },
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ, ...header }).sign(privateKey)
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A compact token with exactly this header, payload and signature. */
export const compact = (header: unknown, payload: unknown, signature = ""): string =>
  `${encode(header)}.${encode(payload)}.${signature}`

/** Same header and payload, a signature that is not theirs. */
export const forge = (token: string): string => {
  const [header = "", payload = "", signature = ""] = token.split(".")
  const bytes = Buffer.from(signature, "base64url")
  bytes.writeUInt8(bytes.readUInt8(0) ^ 0xff, 0)
  return `${header}.${payload}.${bytes.toString("base64url")}`
}

export const bearer = (value: string): Credential => ({ kind: "bearer", value, header: "authorization" })

/** The claims, or the reason; fails the test when the answer repeats the token. */
export const outcome = (verifier: Verifier, token: string): Effect.Effect<Claims | string> =>
  verifier.verify(bearer(token)).pipe(
    Effect.catchAll((failure) => {
      for (const part of token.split(".")) {
        if (part.length > 8)
          expect(`${String(failure)} ${JSON.stringify(failure)} ${failure.stack}`).not.toContain(part)
      }
      return Effect.succeed(failure._tag === "Unauthenticated" ? failure.reason : `unavailable: ${failure.problem}`)
    })
  )
