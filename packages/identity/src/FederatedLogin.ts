/**
 * **FederatedLogin** — people sign in at an identity provider and get a session here: authorization code with PKCE, state and nonce
 * (contracts.md §2.6, protocol.md ). What the browser brings back is believed only together with the sealed transaction it left
 * with. Never links a person to an account by name or e-mail, and never shows what a provider answered.
 */
import { IssuerFetch } from "@mcpgw/auth/IssuerFetch"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as client from "openid-client"
import { type AccountDetails, Accounts, type Profile } from "./Accounts.ts"
import type { IdentityProvider } from "./IdentityProvider.ts"
import { IdentityProviders } from "./IdentityProviders.ts"
import { exchange, type Exchanged } from "./internal/codeExchange.ts"
import { DiscoveryFailed } from "./internal/discovery.ts"
import { loginFailure } from "./internal/loginFailure.ts"
import {
  makeTransactions,
  setTransaction,
  type Transaction,
  transactionOf,
  type Transactions
} from "./internal/loginTransaction.ts"
import { logoutUrl } from "./internal/logoutUrl.ts"
import { profileOf } from "./internal/profile.ts"
import { makeRelyingParty, type RelyingParty } from "./internal/relyingParty.ts"
import { returnPath } from "./internal/returnPath.ts"
import { beginSession } from "./beginSession.ts"
import { type LoginRefusal, LoginRefused } from "./LoginRefused.ts"
import { type ProviderSession, type SessionOrigin, Sessions } from "./Sessions.ts"

/** A redirect with cookies, each a `Set-Cookie` header of its own. */
export interface Sent {
  readonly location: string
  readonly cookies: ReadonlyArray<string>
}

/** Somebody signed in; `value` is the session's. */
export interface Arrived extends Sent {
  readonly account: AccountDetails
  readonly created: boolean
  readonly value: string
}

/** The browser that is back. */
export interface Returning extends Pick<SessionOrigin, "browser" | "remote"> {
  /** Its `Cookie` header. */
  readonly cookies: string | undefined
}

export interface FederatedLoginApi {
  /** Where people can sign in, for the page that lets them choose. */
  readonly providers: ReadonlyArray<Pick<IdentityProvider, "name" | "displayName">>
  /** By a provider's name every `iss` its tokens may have. */
  readonly issuers: ReadonlyMap<string, ReadonlyArray<string>>
  /** Sends a browser to the provider. `returnTo`: a path of ours, `/` unless given. */
  readonly begin: (provider: string, returnTo: string | undefined) => Effect.Effect<Sent, LoginRefused>
  /** The browser is back. `query`: as it came, without `?`. The provider's code works once; an earlier session of the browser ends. */
  readonly finish: (provider: string, query: string, from: Returning) => Effect.Effect<Arrived, LoginRefused>
  /** Takes the transaction's cookie away: for the answer to a sign-in that failed. */
  readonly forget: string
  /** Where to sign out at the provider; undefined for local sessions, and when the provider has no such place or can not be asked. */
  readonly logoutUrl: (origin: ProviderSession, returnTo: string) => Effect.Effect<string | undefined>
}

export interface FederatedLoginOptions {
  /** What browsers reach us at: redirect URIs are `{publicUrl}/oauth2/callback/{provider}`. */
  readonly publicUrl: string
}

type Needs = Accounts | IdentityProviders | IssuerFetch | KeyRing | Sessions

export class FederatedLogin extends Context.Tag("@mcpgw/identity/FederatedLogin")<FederatedLogin, FederatedLoginApi>() {
  static layer(options: FederatedLoginOptions): Layer.Layer<FederatedLogin, never, Needs> {
    return Layer.effect(FederatedLogin, make(options))
  }
}

/** Sign-ins that talk to a provider at once; strangers can begin as many as they like. */
const AT_ONCE = 32

type Parties = ReadonlyMap<string, RelyingParty>

