/**
 * **ApiKeys** — named keys (`mcpgw_…`) by which a client that can not do OAuth speaks for a person, never with more than the person has at
 * that moment. Only the SHA-256 of a key is kept; its text is given out once. Never writes on a request: last use is written by the minute.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { refusal } from "@mcpgw/auth/Admission"
import { AuthUnavailable, type Unauthenticated } from "@mcpgw/auth/AuthError"
import { Revocations, type RevocationsApi } from "@mcpgw/auth/Revocations"
import type { Claims, Limits } from "@mcpgw/domain/Principal"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Accounts, type AccountsApi, type AccountsUnavailable } from "./Accounts.ts"
import { ActiveKeys } from "./internal/activeKeys.ts"
import { problemOfKey } from "./internal/apiKeyProblem.ts"
import { type ApiKeyStore, makeMemoryStore, makeSqlStore } from "./internal/apiKeyStore.ts"
import { digestOf } from "./internal/digest.ts"
import { keepWritten, LastUsed } from "./internal/lastUsed.ts"
import { isWhole, makeSecret } from "./internal/secretText.ts"
import { stored } from "./internal/stored.ts"
import { migrations } from "./Migrations.ts"

/** What every key begins with. */
export const KEY_PREFIX = "mcpgw_"
/** Keys of one person, living and expired. */
export const MAX_KEYS = 100

/** A key without its text. Times in epoch milliseconds. */
export interface ApiKey {
  readonly id: string
  /** The owner's username in lower case. */
  readonly owner: string
  readonly name: string
  /** The text's beginning, by which one is told from another. */
  readonly prefix: string
  readonly createdAt: number
  /** Undefined: it ends when it is revoked. */
  readonly expiresAt: number | undefined
  /** To the minute; undefined: never. */
  readonly lastUsedAt: number | undefined
  /** Of the owner's groups, these alone count; undefined: all. */
  readonly groups: ReadonlyArray<string> | undefined
  readonly limits: Limits | undefined
}

export type NewApiKey = Pick<ApiKey, "name" | "expiresAt" | "groups" | "limits">

