/**
 * Seals what is stored: AES-256-GCM under a sealing key of the ring, bound to the kind of thing it is, so that a copied database grants
 * nothing. Also the keys for cookies and forms. Never writes a key anywhere.
 */
import type { KeyRingApi, SealingKey } from "@mcpgw/domain/KeyRing"
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto"

const IV_BYTES = 12
const TAG_BYTES = 16

/** A key for one purpose, so that what is sealed for one can not stand in for another. */
const keyFor = (key: SealingKey, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key.bytes, new Uint8Array(), `mcpgw oauth ${purpose}`, 32))

export class Sealing {
  private readonly keys: ReadonlyMap<string, Buffer>
  private readonly newest: string
  /** Newest first: for signing cookies. */
  readonly cookieKeys: ReadonlyArray<string>
  private readonly formKey: Buffer

  constructor({ sealing }: KeyRingApi) {
    const [newest] = sealing
    if (newest === undefined) throw new Error("the key ring has no sealing key")
    this.newest = newest.id
    this.keys = new Map(sealing.map((key) => [key.id, keyFor(key, "artifacts")]))
    this.cookieKeys = sealing.map((key) => keyFor(key, "cookies").toString("base64url"))
    this.formKey = keyFor(newest, "forms")
  }

  /** `kind` is bound to the text: opened as another kind it does not open. */
  seal(kind: string, text: string): string {
    const key = this.keys.get(this.newest)
    if (key === undefined) throw new Error("the key ring has no sealing key")
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(kind))
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
    return `${this.newest}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url")}`
  }

  /** Undefined when it was altered, is of another kind, or its key is gone. */
  open(kind: string, sealed: string): string | undefined {
    const dot = sealed.indexOf(".")
    const key = this.keys.get(sealed.slice(0, dot))
    const bytes = Buffer.from(sealed.slice(dot + 1), "base64url")
    if (key === undefined || bytes.length < IV_BYTES + TAG_BYTES) return undefined
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(kind))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8")
    } catch {
      return undefined
    }
  }

  /** What a form of this interaction and browser carries; another's can not be made up. */
  formToken(...parts: ReadonlyArray<string>): string {
    return createHmac("sha256", this.formKey).update(JSON.stringify(parts)).digest("base64url")
  }
}
