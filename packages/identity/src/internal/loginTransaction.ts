/**
 * What a browser brings back from a provider is believed only together with what we gave it before it left: one sealed cookie, bound to
 * that browser, for ten minutes and one use (protocol.md A-27, S-05). Nothing is stored for a sign-in that merely began.
 */
import { cookieValues } from "@mcpgw/auth/Credential"
import type { KeyRingApi } from "@mcpgw/domain/KeyRing"
import * as Schema from "effect/Schema"
import { EncryptJWT } from "jose/jwt/encrypt"
import { jwtDecrypt } from "jose/jwt/decrypt"
import { hkdfSync } from "node:crypto"
import { hostCookie, hostCookieName } from "./hostCookie.ts"

/** Ten minutes, contracts.md §2.6. */
export const TRANSACTION_SECONDS = 600
const PLAIN_NAME = "mcpgw_login"
const PURPOSE = "mcpgw/federated-login/1"
/** Used ones remembered; they are forgotten when they would have expired. */
const REMEMBERED = 10_000

export const Transaction = Schema.Struct({
  id: Schema.String,
  provider: Schema.String,
  /** Recorded before the browser leaves. */
  issuer: Schema.NullOr(Schema.String),
  state: Schema.String,
  nonce: Schema.String,
  verifier: Schema.String,
  returnTo: Schema.String
})
export type Transaction = typeof Transaction.Type

const decode = Schema.decodeUnknownSync(Transaction)

export interface Transactions {
  /** `now` in epoch milliseconds. */
  readonly seal: (transaction: Transaction, now: number) => Promise<string>
  /** Undefined: not ours, altered, expired or used. */
  readonly open: (value: string, now: number) => Promise<Transaction | undefined>
  /** From now on `open` gives it to nobody. False when it was used already. */
  readonly use: (transaction: Transaction, now: number) => boolean
}

/** Keys of their own, made of the ring's: what is sealed here opens nowhere else, and the reverse. */
const keysOf = (ring: KeyRingApi): ReadonlyMap<string, Uint8Array> =>
  new Map(ring.sealing.map(({ bytes, id }) => [id, new Uint8Array(hkdfSync("sha256", bytes, "", PURPOSE, 32))]))

export const makeTransactions = (ring: KeyRingApi): Transactions => {
  const keys = keysOf(ring)
  const newest = ring.sealing[0]?.id ?? ""
  const used = new Map<string, number>()
  const forget = (now: number): void => {
    for (const [id, until] of used) if (until <= now || used.size > REMEMBERED) used.delete(id)
  }
  return {
    seal: (transaction, now) =>
      new EncryptJWT({ login: transaction })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: newest })
        .setExpirationTime(Math.floor(now / 1000) + TRANSACTION_SECONDS)
        .encrypt(keys.get(newest) ?? new Uint8Array(0)),
    open: async (value, now) => {
      try {
        const { payload } = await jwtDecrypt(value, ({ kid }) => keys.get(kid ?? "") ?? new Uint8Array(0), {
          keyManagementAlgorithms: ["dir"],
          contentEncryptionAlgorithms: ["A256GCM"],
          requiredClaims: ["exp"],
          currentDate: new Date(now)
        })
        const transaction = decode(payload["login"])
        return used.has(transaction.id) ? undefined : transaction
      } catch {
        // Whatever is wrong with it, it is not ours, or no longer.
        return undefined
      }
    },
    use: ({ id }, now) => {
      if (used.has(id)) return false
      forget(now)
      used.set(id, now + TRANSACTION_SECONDS * 1000)
      return true
    }
  }
}

const transactionCookie = (publicUrl: string): string => hostCookieName(publicUrl, PLAIN_NAME)

/** A `Set-Cookie` value; without one it takes the cookie away. `Lax`: the provider's redirect is a navigation from elsewhere. */
export const setTransaction = (publicUrl: string, value: string | undefined): string =>
  hostCookie(publicUrl, transactionCookie(publicUrl), value ?? "", value === undefined ? 0 : TRANSACTION_SECONDS)

/** The one value in a `Cookie` header; undefined when there is none, or more than one: then somebody planted one. */
export const transactionOf = (publicUrl: string, cookies: string | undefined): string | undefined => {
  const [value = "", ...others] = cookieValues(cookies ?? "", transactionCookie(publicUrl))
  return value === "" || others.length > 0 ? undefined : value
}