/** A key that can not be made as it was asked for. Names the field. */
export class InvalidApiKey extends Schema.TaggedError<InvalidApiKey>()("InvalidApiKey", {
  field: Schema.String,
  held: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds ${this.held}, but ${this.expected}`
  }
}

export class TooManyApiKeys extends Schema.TaggedError<TooManyApiKeys>()("TooManyApiKeys", { limit: Schema.Number }) {}

export interface ApiKeysApi {
  /** A new key and, this once, its text. */
  readonly create: (
    owner: string,
    wanted: NewApiKey
  ) => Effect.Effect<
    { readonly key: ApiKey; readonly text: string },
    InvalidApiKey | TooManyApiKeys | AccountsUnavailable
  >
  /** A person's keys, newest first. */
  readonly list: (owner: string) => Effect.Effect<ReadonlyArray<ApiKey>, AccountsUnavailable>
  /** Ends a key: here at once, elsewhere within seconds. False: that person has no such key. */
  readonly revoke: (owner: string, id: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Ends all of a person's: who is gone for good must not come back with them under the same name. */
  readonly revokeAll: (owner: string) => Effect.Effect<void, AccountsUnavailable>
  /** Whose key that is, and what it may be used for now. The same object while nothing changes. */
  readonly verify: (text: string) => Effect.Effect<Claims, Unauthenticated | AuthUnavailable>
  /** Hot: does what `verify` gave still hold? Notes the use. */
  readonly holds: (claims: Claims) => boolean
  /** Would `verify` give the same claims again? Asked of a key in use when `holds` said no; its end is not looked at. */
  readonly stillHolds: (claims: Claims) => Effect.Effect<boolean, AuthUnavailable>
}

export interface ApiKeysOptions {
  /** `Claims.issuer`: the gateway's own, so that a person and their keys share a subject. */
  readonly issuer: string
  /** The gateway's public URL: where a key may be used. */
  readonly audience: string
}

type Needs = Accounts | Revocations
type SqlLayer = Layer.Layer<ApiKeys, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | ChangeFeed | Needs>

export class ApiKeys extends Context.Tag("@mcpgw/identity/ApiKeys")<ApiKeys, ApiKeysApi>() {
  /** Forgets at exit; for tests. */
  static layerMemory(options: ApiKeysOptions): Layer.Layer<ApiKeys, never, Needs> {
    return Layer.scoped(
      ApiKeys,
      Effect.suspend(() => make(makeMemoryStore(), options))
    )
  }

  /** Table `api_keys`; runs this package's migrations. */
  static layerSql(options: ApiKeysOptions): SqlLayer {
    return Layer.scoped(
      ApiKeys,
      Effect.gen(function* () {
        yield* migrate(migrations)
        const { outageSince } = yield* ChangeFeed
        return yield* make(makeSqlStore(yield* SqlClient.SqlClient), options, () => outageSince() !== undefined)
      })
    )
  }
}

/** Long after whatever remembers a key's claims has looked at the store again; there the key is gone. */
const KEEP_REVOKED_SECONDS = 86_400
/** `Claims.expiresAt` of a key without an end: the last second of the year 9999. */
const NEVER = 253_402_300_799

interface Parts {
  readonly store: ApiKeyStore
  readonly options: ApiKeysOptions
  readonly accounts: AccountsApi
  readonly revocations: RevocationsApi
  readonly used: LastUsed
  readonly active: ActiveKeys
}

const make = (
  store: ApiKeyStore,
  options: ApiKeysOptions,
  storeIsOut = () => false
): Effect.Effect<ApiKeysApi, never, Needs | Scope.Scope> =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const revocations = yield* Revocations
    const clock = yield* Effect.clock
    const used = new LastUsed()
    const active = new ActiveKeys(accounts.revision, storeIsOut)
    const parts: Parts = { store, options, accounts, revocations, used, active }
    yield* keepWritten(used, "API keys", store.used)
    return {
      create: (owner, wanted) => create(parts, owner.toLowerCase(), wanted),
      list: (owner) => list(parts, owner.toLowerCase()),
      revoke: (owner, id) =>
        Effect.gen(function* () {
          const keys = yield* stored(store.ofOwner(owner.toLowerCase()))
          if (!keys.some((key) => key.id === id)) return false
          yield* end(parts, id)
          return true
        }),
      revokeAll: (owner) =>
        Effect.flatMap(stored(store.ofOwner(owner.toLowerCase())), (keys) =>
          Effect.forEach(keys, ({ id }) => end(parts, id), { discard: true })
        ),
      verify: (text) => verify(parts, text),
      stillHolds: (claims) => stillHolds(parts, claims),
      holds: (claims) => {
        const now = clock.unsafeCurrentTimeMillis()
        if (claims.tokenId === undefined || !active.holds(claims.tokenId, claims, now)) return false
        used.touch(claims.tokenId, now)
        return true
      }
    }
  })

const create = (parts: Parts, owner: string, wanted: NewApiKey) =>
  Effect.gen(function* () {
    const { accounts, store } = parts
    const now = yield* Clock.currentTimeMillis
    const problem = problemOfKey(wanted, (yield* accounts.get(owner))?.groups, now)
    if (problem !== undefined) return yield* new InvalidApiKey(problem)
    const all = yield* stored(store.ofOwner(owner))
    if (all.length >= MAX_KEYS) return yield* new TooManyApiKeys({ limit: MAX_KEYS })
    const living = (yield* list(parts, owner)).filter((key) => key.expiresAt === undefined || key.expiresAt > now)
    if (living.some((key) => key.name === wanted.name.trim())) {
      const expected = "it must be another name than those of your living keys"
      return yield* new InvalidApiKey({ field: "name", held: JSON.stringify(wanted.name.trim()), expected })
    }
    const { digest, shown, text } = makeSecret(KEY_PREFIX)
    const { expiresAt, groups, limits, name } = wanted
    const key: ApiKey = {
      id: crypto.randomUUID(),
      owner,
      name: name.trim(),
      prefix: shown,
      createdAt: now,
      expiresAt,
      lastUsedAt: undefined,
      groups,
      limits
    }
    yield* stored(store.insert({ key, digest }))
    return { key, text }
  })

/** Those that live or ran out; not those that were revoked, be it one by one or with all that their owner had. */
const list = ({ accounts, options, revocations, store, used }: Parts, owner: string) =>
  Effect.gen(function* () {
    const subject = (yield* accounts.get(owner))?.username ?? owner
    const dead = ({ createdAt, id }: ApiKey): boolean =>
      revocations.has(id) || revocations.hasSubject(options.issuer, subject, createdAt / 1000)
    const keys = yield* stored(store.ofOwner(owner))
    return keys.filter((key) => !dead(key)).map((key) => ({ ...key, lastUsedAt: used.of(key.id, key.lastUsedAt) }))
  })

/** Dead here before anything is written. */
const end = ({ active, revocations, store }: Parts, id: string): Effect.Effect<void, AccountsUnavailable> =>
  Effect.gen(function* () {
    active.forget(id)
    const until = Math.ceil((yield* Clock.currentTimeMillis) / 1000) + KEEP_REVOKED_SECONDS
    yield* stored(revocations.revoke(id, until))
    yield* stored(store.remove(id))
  })

const verify = (parts: Parts, text: string): Effect.Effect<Claims, Unauthenticated | AuthUnavailable> =>
  Effect.gen(function* () {
    const { accounts, active, revocations, store, used } = parts
    if (!isWhole(KEY_PREFIX, text)) return yield* refusal("bad_api_key")
    const now = yield* Clock.currentTimeMillis
    // Read before anything is looked up: a change meanwhile makes the result old at once.
    const revision = accounts.revision()
    const key = yield* Effect.mapError(stored(store.find(digestOf(text))), unavailable)
    if (key === undefined) return yield* refusal("unknown_api_key")
    if (revocations.has(key.id)) return yield* refusal("token_revoked")
    if (key.expiresAt !== undefined && key.expiresAt <= now) return yield* refusal("token_expired")
    const claims = yield* claimsNow(parts, key)
    if (claims === undefined) return yield* refusal("account_disabled")
    if (accounts.revision() !== revision) return yield* verify(parts, text)
    used.touch(key.id, now)
    return active.put(key.id, claims, revision, now)
  })

const stillHolds = (parts: Parts, claims: Claims): Effect.Effect<boolean, AuthUnavailable> =>
  Effect.gen(function* () {
    const { accounts, active, revocations, store } = parts
    const id = claims.tokenId ?? ""
    const now = yield* Clock.currentTimeMillis
    const revision = accounts.revision()
    const key = yield* Effect.mapError(stored(store.get(id)), unavailable)
    if (key === undefined || revocations.has(id)) return false
    // With other groups than it had, what was opened with it would go on with rights that are gone.
    if (JSON.stringify(yield* claimsNow(parts, key)) !== JSON.stringify(claims)) return false
    if (accounts.revision() !== revision) return yield* stillHolds(parts, claims)
    active.put(id, claims, revision, now)
    return true
  })

/** What a key stands for as its owner is now; undefined: nobody may come with it. */
const claimsNow = ({ accounts, options }: Parts, key: ApiKey): Effect.Effect<Claims | undefined, AuthUnavailable> =>
  Effect.map(Effect.mapError(accounts.get(key.owner), unavailable), (account) => {
    if (account?.disabled !== false) return undefined
    const allowed = key.groups
    const groups = allowed === undefined ? account.groups : account.groups.filter((group) => allowed.includes(group))
    return claimsOf(key, { username: account.username, groups }, options)
  })

const claimsOf = (
  key: ApiKey,
  owner: { readonly username: string; readonly groups: ReadonlyArray<string> },
  { audience, issuer }: ApiKeysOptions
): Claims => ({
  issuer,
  subject: owner.username,
  username: owner.username,
  clientId: `key:${key.id}`,
  groups: owner.groups,
  scopes: [],
  audience: [audience],
  expiresAt: key.expiresAt === undefined ? NEVER : key.expiresAt / 1000,
  issuedAt: key.createdAt / 1000,
  tokenId: key.id,
  method: "api_key",
  ...(key.limits === undefined ? {} : { limits: key.limits })
})

const unavailable = (): AuthUnavailable =>
  new AuthUnavailable({ issuer: "api keys", problem: "key store not reachable" })
