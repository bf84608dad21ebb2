/** Certificate and private key from their files, judged before anything uses them. Never shows what a file holds. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import { readFile } from "node:fs/promises"
import { createSecureContext } from "node:tls"

export interface TlsPaths {
  readonly cert: string
  readonly key: string
}

export interface TlsPair {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** When the certificate ends, ISO 8601. */
  readonly expires: string
}

/** Certificate and key that can not be used together; `message` is for whoever starts the gateway. */
export class TlsUnusable extends Schema.TaggedError<TlsUnusable>()("TlsUnusable", {
  /** Name of the setting whose file is wrong. */
  setting: Schema.String,
  path: Schema.String,
  /** What is wrong, as the rest of a sentence about the file. */
  problem: Schema.String
}) {
  override get message(): string {
    const what = this.setting === CERT ? "a certificate chain" : `the private key of ${CERT}, without a passphrase`
    return `${this.setting}: held ${JSON.stringify(this.path)}, which ${this.problem}; it may hold a PEM file of ${what}`
  }

  /** Without the path: for those who only ask whether all is well. */
  get short(): string {
    return `the file of ${this.setting} ${this.problem}`
  }
}

const CERT = "MCPGW_TLS_CERT"
const KEY = "MCPGW_TLS_KEY"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error"

const text = (setting: string, path: string): Effect.Effect<string, TlsUnusable> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) => new TlsUnusable({ setting, path, problem: `can not be read (${codeOf(cause)})` })
  })

/** Reads and judges both files. */
export const readPair = (paths: TlsPaths): Effect.Effect<TlsPair, TlsUnusable> =>
  Effect.gen(function* () {
    const cert = yield* text(CERT, paths.cert)
    const key = yield* text(KEY, paths.key)
    const refuse = (setting: string, problem: string) => (): TlsUnusable =>
      new TlsUnusable({ setting, path: setting === CERT ? paths.cert : paths.key, problem })
    const certificate = yield* Effect.try({
      try: () => new X509Certificate(cert),
      catch: refuse(CERT, "holds no certificate")
    })
    const privateKey = yield* Effect.try({
      try: (): KeyObject => createPrivateKey(key),
      catch: (cause) =>
        refuse(
          KEY,
          codeOf(cause) === "ERR_MISSING_PASSPHRASE"
            ? "needs a passphrase, and none can be given"
            : "holds no private key"
        )()
    })
    const belongs = yield* Effect.try({
      try: () => certificate.checkPrivateKey(privateKey),
      catch: refuse(KEY, "holds no key that fits")
    })
    if (!belongs) return yield* refuse(KEY, "holds the key of another certificate")()
    // The rest of the chain, and whatever else the TLS library is particular about.
    yield* Effect.try({
      try: () => createSecureContext({ cert, key }),
      catch: (cause) => refuse(CERT, `is not accepted (${codeOf(cause)})`)()
    })
    return { cert, key, expires: certificate.validToDate.toISOString() }
  })
