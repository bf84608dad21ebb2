/** What the ways to make a token share (contracts.md §2.7): who may, what can be asked for, and how a refusal reads. */
import { BadRequest, type FieldError, fieldProblems, Forbidden, problem, TooManyRequests } from "@mcpgw/api/ApiError"
import type { Claims } from "@mcpgw/domain/Principal"
import type { IssuedToken, TokenRefused, TooManyTokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import { type Fields, show } from "./body.ts"
import { signedIn } from "./signIn.ts"
import { answerHeader } from "./headers.ts"

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string")

export interface Asked {
  readonly scopes: ReadonlyArray<string> | undefined
  readonly hours: number | undefined
  readonly description: string | undefined
}

/** What each field must be, in the contract's own words. */
const wrongOf = (fields: Fields, maxHours: number): ReadonlyArray<FieldError> => {
  const wrong = (field: string, expected: string) => [{ field, held: show(field, fields[field]), expected }]
  const { description, expires_in_hours: hours, requested_scopes: scopes } = fields
  const inBounds = hours === undefined || (Number.isInteger(hours) && Number(hours) >= 1 && Number(hours) <= maxHours)
  return [
    ...(inBounds ? [] : wrong("expires_in_hours", `must be an integer between 1 and ${maxHours}`)),
    ...(scopes === undefined || isTexts(scopes) ? [] : wrong("requested_scopes", "must be a list of strings")),
    ...(description === undefined || typeof description === "string" ? [] : wrong("description", "must be a string"))
  ]
}

/**
 * By hand and not by schema: the contract's own sentences, as long as one thing is wrong. `maxHours`: the configured bound. `others`: what else is
 * wrong with the body.
 */
export const asked = (
  fields: Fields,
  maxHours: number,
  others: ReadonlyArray<FieldError>
): Effect.Effect<Asked, BadRequest> => {
  const own = wrongOf(fields, maxHours)
  const [only] = own
  if (only !== undefined && own.length + others.length === 1) return bad(`${only.field} ${only.expected}`)
  const [first, ...rest] = [...others, ...own.map((one) => ({ ...one, expected: `it ${one.expected}` }))]
  if (first !== undefined) return Effect.fail(new BadRequest(fieldProblems(first, ...rest)))
  const { description, expires_in_hours: hours, requested_scopes: scopes } = fields
  return Effect.succeed({
    scopes: isTexts(scopes) ? scopes : undefined,
    hours: typeof hours === "number" ? hours : undefined,
    description: typeof description === "string" ? description : undefined
  })
}

export const bad = (sentence: string): Effect.Effect<never, BadRequest> =>
  Effect.fail(new BadRequest(problem(sentence)))

export const mayMint = (claims: Claims): Effect.Effect<void, Forbidden> => signedIn(claims, "make tokens")

/** What a token made by this caller can not outlive, in epoch seconds: the token they came with; a person at a browser is not bound so. */
export const notAfterOf = ({ expiresAt, method }: Claims): number | undefined =>
  method === "session_cookie" ? undefined : expiresAt

export const refusalOf = (refused: TokenRefused): Effect.Effect<never, BadRequest | Forbidden | TooManyRequests> => {
  if (refused._tag === "ScopesExceeded") return new Forbidden(problem(refused.message, heldWords(refused.held)))
  if (refused._tag === "InvalidTokenRequest") return bad(refused.message)
  return tooManyTokens(refused)
}

const heldWords = (held: ReadonlyArray<string>): string =>
  held.length === 0 ? "You have no scopes" : `You have: ${held.join(", ")}`

export const tooManyTokens = ({ limit, retryAfterSeconds }: TooManyTokens): Effect.Effect<never, TooManyRequests> =>
  Effect.zipRight(
    answerHeader("retry-after", String(retryAfterSeconds)),
    new TooManyRequests(problem(`Token generation limit reached: ${limit} tokens per hour`))
  )

/** The token, as each of the answers shows it. */
export const shown = (accessToken: string, expiresIn: number, scopes: ReadonlyArray<string>) =>
  ({
    access_token: accessToken,
    refresh_token: null,
    expires_in: expiresIn,
    refresh_expires_in: 0,
    token_type: "Bearer",
    scope: scopes.join(" ")
  }) as const

export const shownIssued = ({ claims, issuedAt, token }: IssuedToken) =>
  shown(token, claims.expiresAt - issuedAt, claims.scopes)
