/** What values that nobody may read are known by: SHA-256, and a comparison that tells nothing by its time. Only for values no one can guess. */
import { createHash, timingSafeEqual } from "node:crypto"

/** SHA-256, base64url. */
export const digestOf = (value: string): string => createHash("sha256").update(value).digest("base64url")

/** Are two texts of fixed form, such as digests, the same? Takes as long for one as for another. */
export const sameText = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
