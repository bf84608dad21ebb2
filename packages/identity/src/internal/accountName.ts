/** What an account may be called, and how a provider's name of a person becomes one. Pure. */
import { createHash } from "node:crypto"

export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/

/** Two spellings of one name are one person. */
export const idOf = (username: string): string => username.toLowerCase()

/** Of a name as a provider says it, what an account may be called; empty when nothing is left. */
const nameFrom = (said: string): string =>
  said
    .normalize("NFKC")
    .replace(/[^A-Za-z0-9._@+-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|-+$/g, "")

/** Names to try for a provider's new person, in this order. The last one is nobody else's: it holds a digest of the subject. */
export const candidates = (provider: string, said: string, subject: string): ReadonlyArray<string> => {
  const name = nameFrom(said)
  const suffix = `@${nameFrom(provider)}`
  const digest = createHash("sha256").update(`${provider} ${subject}`).digest("hex").slice(0, 16)
  const cut = (text: string, tail: string): string => text.slice(0, 128 - tail.length) + tail
  const unique = cut(name === "" ? "user" : name, `.${digest}${suffix}`)
  return name === "" ? [unique] : [name.slice(0, 128), cut(name, suffix), unique]
}
