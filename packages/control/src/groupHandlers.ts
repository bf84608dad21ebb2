/** Joins the groups' routes to what answers them. Changes run whole. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { CreateGroup, type GroupChange, OpenServer } from "@mcpgw/api/Groups"
import type { Names } from "@mcpgw/policy/PolicyDocument"
import * as Effect from "effect/Effect"
import { knownCaller } from "./administrator.ts"
import { bodyOf, jsonBodyOf } from "./groupBodies.ts"
import {
  CHANGE_GROUPS,
  changingAdministrator,
  changingManager,
  groupManager,
  managesGroup,
  noteGroup
} from "./groupAccess.ts"
import {
  close,
  create,
  documentNow,
  knownTools,
  noSuchGroup,
  notedServer,
  open,
  type Outcome,
  remove
} from "./groupChanges.ts"
import { compare, type Comparison, details, list } from "./groupReads.ts"
import { RequestTrail } from "./RequestTrail.ts"
import { received } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const createBody = bodyOf(CreateGroup)
const openBody = jsonBodyOf(OpenServer)

const nowhere: Comparison = {
  directory: { name: null, problem: null },
  groups: [],
  synchronized: [],
  directoryOnly: [],
  policyOnly: []
}

const listAll = (request: Request) =>
  Effect.gen(function* () {
    const trail = yield* RequestTrail
    trail.rule = "api:list_groups"
    const who = yield* knownCaller(request)
    const document = yield* documentNow
    const comparison = who.isAdmin ? yield* compare(document) : nowhere
    return list(document, (name) => managesGroup(who, name), comparison)
  })

const changeOf = (name: string, verb: string, { inDirectory, inPolicy, problem: failed }: Outcome): GroupChange => ({
  message: `Group '${name}' ${verb}`,
  group_name: name,
  in_policy: inPolicy,
  in_directory: inDirectory,
  ...(failed === undefined ? {} : { problem: failed })
})

const createOne = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:create_group", CHANGE_GROUPS)
    const wanted = yield* createBody(request)
    yield* noteGroup("api:create_group", wanted.name)
    const outcome = yield* create(who, {
      name: wanted.name,
      description: wanted.description ?? "",
      suffix: wanted.scope_suffix,
      inDirectory: wanted.create_in_keycloak ?? true
    })
    return HttpServerResponse.unsafeJson(changeOf(wanted.name, "created", outcome), { status: 201 })
  })

const removeOne = (request: Request, name: string, params: { readonly delete_from_keycloak?: boolean }) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:delete_group", CHANGE_GROUPS, name)
    const options = { inDirectory: params.delete_from_keycloak ?? true }
    return changeOf(name, "deleted", yield* remove(who, name, options))
  })

const detailsOf = (name: string) =>
  Effect.gen(function* () {
    const found = yield* details(yield* documentNow, name)
    return found ?? (yield* noSuchGroup(name))
  })

/** A group that does not exist is told to whoever may know: to others it is one they do not manage. */
const get = (request: Request, name: string) =>
  Effect.zipRight(groupManager(request, "api:list_groups", name), detailsOf(name))

const names = (given: "*" | ReadonlyArray<string>): Names =>
  given === "*" ? { all: true, names: [] } : { all: false, names: given }

const putServer = (request: Request, name: string, path: string) =>
  Effect.gen(function* () {
    const who = yield* changingManager(request, "api:add_to_group", name)
    const wanted = yield* openBody(request)
    const server = yield* notedServer(who, path)
    yield* open(who, server, [name], {
      tools: wanted.tools === undefined ? knownTools(who, server).tools : names(wanted.tools),
      methods: wanted.methods === undefined ? undefined : names(wanted.methods)
    })
    return yield* detailsOf(name)
  })

const removeServer = (request: Request, name: string, path: string) =>
  Effect.gen(function* () {
    const who = yield* changingManager(request, "api:remove_from_group", name)
    yield* close(who, path, [name])
    return yield* detailsOf(name)
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "groups", (handlers) =>
  handlers
    .handle("list", ({ request }) => listAll(request))
    .handleRaw("create", ({ request }) => received(request, createOne(request)), whole)
    .handle("get", ({ path, request }) => get(request, path.name))
    .handle("remove", ({ path, request, urlParams }) => removeOne(request, path.name, urlParams), whole)
    .handleRaw("putServer", ({ path, request }) => received(request, putServer(request, path.name, path["*"])), whole)
    .handle("removeServer", ({ path, request }) => removeServer(request, path.name, path["*"]), whole)
)
