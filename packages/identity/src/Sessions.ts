/**
 * **Sessions** — server-side browser sessions behind the cookie of `SessionCookie`. The store holds only the id's digest, so that a
 * copied database signs nobody in. Ending a session also revokes its digest: verification is cached, revocation is asked every time.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { Revocations, type RevocationsApi } from "@mcpgw/auth/Revocations"
import type { Claims } from "@mcpgw/domain/Principal"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { AccountsUnavailable } from "./AccountError.ts"
import type { Account } from "./Accounts.ts"
import { LOCAL } from "./internal/accountStore.ts"
import { digestOf } from "./internal/digest.ts"
import { stored } from "./internal/stored.ts"
import { makeMemoryStore, makeSqlStore, type SessionStore, type StoredSession } from "./internal/sessionStore.ts"
import { migrations } from "./Migrations.ts"

/** Eight hours, contracts.md §2.6. */
export const SESSION_SECONDS = 28_800

/** Where a person signed in, and what their provider wants to see when they sign out (`id_token_hint`). */
export interface SessionOrigin {
  /** `local`, or the identity provider's name. */
  readonly provider: string
  readonly idToken?: string | undefined
  /** The `User-Agent`, cut to 256 characters: for the person to tell their sessions apart. */
  readonly browser?: string | undefined
  /** Address of the caller. */
  readonly remote?: string | undefined
}

/** What is left to be done at the provider once a session has ended. */
export type ProviderSession = Pick<SessionOrigin, "provider" | "idToken">

export { LOCAL }

/** A living session as its person is shown it. */
export interface SessionInfo {
  /** Names the session, and is good for nothing else. */
  readonly id: string
  /** Epoch seconds, fractions allowed; undefined for sessions from before it was written down. */
  readonly createdAt: number | undefined
  /** Epoch seconds. */
  readonly expiresAt: number
  readonly provider: string
  readonly browser: string | undefined
  readonly remote: string | undefined
}

export interface SessionsApi {
  /** How long a session lives from its making, in seconds; using it does not make it longer. */
  readonly seconds: number
  /** Returns the cookie's value: 256 random bits, base64url. Always a new one: no caller chooses it. `origin` is `local` unless given. */
  readonly create: (account: Account, origin?: SessionOrigin) => Effect.Effect<string, AccountsUnavailable>
  /** Claims of a living session; undefined for an unknown, expired or ended one. */
  readonly find: (value: string) => Effect.Effect<Claims | undefined, AccountsUnavailable>
  /** Where a living session began; undefined when `find` is. */
  readonly originOf: (value: string) => Effect.Effect<ProviderSession | undefined, AccountsUnavailable>
  /** Ends it everywhere at once; unknown values are fine, and give undefined. */
  readonly end: (value: string) => Effect.Effect<ProviderSession | undefined, AccountsUnavailable>
  /** A person's living sessions, the newest first. */
  readonly list: (username: string) => Effect.Effect<ReadonlyArray<SessionInfo>, AccountsUnavailable>
  /** Ends one of a person's sessions by its `SessionInfo.id`; false when they have none of that id. */
  readonly endOne: (username: string, id: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Ends every session of a person, but the one of `except` (its `Claims.tokenId`): after a change of password or groups. */
  readonly endAll: (username: string, except?: string) => Effect.Effect<void, AccountsUnavailable>
}

export interface SessionsOptions {
  /** Lifetime; eight hours when absent. */
  readonly seconds?: number | undefined
  /** `Claims.issuer`: the gateway's own issuer, so that a person and the tokens they mint share a subject. */
  readonly issuer: string
  /** The gateway's public URL: what a session may be used at. */
  readonly audience: string
}

type SqlLayer = Layer.Layer<Sessions, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | Revocations>

export class Sessions extends Context.Tag("@mcpgw/identity/Sessions")<Sessions, SessionsApi>() {
  /** Forgets at exit; for tests. */
  static layerMemory(options: SessionsOptions): Layer.Layer<Sessions, never, Revocations> {
    return Layer.scoped(
      Sessions,
      Effect.suspend(() => make(makeMemoryStore(), options))
    )
  }

