/**
 * From what a provider says of a person to a `Profile`. Pure. An unreadable claim refuses the sign-in, an absent one grants nothing; an
 * e-mail address that the provider has not verified is neither kept nor made a name of.
 */
import { type ClaimPath, readClaim } from "@mcpgw/auth/ClaimPath"
import { strings } from "@mcpgw/auth/ClaimsMapping"
import type { Profile } from "../Accounts.ts"
import type { IdentityProvider } from "../IdentityProvider.ts"

export type SaidClaims = Readonly<Record<string, unknown>>

/** More would not be a person's; and what is kept of each is bounded. */
const MAX_GROUPS = 1_000
const MAX_GROUP_LENGTH = 256
const MAX_TEXT_LENGTH = 320

/** Undefined: it can not be read who this is, or what groups they are in. */
export const profileOf = (provider: IdentityProvider, said: SaidClaims): Profile | undefined => {
  const { claims } = provider
  const subject = subjectOf(readClaim(said, claims.subject))
  const groups = groupsOf(said, claims.groups)
  if (subject === undefined || groups === undefined) return undefined
  const verified = !isFalse(said["email_verified"])
  const email = verified ? textAt(said, claims.email) : undefined
  const named = textAt(said, claims.username)
  const isMail = samePath(claims.username, claims.email)
  const username = (isMail && !verified ? undefined : named) ?? email ?? subject
  return { subject, username, email, displayName: textAt(said, claims.name), groups }
}

/** Does an ID token leave open what user info may answer? */
export const isIncomplete = (provider: IdentityProvider, said: SaidClaims): boolean => {
  const { email, groups, username } = provider.claims
  const lacks = (path: ClaimPath): boolean => readClaim(said, path) === undefined
  return lacks(username) || lacks(email) || (groups.length > 0 && groups.every(lacks))
}

const groupsOf = (said: SaidClaims, paths: ReadonlyArray<ClaimPath>): ReadonlyArray<string> | undefined => {
  const all: Array<string> = []
  for (const path of paths) {
    const claim = readClaim(said, path)
    const groups = claim === undefined ? [] : strings(claim)
    if (groups === undefined) return undefined
    all.push(...groups)
  }
  return [...new Set(all)].filter((group) => group !== "" && group.length <= MAX_GROUP_LENGTH).slice(0, MAX_GROUPS)
}

/** GitHub's ids are numbers. */
const subjectOf = (value: unknown): string | undefined => {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value)
  return typeof value === "string" && value !== "" && value.length <= 255 ? value : undefined
}

const textAt = (said: SaidClaims, path: ClaimPath): string | undefined => {
  const value = readClaim(said, path)
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT_LENGTH ? value : undefined
}

/** Cognito's user info says it as a text. */
const isFalse = (value: unknown): boolean => value === false || value === "false"

const samePath = (a: ClaimPath, b: ClaimPath): boolean => a.length === b.length && a.every((part, i) => part === b[i])
