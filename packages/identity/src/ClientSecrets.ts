/**
 * Secrets of OAuth clients: what agents and clients that an administrator set up have in common. Several live at once, so that one can be
 * replaced without a gap; a secret's text is given out once, and only its SHA-256 is kept.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AccountsUnavailable } from "./AccountError.ts"
import { digestOf, sameText } from "./internal/digest.ts"
import type { SecretStore, StoredSecret } from "./internal/secretStore.ts"
import { makeSecret } from "./internal/secretText.ts"
import { stored } from "./internal/stored.ts"

/** What every secret begins with; not what keys begin with, so that neither is taken for the other. */
export const SECRET_PREFIX = "mcpgws_"
/** Secrets of one client that have not expired. */
export const MAX_SECRETS = 5

/** A secret without its text. Times in epoch milliseconds. */
export interface ClientSecret {
  readonly id: string
  readonly prefix: string
  readonly createdAt: number
  /** Undefined: it ends when it is removed. */
  readonly expiresAt: number | undefined
  /** To the minute; undefined: never. */
  readonly lastUsedAt: number | undefined
}

export interface NewSecret {
  /** Epoch milliseconds. */
  readonly expiresAt?: number | undefined
  /** When the client's other secrets end, where they do not end sooner; undefined: they live on. */
  readonly othersEndAt?: number | undefined
}

/** A secret, and this once its text. */
export interface MadeSecret {
  readonly secret: ClientSecret
  readonly text: string
}

/** A secret that can not be made as it was asked for. Names the field. */
export class InvalidSecret extends Schema.TaggedError<InvalidSecret>()("InvalidSecret", {
  field: Schema.String,
  held: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds ${this.held}, but ${this.expected}`
  }
}

export class TooManySecrets extends Schema.TaggedError<TooManySecrets>()("TooManySecrets", { limit: Schema.Number }) {}

const lives = ({ expiresAt }: ClientSecret, now: number): boolean => expiresAt === undefined || expiresAt > now

/** One more beside those it has; kept by `add`. */
export const addSecretTo = (
  held: ReadonlyArray<ClientSecret>,
  { expiresAt, othersEndAt }: NewSecret,
  add: (...made: [secret: StoredSecret, othersEndAt: number | undefined]) => ReturnType<SecretStore["add"]>
): Effect.Effect<MadeSecret, InvalidSecret | TooManySecrets | AccountsUnavailable> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (expiresAt !== undefined && !(expiresAt > now)) {
      const expected = "it must be in the future"
      return yield* new InvalidSecret({ field: "expires_at", held: String(expiresAt), expected })
    }
    if (held.filter((secret) => lives(secret, now)).length >= MAX_SECRETS) {
      return yield* new TooManySecrets({ limit: MAX_SECRETS })
    }
    const { digest, shown: prefix, text } = makeSecret(SECRET_PREFIX)
    const secret: ClientSecret = { id: crypto.randomUUID(), prefix, createdAt: now, expiresAt, lastUsedAt: undefined }
    yield* stored(add({ ...secret, digest }, othersEndAt))
    return { secret, text }
  })

/** The living one of these that the candidate is. */
export const matchingSecret = (
  held: ReadonlyArray<StoredSecret>,
  candidate: string,
  now: number
): StoredSecret | undefined => {
  const digest = digestOf(candidate)
  return held.find((secret) => sameText(secret.digest, digest) && lives(secret, now))
}

/** Without the digest. `used`: knows what is not written yet. */
export const shownSecret = (
  { digest: _, ...secret }: StoredSecret,
  used: { readonly of: (id: string, at: number | undefined) => number | undefined }
): ClientSecret => ({ ...secret, lastUsedAt: used.of(secret.id, secret.lastUsedAt) })