  /** Table `sessions`; runs this package's migrations. */
  static layerSql(options: SessionsOptions): SqlLayer {
    return Layer.scoped(
      Sessions,
      Effect.gen(function* () {
        yield* migrate(migrations)
        return yield* make(makeSqlStore(yield* SqlClient.SqlClient), options)
      })
    )
  }
}

/** 32 bytes in base64url. */
const VALUE = /^[A-Za-z0-9_-]{43}$/

const make = (
  store: SessionStore,
  options: SessionsOptions
): Effect.Effect<SessionsApi, never, Revocations | Scope.Scope> =>
  Effect.gen(function* () {
    const revocations = yield* Revocations
    yield* Effect.flatMap(nowSeconds, store.removeExpired).pipe(
      Effect.catchAll((cause) => Effect.logWarning("Expired sessions could not be removed", cause)),
      Effect.repeat(Schedule.spaced("10 minutes")),
      Effect.forkScoped
    )
    const end = endWith(store, revocations)
    const seconds = options.seconds ?? SESSION_SECONDS
    const living = (username: string) =>
      Effect.map(Effect.all([stored(store.ofUser(username)), nowSeconds]), ([sessions, now]) =>
        sessions.filter(({ digest, expiresAt }) => expiresAt > now && !revocations.has(digest))
      )
    const found = (value: string): Effect.Effect<StoredSession | undefined, AccountsUnavailable> =>
      Effect.gen(function* () {
        const session = VALUE.test(value) ? yield* stored(store.find(digestOf(value))) : undefined
        const lives = session !== undefined && session.expiresAt > (yield* nowSeconds)
        if (!lives || revocations.has(session.digest)) return undefined
        const { issuer, issuedAt, subject } = claimsOf(session, options)
        return revocations.hasSubject(issuer, subject, issuedAt) ? undefined : session
      })
    return {
      seconds,
      create: (account, origin = LOCAL_ORIGIN) => create(store, account, origin, seconds),
      find: (value) => Effect.map(found(value), (session) => session && claimsOf(session, options)),
      originOf: (value) => Effect.map(found(value), (session) => session && providerSessionOf(session)),
      end: (value) =>
        Effect.gen(function* () {
          const session = VALUE.test(value) ? yield* stored(store.find(digestOf(value))) : undefined
          if (session === undefined) return undefined
          yield* end(session)
          return providerSessionOf(session)
        }),
      list: (username) => Effect.map(living(username), (sessions) => sessions.map(infoOf).toSorted(newestFirst)),
      endOne: (username, id) =>
        Effect.gen(function* () {
          const session = (yield* living(username)).find(({ digest }) => sessionIdOf(digest) === id)
          if (session !== undefined) yield* end(session)
          return session !== undefined
        }),
      endAll: (username, except) =>
        Effect.flatMap(stored(store.ofUser(username)), (sessions) =>
          Effect.forEach(
            sessions.filter(({ digest }) => digest !== except),
            end,
            { discard: true }
          )
        )
    }
  })

const LOCAL_ORIGIN: SessionOrigin = { provider: LOCAL }

const providerSessionOf = ({ origin: { idToken, provider } }: StoredSession): ProviderSession => ({ provider, idToken })

/** The public name of the session with this `Claims.tokenId`: 96 bits of it, which end nothing and sign nobody in. */
export const sessionIdOf = (tokenId: string): string => tokenId.slice(0, 16)

const infoOf = ({ createdAt, digest, expiresAt, origin }: StoredSession): SessionInfo => ({
  id: sessionIdOf(digest),
  createdAt,
  expiresAt,
  provider: origin.provider,
  browser: origin.browser,
  remote: origin.remote
})

const newestFirst = (a: SessionInfo, b: SessionInfo): number => (b.createdAt ?? 0) - (a.createdAt ?? 0)

/** Longest `User-Agent` kept, in characters. */
const MAX_BROWSER_LENGTH = 256

/** Longest `id_token_hint` kept, in characters: it travels back in a URL. */
const MAX_HINT_LENGTH = 4_096

const create = (
  store: SessionStore,
  account: Account,
  { browser, idToken, ...origin }: SessionOrigin,
  seconds: number
): Effect.Effect<string, AccountsUnavailable> =>
  Effect.gen(function* () {
    const value = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url")
    const createdAt = (yield* Clock.currentTimeMillis) / 1000
    const expiresAt = Math.floor(createdAt) + seconds
    const hint = idToken !== undefined && idToken.length <= MAX_HINT_LENGTH ? idToken : undefined
    const from = { ...origin, idToken: hint, browser: browser?.slice(0, MAX_BROWSER_LENGTH) }
    yield* stored(store.insert({ digest: digestOf(value), account, origin: from, createdAt, expiresAt }))
    return value
  })

/** Revokes before it removes: if the second fails, the session is dead all the same. */
const endWith =
  (store: SessionStore, revocations: RevocationsApi) => (session: Pick<StoredSession, "digest" | "expiresAt">) =>
    stored(Effect.zipRight(revocations.revoke(session.digest, session.expiresAt), store.remove(session.digest)))

const claimsOf = (
  { account, createdAt, digest, expiresAt, origin }: StoredSession,
  options: SessionsOptions
): Claims => ({
  issuer: options.issuer,
  subject: account.username,
  username: account.username,
  clientId: "session",
  groups: account.groups,
  scopes: [],
  audience: [options.audience],
  expiresAt,
  issuedAt: createdAt,
  tokenId: digest,
  method: "session_cookie",
  provider: origin.provider
})

const nowSeconds = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / 1000))
