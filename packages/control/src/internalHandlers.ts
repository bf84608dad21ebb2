/**
 * Routes for services (contracts.md §2.7): tokens made for people, and the policy read again. Nobody is trusted for where they call from, and
 * nothing a service says of a person gives that person more than their account here has.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, type FieldError, Forbidden, problem, Unavailable } from "@mcpgw/api/ApiError"
import { UserContext, type VendAnswer, VendRequest } from "@mcpgw/api/Internal"
import type { AuthMethod } from "@mcpgw/domain/Principal"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Tokens } from "@mcpgw/identity/Tokens"
import { VENDING_SCOPE } from "@mcpgw/policy/compile"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type Caller, caller } from "./access.ts"
import { unreachable } from "./accountFailures.ts"
import { administratorOf } from "./administrator.ts"
import { fieldErrors, type Fields, fieldsOf, unknownFields } from "./body.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { asked, refusalOf, shownIssued } from "./tokenRequests.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

/** `client_id` of tokens a service had made for someone. Such a token has none made itself. */
export const VENDED_CLIENT_ID = "internal-vending"

const notAService = new Forbidden(
  problem(
    "Only authenticated services may have tokens made for others",
    `It takes a bearer token of an administrator, or one with the scope ${VENDING_SCOPE}; a session or a token made here for someone will not do`
  )
)

/** Credentials a service has. Not a browser's session, and not what a person lent to some client of theirs. */
const OF_SERVICES: ReadonlySet<AuthMethod> = new Set(["gateway_token", "oidc"])

const mayVend = ({ claims, policy }: Caller): boolean =>
  OF_SERVICES.has(claims.method) && claims.clientId !== VENDED_CLIENT_ID && policy.canVendTokens(claims)

const VEND_FIELDS = Object.keys(VendRequest.fields)
const decodeUser = Schema.decodeUnknownEither(UserContext, { errors: "all" })

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What is wrong with the person alone; the contract's sentence where there is one. */
interface BadUser {
  readonly errors: ReadonlyArray<FieldError>
  readonly sentence?: string
}

const badUser = (field: string, expected: string, sentence: string): Either.Either<never, BadUser> =>
  Either.left({ errors: [{ field, held: "something else", expected }], sentence })

/** Whom the token is for, and what the service says they have. */
const userOf = ({ user_context: context }: Fields) => {
  if (!isFields(context)) return badUser("user_context", "it must be an object", "user_context must be an object")
  const given = Object.fromEntries(Object.entries(context).filter(([, value]) => value !== null))
  const read = decodeUser(given)
  if (Either.isLeft(read)) return Either.left<BadUser>({ errors: fieldErrors(read.left, given) })
  const { username = "", ...said } = read.right
  if (username === "") return badUser("username", "it is needed", "Username is required in user context")
  return Either.right({ username, ...said })
}

/** Who it is for and what is asked for, or all that is wrong with either. */
const wishOf = (fields: Fields, maxHours: number) =>
  Effect.gen(function* () {
    const user = userOf(fields)
    const unknown = unknownFields(fields, VEND_FIELDS)
    const others = [...unknown, ...(Either.isLeft(user) ? user.left.errors : [])]
    const wanted = yield* Effect.mapError(asked(fields, maxHours, others), (refused) =>
      Either.isLeft(user) && user.left.sentence !== undefined && refused.errors?.length === 1
        ? new BadRequest(problem(user.left.sentence))
        : refused
    )
    return { wanted, user: yield* Effect.orDie(user) }
  })

const noAccount = new Forbidden(problem("The user has no account here"))
const nothingShared = new Forbidden(problem("There is no scope that both the user and the service have"))

const within = (held: ReadonlyArray<string>, said: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  said === undefined ? held : held.filter((name) => said.includes(name))

/**
 * What the account has and the service may give: an administrator anything, another service what it holds itself. Of what is said of the
 * person the scopes count, as they always did, and the groups only where no scopes are said.
 */
const grantable = (
  { claims, isAdmin, policy }: Caller,
  accountGroups: ReadonlyArray<string>,
  said: { readonly groups?: ReadonlyArray<string>; readonly scopes?: ReadonlyArray<string> }
): ReadonlyArray<string> => {
  const groups = said.scopes === undefined ? within(accountGroups, said.groups) : accountGroups
  const held = within(policy.scopesOf({ groups, scopes: [] }), said.scopes).filter((scope) => scope !== VENDING_SCOPE)
  return isAdmin ? held : within(held, policy.scopesOf(claims))
}

const vend = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const tokens = yield* Tokens
    const accounts = yield* Accounts
    trail.rule = "api:vend_token"
    const service = yield* caller
    if (!mayVend(service)) return yield* notAService
    const { user, wanted } = yield* wishOf(yield* fieldsOf(request), tokens.bounds.maxHours)
    const account = yield* Effect.catchTag(accounts.get(user.username), "AccountsUnavailable", unreachable)
    // Whoever was shut out is not to come in by a service.
    if (account === undefined || account.disabled) return yield* noAccount
    // The record says whom it was for; a name of an account, so never more than a name.
    trail.rule = `api:vend_token:${account.username}`
    const ownerScopes = grantable(service, account.groups, user)
    if (ownerScopes.length === 0) return yield* nothingShared
    const owner = { issuer: tokens.issuer, subject: account.username, username: account.username }
    const { claims } = service
    const issued = yield* Effect.catchAll(
      tokens.issue({
        owner,
        ownerScopes,
        ...wanted,
        notAfter: claims.expiresAt,
        clientId: VENDED_CLIENT_ID,
        actor: claims
      }),
      refusalOf
    )
    trail.decision = "allow"
    const answer: VendAnswer = {
      ...shownIssued(issued),
      issued_at: issued.issuedAt,
      description: wanted.description ?? null
    }
    return answer
  })

const reloadScopes = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    const policies = yield* ScopePolicy
    trail.rule = "api:reload_scopes"
    yield* administratorOf(request)
    yield* Effect.mapError(
      policies.reload,
      ({ message }) => new Unavailable(problem("The policy was not taken; the last good one holds", message))
    )
    trail.decision = "allow"
    return {
      message: "Scopes reloaded successfully",
      timestamp: new Date(yield* Clock.currentTimeMillis).toISOString(),
      group_mappings_count: policies.current().groupMappings
    }
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "internal", (handlers) =>
  handlers
    .handleRaw("vend", ({ request }) => readmitted(request, vend(request)), whole)
    .handle("reloadScopes", ({ request }) => reloadScopes(request), whole)
)