const make = ({ publicUrl }: FederatedLoginOptions): Effect.Effect<FederatedLoginApi, never, Needs> =>
  Effect.gen(function* () {
    const parties = partiesOf(yield* IdentityProviders, yield* IssuerFetch)
    const transactions = makeTransactions(yield* KeyRing)
    const people = yield* Effect.context<Accounts | Sessions>()
    const bounded = makeBounded(yield* Effect.makeSemaphore(AT_ONCE))
    const redirectUri = (name: string): string => `${publicUrl}/oauth2/callback/${name}`
    return {
      providers: [...parties.values()].map(({ provider: { displayName, name } }) => ({ name, displayName })),
      issuers: new Map([...parties].map(([name, { provider }]) => [name, issuersOf(provider)])),
      forget: setTransaction(publicUrl, undefined),
      begin: (name, returnTo = "/") =>
        Effect.gen(function* () {
          const party = yield* find(parties, name)
          const path = returnPath(publicUrl, returnTo)
          if (path === undefined) return yield* refuse("bad_return_path")
          return yield* bounded(begin(transactions, party, publicUrl, redirectUri(name), path))
        }),
      finish: (name, query, from) =>
        Effect.gen(function* () {
          const party = yield* find(parties, name)
          const now = yield* Clock.currentTimeMillis
          const transaction = yield* checked(transactions, name, query, transactionOf(publicUrl, from.cookies), now)
          // Before anything is asked of the provider: two at once must not both go on.
          if (!transactions.use(transaction, now)) return yield* refuse("bad_transaction")
          const callback = new URL(`${redirectUri(name)}?${query}`)
          const arrive = arrived(party, publicUrl, callback, transaction, from)
          return yield* bounded(Effect.mapInputContext(arrive, (_: Context.Context<never>) => people))
        }),
      logoutUrl: makeLogoutUrl(parties, publicUrl)
    }
  })

const issuersOf = ({ issuer, issuerAliases }: IdentityProvider): ReadonlyArray<string> =>
  issuer === undefined ? issuerAliases : [issuer, ...issuerAliases]

const partiesOf = (providers: ReadonlyArray<IdentityProvider>, fetch: IssuerFetch["Type"]): Parties =>
  new Map(
    providers.flatMap((provider) =>
      provider.login === undefined ? [] : [[provider.name, makeRelyingParty(provider, provider.login, fetch)] as const]
    )
  )

const find = (parties: Parties, name: string): Effect.Effect<RelyingParty, LoginRefused> => {
  const party = parties.get(name)
  return party === undefined ? refuse("unknown_provider") : Effect.succeed(party)
}

const makeBounded =
  (gate: Effect.Semaphore) =>
  <A>(work: Effect.Effect<A, LoginRefused>): Effect.Effect<A, LoginRefused> =>
    Effect.flatMap(gate.withPermitsIfAvailable(1)(work), (done) =>
      done._tag === "Some" ? Effect.succeed(done.value) : refuse("busy")
    )

const makeLogoutUrl =
  (parties: Parties, publicUrl: string): FederatedLoginApi["logoutUrl"] =>
  (origin, returnTo) => {
    const party = parties.get(origin.provider)
    if (party === undefined) return Effect.succeed(undefined)
    const back = publicUrl + (returnPath(publicUrl, returnTo) ?? "/")
    return Effect.tryPromise(() => logoutUrl(party, origin, back)).pipe(
      Effect.catchAll((cause) =>
        Effect.as(Effect.logDebug(`No way to sign out at ${origin.provider}`, cause), undefined)
      )
    )
  }

const begin = (
  transactions: Transactions,
  party: RelyingParty,
  publicUrl: string,
  redirectUri: string,
  returnTo: string
): Effect.Effect<Sent, LoginRefused> =>
  Effect.gen(function* () {
    const { login, provider } = party
    const configuration = yield* Effect.tryPromise({ try: party.configuration, catch: (cause) => cause }).pipe(
      Effect.catchAll((cause) => unreachable(provider, cause, returnTo))
    )
    const transaction: Transaction = {
      id: client.randomState(),
      provider: provider.name,
      issuer: provider.issuer ?? null,
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      returnTo
    }
    const now = yield* Clock.currentTimeMillis
    const [challenge, sealed] = yield* Effect.promise(() =>
      Promise.all([client.calculatePKCECodeChallenge(transaction.verifier), transactions.seal(transaction, now)])
    )
    const location = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: login.scopes.join(" "),
      state: transaction.state,
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...(provider.issuer === undefined ? {} : { nonce: transaction.nonce })
    })
    return { location: location.href, cookies: [setTransaction(publicUrl, sealed)] }
  })

