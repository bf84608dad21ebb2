/**
 * A person's API keys. Whoever makes one must have signed in here, because a key speaks for an account of this gateway; it may name servers
 * and scopes only of those its maker has now. A key's text is in one answer and nowhere else.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, Forbidden, NotFound, problem, Unavailable } from "@mcpgw/api/ApiError"
import { CreateKey, type KeyView } from "@mcpgw/api/Keys"
import { momentOf, momentOrNull } from "@mcpgw/api/Moments"
import type { Claims, Limits } from "@mcpgw/domain/Principal"
import type { AccountsUnavailable } from "@mcpgw/identity/Accounts"
import { type ApiKey, ApiKeys, type InvalidApiKey, type TooManyApiKeys } from "@mcpgw/identity/ApiKeys"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { type Caller, caller } from "./access.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { signedIn } from "./signIn.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { warningsOf } from "./warnings.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

export const unreachable = ({ cause }: AccountsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.zipRight(
    Effect.logError("The store of keys and agents can not be reached", cause),
    new Unavailable(problem("Keys and agents can not be reached now", "Try again later"))
  )

const viewOf = (key: ApiKey): KeyView => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  owner: key.owner,
  created_at: momentOf(key.createdAt),
  expires_at: momentOrNull(key.expiresAt),
  last_used_at: momentOrNull(key.lastUsedAt),
  groups: key.groups ?? null,
  scopes: key.limits?.scopes ?? null,
  servers: key.limits?.servers ?? null,
  tools: key.limits?.tools ?? null
})

const foreign = new Forbidden(
  problem("API keys belong to accounts of this gateway", "Sign in at /api/auth/login, and use that session")
)

/** Whose keys are meant: the caller's own, or, for administrators, somebody's by name. */
const ownerOf = ({ claims, isAdmin }: Caller, named: string | undefined) =>
  Effect.gen(function* () {
    const { publicUrl } = yield* ControlPlaneConfig
    if (named !== undefined && isAdmin) return named
    // Another issuer's `alice` is not our `alice`, and neither is an agent.
    if (claims.issuer !== publicUrl || claims.subject !== claims.username) return yield* foreign
    if (named !== undefined && named.toLowerCase() !== claims.subject.toLowerCase()) return yield* notYours
    return claims.subject
  })

const notYours = new Forbidden(problem("You may see and revoke your own keys only", "Administrators may name an owner"))

const list = (owner: string | undefined) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    const trail = yield* RequestTrail
    trail.rule = "api:list_keys"
    const who = yield* caller
    yield* noKey(who.claims)
    const found = yield* Effect.catchTag(keys.list(yield* ownerOf(who, owner)), "AccountsUnavailable", unreachable)
    return { keys: found.map(viewOf) }
  })

/** What one key says of the others would help whoever found it. */
const noKey = ({ limits, method }: Claims): Effect.Effect<void, Forbidden> =>
  method === "api_key" || limits !== undefined
    ? new Forbidden(
        problem("An API key can not see or revoke others", "Sign in at /api/auth/login, and use that session")
      )
    : Effect.void

/** A moment is shown as it was sent. */
const refusalOf = (refused: InvalidApiKey | TooManyApiKeys, { expires_at }: CreateKey): BadRequest =>
  refused._tag === "InvalidApiKey"
    ? new BadRequest(
        fieldProblem(
          refused.field,
          refused.field === "expires_at" ? JSON.stringify(expires_at) : refused.held,
          refused.expected
        )
      )
    : new BadRequest(problem(`There are ${refused.limit} keys already`, "Revoke one that is not used any more"))

const limitsOf = ({ scopes, servers, tools }: CreateKey): Limits | undefined =>
  scopes === undefined && servers === undefined && tools === undefined
    ? undefined
    : {
        ...(scopes === undefined ? {} : { scopes }),
        ...(servers === undefined ? {} : { servers }),
        ...(tools === undefined ? {} : { tools })
      }

/** A name that is mistyped would make a key that opens nothing, and its owner would look elsewhere for the reason. */
const namesOwn = ({ claims, policy }: Caller, { scopes = [], servers = [], tools = {} }: CreateKey) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    const own = policy.scopesOf(claims)
    const scope = scopes.findIndex((name) => !own.includes(name))
    if (scope >= 0) return yield* not(`scopes.${scope}`, scopes[scope], "it must be a scope you have")
    const opens = (path: string): boolean => registry.get(path) !== undefined && policy.hasGrant(claims, path)
    const server = servers.findIndex((path) => !opens(path))
    if (server >= 0) return yield* not(`servers.${server}`, servers[server], "it must be a server you may use")
    const path = Object.keys(tools).find((name) => !opens(name))
    if (path !== undefined) return yield* not(`tools.${path}`, path, "it must be a server you may use")
  })

/** A tool may come with a new version of its server, so the key is made; a mistyped one is told of. */
const unknownTools = ({ tools = {} }: CreateKey) =>
  Effect.map(Registry, (registry) =>
    Object.entries(tools).flatMap(([path, names]) => {
      const listed = registry.get(path)?.record.tool_list ?? []
      return names
        .filter((name) => !listed.some((tool) => tool.name === name))
        .map((name) => `${path} lists no tool '${name}' now`)
    })
  )

const not = (field: string, held: unknown, expected: string) =>
  new BadRequest(fieldProblem(field, JSON.stringify(held), expected))

const decodeCreate = decodeOnly(CreateKey, Object.keys(CreateKey.fields))

const create = (request: Request) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    const trail = yield* RequestTrail
    trail.rule = "api:create_key"
    const who = yield* caller
    yield* signedIn(who.claims, "make keys")
    const owner = yield* ownerOf(who, undefined)
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(decodeCreate))
    yield* namesOwn(who, wanted)
    const { expires_at: expires, groups, name } = wanted
    const made = yield* keys
      .create(owner, {
        name,
        expiresAt: expires === undefined ? undefined : Date.parse(expires),
        groups,
        limits: limitsOf(wanted)
      })
      .pipe(
        Effect.catchTags({
          InvalidApiKey: (refused) => refusalOf(refused, wanted),
          TooManyApiKeys: (refused) => refusalOf(refused, wanted),
          AccountsUnavailable: unreachable
        })
      )
    trail.decision = "allow"
    return HttpServerResponse.unsafeJson(
      { ...viewOf(made.key), key: made.text, ...warningsOf(yield* unknownTools(wanted)) },
      { status: 201 }
    )
  })

const noSuchKey = new NotFound(problem("There is no such key"))

const revoke = (id: string, named: string | undefined) =>
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    const trail = yield* RequestTrail
    trail.rule = "api:revoke_key"
    const who = yield* caller
    // A key that was found may be ended by whoever found it, and none but it.
    if (who.claims.tokenId !== id) {
      yield* who.isAdmin && named !== undefined ? noKey(who.claims) : signedIn(who.claims, "revoke keys")
    }
    const owner = yield* ownerOf(who, named)
    if (!(yield* Effect.catchTag(keys.revoke(owner, id), "AccountsUnavailable", unreachable))) return yield* noSuchKey
    trail.decision = "allow"
    return { success: true, id } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "keys", (handlers) =>
  handlers
    .handle("list", ({ urlParams }) => list(urlParams.owner))
    .handleRaw("create", ({ request }) => readmitted(request, create(request)), whole)
    .handle("revoke", ({ path, urlParams }) => revoke(path.id, urlParams.owner), whole)
)
