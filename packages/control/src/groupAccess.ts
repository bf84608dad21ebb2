/**
 * Who may do what to groups: administrators everything, who has `manage_group` for one sees it and to its servers; either has signed in to change
 * something. Decides nothing else.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Forbidden, problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import type { Caller } from "./access.ts"
import { administratorOf, knownCaller } from "./administrator.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { signedIn } from "./signIn.ts"

type Request = HttpServerRequest.HttpServerRequest

/** As a refusal calls it. */
export const CHANGE_GROUPS = "change groups"

/** What a group, scope, person or agent may be called for the audit record to repeat it. */
const NAME = /^[A-Za-z0-9._@/-]{1,200}$/

/** What the audit record says of a change; names that could be anything are left out of it. */
export const noteGroup = (rule: string, name: string | undefined) =>
  Effect.map(RequestTrail, (trail) => {
    trail.rule = name !== undefined && NAME.test(name) ? `${rule}:${name}` : rule
    return trail
  })

/** An administrator who looks. */
export const readingAdministrator = (request: Request, rule: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, undefined)
    const who = yield* administratorOf(request)
    trail.decision = "allow"
    return who
  })

/** An administrator who changes who may do what, so one who signed in. `what` follows "can not". */
export const changingAdministrator = (request: Request, rule: string, what: string, name?: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, name)
    const who = yield* administratorOf(request)
    yield* signedIn(who.claims, what)
    trail.decision = "allow"
    return who
  })

export const managesGroup = ({ claims, isAdmin, policy }: Caller, group: string): boolean =>
  isAdmin || policy.permits(claims, "manage_group", group)

const notManager = (name: string) => new Forbidden(problem(`You do not have permission to manage ${name}`))

/** Whoever manages the group, and looks. */
export const groupManager = (request: Request, rule: string, name: string) =>
  Effect.gen(function* () {
    const trail = yield* noteGroup(rule, name)
    const who = yield* knownCaller(request)
    if (!managesGroup(who, name)) return yield* notManager(name)
    trail.decision = "allow"
    return who
  })

/** Whoever manages the group and signed in, to change what it opens. */
export const changingManager = (request: Request, rule: string, name: string) =>
  Effect.gen(function* () {
    const who = yield* groupManager(request, rule, name)
    const trail = yield* RequestTrail
    trail.decision = "none"
    yield* signedIn(who.claims, CHANGE_GROUPS)
    trail.decision = "allow"
    return who
  })
