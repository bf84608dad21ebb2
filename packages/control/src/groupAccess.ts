/** Who may do what to groups: administrators everything, who has `manage_group` for one sees it and to its servers. Decides nothing else. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import type { Caller } from "./access.ts"
import { administratorOf, knownCaller } from "./administrator.ts"
import { signedIn } from "./grants.ts"
import { RequestTrail } from "./RequestTrail.ts"

type Request = HttpServerRequest.HttpServerRequest

/** What a group or scope may be called for the audit record to repeat it. */
const NAME = /^[A-Za-z0-9._/-]{1,200}$/

/** What the audit record says of a change; names that could be anything are left out of it. */
export const noteGroup = (rule: string, name: string | undefined) =>
  Effect.map(RequestTrail, (trail) => {
    trail.rule = name !== undefined && NAME.test(name) ? `${rule}:${name}` : rule
    return trail
  })

/** An administrator, about to do something to a group. */
export const groupAdministrator = (request: Request, rule: string, name?: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, name)
    const who = yield* administratorOf(request)
    trail.decision = "allow"
    return who
  })

/** The same, who signed in: for what gives somebody more than they had, for longer than a token lives. */
export const signedInAdministrator = (request: Request, rule: string, what: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, undefined)
    const who = yield* administratorOf(request)
    yield* signedIn(who.claims, what)
    trail.decision = "allow"
    return who
  })

export const managesGroup = ({ claims, isAdmin, policy }: Caller, group: string): boolean =>
  isAdmin || policy.permits(claims, "manage_group", group)

const notManager = (name: string) => new Forbidden(problem(`You do not have permission to manage ${name}`))

/** Whoever manages the group. */
export const groupManager = (request: Request, rule: string, name: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, name)
    const who = yield* knownCaller(request)
    if (!managesGroup(who, name)) return yield* notManager(name)
    trail.decision = "allow"
    return who
  })
