/**
 * **AuthorizationServer** — OAuth 2.1 and OpenID Connect for the gateway's own servers, on the certified `oidc-provider`: authorization code with
 * PKCE, refresh, device and client credentials grants, registration, revocation, introspection (protocol.md §3.4). Loaded at the first
 * request. Takes the caller's address from the edge alone, and hands a person's rights to no client they did not agree to.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { OutboundFetch } from "@mcpgw/auth/OutboundFetch"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Accounts } from "./Accounts.ts"
import { ClientSource } from "./ClientSource.ts"
import { Grants } from "./Grants.ts"
import { migrations } from "./Migrations.ts"
import { makeArtifactStore } from "./oauth/ArtifactStore.ts"
import { makeClientStore } from "./oauth/ClientStore.ts"
import { type Consent, makeConsentStore } from "./oauth/ConsentStore.ts"
import { endGrant } from "./oauth/endGrant.ts"
import { makeDesk } from "./oauth/desk.ts"
import type { Note as OAuthNote } from "./oauth/notes.ts"
import { Sealing } from "./oauth/sealing.ts"
import { makeTokenHandles } from "./oauth/tokenHandle.ts"
import { Sessions } from "./Sessions.ts"
import { SignInLinks } from "./SignInLinks.ts"

export type { OAuthNote }

export interface AuthorizationServerApi {
  /** Answers a request on one of its paths (`servesOAuth`). Never rejects. `remote`: the caller's address; `noted`: for the audit row. */
  readonly handle: (
    request: Request,
    info: { readonly remote: string; readonly noted?: (note: OAuthNote) => void }
  ) => Promise<Response>
  /** What a person has agreed to, newest first. */
  readonly consentsOf: (username: string) => Effect.Effect<ReadonlyArray<Consent>, GrantsUnavailable>
  /** Takes one back; what was issued on it is revoked at once. False: there is none. */
  readonly withdraw: (username: string, id: string) => Effect.Effect<boolean, GrantsUnavailable>
  /** Takes back all that a person has agreed to, as `withdraw` does: after they were disabled, or lost a group or their password. */
  readonly endAll: (username: string) => Effect.Effect<void, GrantsUnavailable>
}

export class GrantsUnavailable extends Schema.TaggedError<GrantsUnavailable>()("GrantsUnavailable", {
  cause: Schema.Defect
}) {}

export interface AuthorizationServerOptions {
  /** `MCPGW_PUBLIC_URL`: the issuer, and what resources are below. */
  readonly publicUrl: string
  /** Other origins whose pages may register and ask for tokens. */
  readonly corsOrigins?: ReadonlyArray<string>
  /** Hosts whose client metadata documents are accepted; empty: any host that may be dialled. */
  readonly documentHosts?: ReadonlyArray<string>
  /** Clients that are kept in all; 100 000. Beyond it those make room that nobody ever allowed. */
  readonly maxClients?: number
}

const MAX_CLIENTS = 100_000

type Needs = SqlClient.SqlClient | KeyRing | Accounts | Sessions | Revocations | Grants | ClientSource | OutboundFetch

export class AuthorizationServer extends Context.Tag("@mcpgw/identity/AuthorizationServer")<
  AuthorizationServer,
  AuthorizationServerApi
>() {
  /** State in tables `oauth_*`; runs this package's migrations. */
  static layer(
    options: AuthorizationServerOptions
  ): Layer.Layer<AuthorizationServer, MigrationFailed | DatabaseNewer, Needs> {
    return Layer.scoped(AuthorizationServer, make(options))
  }
}

const PATHS = /^\/(?:oauth\/|\.well-known\/(?:oauth-authorization-server|openid-configuration)(?:\/|$))/

/** Is it the authorization server that answers this path? */
export const servesOAuth = (pathname: string): boolean => PATHS.test(pathname)

const unavailable = (cause: unknown): GrantsUnavailable => new GrantsUnavailable({ cause })

const make = (
  options: AuthorizationServerOptions
): Effect.Effect<AuthorizationServerApi, MigrationFailed | DatabaseNewer, Needs | Scope.Scope> =>
  Effect.gen(function* () {
    yield* migrate(migrations)
    const sql = yield* SqlClient.SqlClient
    const keys = yield* KeyRing
    const revocations = yield* Revocations
    const sealing = new Sealing(keys)
    const artifacts = makeArtifactStore(sql, sealing)
    const consents = makeConsentStore(sql)
    const runtime = yield* Effect.runtime()
    const run = Runtime.runPromise(runtime)
    const fork = Runtime.runFork(runtime)
    yield* sweep(artifacts.removeExpired)
    const desk = makeDesk({
      publicUrl: options.publicUrl,
      corsOrigins: options.corsOrigins ?? [],
      documentHosts: options.documentHosts ?? [],
      maxClients: options.maxClients ?? MAX_CLIENTS,
      keys,
      accounts: yield* Accounts,
      sessions: yield* Sessions,
      revocations,
      grants: yield* Grants,
      clientSource: yield* ClientSource,
      fetch: yield* OutboundFetch,
      links: yield* SignInLinks,
      sealing,
      handles: makeTokenHandles(sealing, keys, options.publicUrl),
      artifacts,
      clients: makeClientStore(sql),
      consents,
      run,
      log: (message, error) => void fork(Effect.logError(message, error)),
      warn: (message) => void fork(Effect.logWarning(message))
    })
    yield* Effect.addFinalizer(() => Effect.promise(desk.close))
    const end = (ids: ReadonlyArray<string>) =>
      Effect.forEach(ids, (id) => endGrant(artifacts, revocations, id), { discard: true })
    return {
      handle: desk.handle,
      consentsOf: (username) => Effect.mapError(consents.ofAccount(username.toLowerCase()), unavailable),
      withdraw: (username, id) =>
        Effect.gen(function* () {
          const account = username.toLowerCase()
          const removed = yield* consents.remove(account, id)
          if (removed === undefined) return false
          yield* end(yield* artifacts.grantsOf(account, removed))
          return true
        }).pipe(Effect.mapError(unavailable)),
      endAll: (username) =>
        Effect.gen(function* () {
          const account = username.toLowerCase()
          // What is remembered goes first: nothing new is granted by it.
          yield* consents.removeAll(account)
          yield* end(yield* artifacts.grantsOf(account))
        }).pipe(Effect.mapError(unavailable))
    }
  })

const sweep = <E>(removeExpired: (now: number) => Effect.Effect<void, E>): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.suspend(() => removeExpired(Math.floor(Date.now() / 1000))).pipe(
    Effect.catchAll((cause) => Effect.logWarning("Expired OAuth artifacts could not be removed", cause)),
    Effect.repeat(Schedule.spaced("10 minutes")),
    Effect.forkScoped
  )