/** What can be told without asking the provider, in the order of contracts.md §2.6. */
const checked = (
  transactions: Transactions,
  name: string,
  query: string,
  sealed: string | undefined,
  now: number
): Effect.Effect<Transaction, LoginRefused> =>
  Effect.gen(function* () {
    const given = new URLSearchParams(query)
    const [state] = given.getAll("state")
    const answers = given.getAll("code").length + given.getAll("error").length
    if (state === undefined || state === "" || answers === 0) return yield* refuse("missing_parameters")
    if (sealed === undefined) return yield* refuse("bad_transaction")
    const transaction = yield* Effect.promise(() => transactions.open(sealed, now))
    if (transaction === undefined) return yield* refuse("bad_transaction")
    if (state !== transaction.state) return yield* refuse("bad_state")
    if (name !== transaction.provider) return yield* refuse("provider_mismatch")
    return transaction
  })

const arrived = (
  party: RelyingParty,
  publicUrl: string,
  callback: URL,
  transaction: Transaction,
  from: Returning
): Effect.Effect<Arrived, LoginRefused, Accounts | Sessions> =>
  Effect.gen(function* () {
    const { provider } = party
    const { returnTo } = transaction
    // The configuration may have changed since: then it is another issuer's code.
    if (transaction.issuer !== (provider.issuer ?? null)) return yield* refuse("provider_mismatch", returnTo)
    const said = yield* Effect.tryPromise({
      try: () => exchange(party, callback, transaction),
      catch: (cause) => cause
    }).pipe(Effect.catchAll((cause) => notProven(provider, cause, returnTo)))
    const profile = profileOf(provider, said.claims)
    if (profile === undefined) return yield* refuse("bad_claims", returnTo)
    const { account, cookie, created, value } = yield* settle(publicUrl, provider, profile, said, from, returnTo)
    return { account, created, value, location: returnTo, cookies: [setTransaction(publicUrl, undefined), cookie] }
  })

/** Account, then session; sessions that hold groups of before end. */
const settle = (
  publicUrl: string,
  provider: IdentityProvider,
  profile: Profile,
  { idToken }: Exchanged,
  { browser, cookies: cookieHeader, remote }: Returning,
  returnTo: string
) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const sessions = yield* Sessions
    const { account, created, groupsChanged } = yield* accounts.signIn(provider.name, profile)
    if (groupsChanged) yield* sessions.endAll(account.username)
    const origin = { provider: provider.name, idToken, browser, remote }
    const { cookie, value } = yield* beginSession({ account, origin, publicUrl, cookieHeader })
    return { account, created, cookie, value }
  }).pipe(
    Effect.catchTags({
      AccountDisabled: () => refuse("account_disabled", returnTo),
      InvalidAccount: () => refuse("bad_claims", returnTo),
      AccountsUnavailable: ({ cause }) =>
        Effect.zipRight(Effect.logError("Accounts can not be reached", cause), refuse("unavailable", returnTo))
    })
  )

const refuse = (reason: LoginRefusal, returnTo?: string): Effect.Effect<never, LoginRefused> =>
  Effect.fail(new LoginRefused({ reason, ...(returnTo === undefined ? {} : { returnTo }) }))

const unreachable = (provider: IdentityProvider, cause: unknown, returnTo: string) => {
  const problem = cause instanceof DiscoveryFailed ? cause.message : "can not be used"
  return Effect.logWarning(`Identity provider ${provider.name}: ${problem}`).pipe(
    Effect.zipRight(refuse("provider_unavailable", returnTo))
  )
}

const notProven = (provider: IdentityProvider, cause: unknown, returnTo: string) => {
  const { problem, reason } = loginFailure(cause)
  return Effect.logWarning(`Sign-in at ${provider.name} failed: ${problem}`).pipe(
    Effect.zipRight(refuse(reason, returnTo))
  )
}
