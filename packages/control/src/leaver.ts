/**
 * Under which names somebody has been given something, here and at an identity provider: whoever takes it all from them knows one of the names,
 * and must not have to know the others. Ends nothing itself.
 */
import { Accounts, type AccountDetails } from "@mcpgw/identity/Accounts"
import type { Person } from "@mcpgw/identity/endAccess"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import { madeHereBy } from "@mcpgw/identity/Tokens"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import { unreachable } from "./accountFailures.ts"

/** Is that one of the names, so that whoever calls would do it to themselves? They may call by any: a session, or their provider's token. */
export const isAmong = (
  names: ReadonlyArray<Person>,
  { issuer, subject }: Pick<Claims, "issuer" | "subject">
): boolean => names.some((name) => name.issuer === issuer && name.subject === subject)

/** `own`: our issuer. `issuer` and `subject`: as tokens spell them; of our own also an account's name, in any case. */
export const namesOf = (own: string, issuer: string, subject: string) =>
  issuer === own ? ofAccount(own, subject) : ofProvider(own, issuer, subject)

const ofAccount = (own: string, name: string) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const { issuers } = yield* FederatedLogin
    const account = yield* Effect.catchTag(accounts.get(name), "AccountsUnavailable", unreachable)
    if (account === undefined) return [{ issuer: own, subject: name, username: name }]
    const { provider, subject } = account
    const there = subject === undefined ? [] : (issuers.get(provider) ?? [])
    return [hereAs(own, account), ...there.flatMap((issuer) => atProvider(own, issuer, subject ?? ""))]
  })

const ofProvider = (own: string, issuer: string, subject: string) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts
    const { issuers } = yield* FederatedLogin
    const providers = [...issuers].filter(([, spellings]) => spellings.includes(issuer))
    const found = yield* Effect.forEach(providers, ([name]) =>
      Effect.catchTag(accounts.ofSubject(name, subject), "AccountsUnavailable", unreachable)
    )
    const spellings = new Set([issuer, ...providers.flatMap(([, all]) => all)])
    return [
      ...[...spellings].flatMap((spelling) => atProvider(own, spelling, subject)),
      ...found.flatMap((account) => (account === undefined ? [] : [hereAs(own, account)]))
    ]
  })

/** Sessions, keys and grants are the account's. */
const hereAs = (own: string, { username }: AccountDetails): Person => ({ issuer: own, subject: username, username })

/** Tokens that people of another issuer made here carry that issuer's name in their subject. */
const atProvider = (own: string, issuer: string, subject: string): ReadonlyArray<Person> => [
  { issuer, subject },
  { issuer: own, subject: madeHereBy({ issuer, subject }) }
]
