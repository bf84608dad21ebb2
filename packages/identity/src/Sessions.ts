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
import { createHash } from "node:crypto"
import { type Account, AccountsUnavailable } from "./Accounts.ts"
import { makeMemoryStore, makeSqliteStore, type SessionStore, type StoredSession } from "./internal/sessionStore.ts"
import { migrations } from "./Migrations.ts"

/** Eight hours, contracts.md §2.6. */
export const SESSION_SECONDS = 28_800

export interface SessionsApi {
  /** Returns the cookie's value: 256 random bits, base64url. */
  readonly create: (account: Account) => Effect.Effect<string, AccountsUnavailable>
  /** Claims of a living session; undefined for an unknown, expired or ended one. */
  readonly find: (value: string) => Effect.Effect<Claims | undefined, AccountsUnavailable>
  /** Ends it everywhere at once; unknown values are fine. */
  readonly end: (value: string) => Effect.Effect<void, AccountsUnavailable>
  /** Ends every session of a person: after a change of password or groups. */
  readonly endAll: (username: string) => Effect.Effect<void, AccountsUnavailable>
}

export interface SessionsOptions {
  /** `Claims.issuer`: the gateway's own issuer, so that a person and the tokens they mint share a subject. */
  readonly issuer: string
  /** The gateway's public URL: what a session may be used at. */
  readonly audience: string
}

type SqliteLayer = Layer.Layer<Sessions, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | Revocations>

export class Sessions extends Context.Tag("@mcpgw/identity/Sessions")<Sessions, SessionsApi>() {
  /** Forgets at exit; for tests. */
  static layerMemory(options: SessionsOptions): Layer.Layer<Sessions, never, Revocations> {
    return Layer.scoped(
      Sessions,
      Effect.suspend(() => make(makeMemoryStore(), options))
    )
  }

  /** Table `sessions`; runs this package's migrations. */
  static layerSqlite(options: SessionsOptions): SqliteLayer {
    return Layer.scoped(
      Sessions,
      Effect.gen(function* () {
        yield* migrate(migrations)
        return yield* make(makeSqliteStore(yield* SqlClient.SqlClient), options)
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
    return {
      create: (account) => create(store, account),
      find: (value) =>
        Effect.gen(function* () {
          const session = VALUE.test(value) ? yield* stored(store.find(digestOf(value))) : undefined
          const living = session !== undefined && session.expiresAt > (yield* nowSeconds)
          if (!living || revocations.has(session.digest)) return undefined
          const claims = claimsOf(session, options)
          return revocations.hasSubject(claims.issuer, claims.subject, claims.issuedAt) ? undefined : claims
        }),
      end: (value) =>
        Effect.gen(function* () {
          const session = VALUE.test(value) ? yield* stored(store.find(digestOf(value))) : undefined
          if (session !== undefined) yield* end(session)
        }),
      endAll: (username) =>
        Effect.flatMap(stored(store.ofUser(username)), (sessions) => Effect.forEach(sessions, end, { discard: true }))
    }
  })

const create = (store: SessionStore, account: Account): Effect.Effect<string, AccountsUnavailable> =>
  Effect.gen(function* () {
    const value = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url")
    const createdAt = (yield* Clock.currentTimeMillis) / 1000
    const expiresAt = Math.floor(createdAt) + SESSION_SECONDS
    yield* stored(store.insert({ digest: digestOf(value), account, createdAt, expiresAt }))
    return value
  })

/** Revokes before it removes: if the second fails, the session is dead all the same. */
const endWith =
  (store: SessionStore, revocations: RevocationsApi) => (session: Pick<StoredSession, "digest" | "expiresAt">) =>
    stored(Effect.zipRight(revocations.revoke(session.digest, session.expiresAt), store.remove(session.digest)))

const claimsOf = ({ account, createdAt, digest, expiresAt }: StoredSession, options: SessionsOptions): Claims => ({
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
  method: "session_cookie"
})

const digestOf = (value: string): string => createHash("sha256").update(value).digest("base64url")

const nowSeconds = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / 1000))

const stored = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, AccountsUnavailable> =>
  Effect.mapError(effect, (cause) => new AccountsUnavailable({ cause }))
