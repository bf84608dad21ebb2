/**
 * The texts of API keys and agents' secrets: `{prefix}{6 shown}{43 random}{6 checksum}`, letters and digits alone. The random part holds 256
 * bits, so a plain SHA-256 is all that is kept. The checksum (CRC-32) tells a typing error, or a scanner's find, from a key without
 * asking any store; it proves nothing.
 */
import { crc32 } from "node:zlib"
import { digestOf } from "./digest.ts"

export interface SecretText {
  /** Shown once, to whom it belongs. */
  readonly text: string
  /** What is stored. */
  readonly digest: string
  /** Its beginning, by which people tell their keys apart; none of it counts among the 256 bits. */
  readonly shown: string
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const SHOWN = 6
const RANDOM = 43
const CHECKSUM = 6
const BODY = new RegExp(`^[A-Za-z0-9]{${SHOWN + RANDOM + CHECKSUM}}$`)

/** Bytes from here on would make some letters likelier than others. */
const FAIR = 256 - (256 % ALPHABET.length)

const randomText = (length: number): string => {
  let out = ""
  while (out.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < FAIR && out.length < length) out += ALPHABET.charAt(byte % ALPHABET.length)
    }
  }
  return out
}

const checksumOf = (text: string): string => {
  let rest = crc32(text)
  let out = ""
  for (let i = 0; i < CHECKSUM; i++) {
    out = ALPHABET.charAt(rest % ALPHABET.length) + out
    rest = Math.floor(rest / ALPHABET.length)
  }
  return out
}

/** A new one. */
export const makeSecret = (prefix: string): SecretText => {
  const body = `${prefix}${randomText(SHOWN + RANDOM)}`
  const text = `${body}${checksumOf(body)}`
  return { text, digest: digestOf(text), shown: body.slice(0, prefix.length + SHOWN) }
}

/** Has the text the form of one with that prefix, checksum included? */
export const isWhole = (prefix: string, text: string): boolean =>
  text.startsWith(prefix) &&
  BODY.test(text.slice(prefix.length)) &&
  text.slice(-CHECKSUM) === checksumOf(text.slice(0, -CHECKSUM))
