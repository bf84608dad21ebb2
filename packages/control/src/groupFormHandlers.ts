/** Groups by the replaced system's routes and shapes (contracts.md §2.8); what they do is in `groupChanges.ts`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { Api } from "@mcpgw/api/Api"
import { CreateGroupForm, DeleteGroupForm, GroupServersForm } from "@mcpgw/api/GroupForms"
import * as Effect from "effect/Effect"
import { CHANGE_GROUPS, changingAdministrator, noteGroup, readingAdministrator } from "./groupAccess.ts"
import { bodyOf } from "./groupBodies.ts"
import { close, create, documentNow, knownTools, notedServer, open, type Outcome, remove } from "./groupChanges.ts"
import { compare, compared } from "./groupReads.ts"
import { received } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const createForm = bodyOf(CreateGroupForm)
const deleteForm = bodyOf(DeleteGroupForm)
const serversForm = bodyOf(GroupServersForm)

const warningOf = ({ problem: failed }: Outcome) => (failed === undefined ? {} : { warning: failed })

const createByForm = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:create_group", CHANGE_GROUPS)
    const wanted = yield* createForm(request)
    const name = wanted.group_name
    yield* noteGroup("api:create_group", name)
    const outcome = yield* create(who, {
      name,
      description: wanted.description ?? "",
      suffix: wanted.scope_suffix,
      inDirectory: wanted.create_in_keycloak ?? true
    })
    return {
      message: "Group created successfully",
      group_name: name,
      created_in_keycloak: outcome.inDirectory,
      created_in_scopes: outcome.inPolicy,
      ...warningOf(outcome)
    }
  })

const deleteByForm = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:delete_group", CHANGE_GROUPS)
    const wanted = yield* deleteForm(request)
    const name = wanted.group_name
    yield* noteGroup("api:delete_group", name)
    const outcome = yield* remove(who, name, { inDirectory: wanted.delete_from_keycloak ?? true })
    return {
      message: "Group deleted successfully",
      group_name: name,
      deleted_from_keycloak: outcome.inDirectory,
      deleted_from_scopes: outcome.inPolicy,
      ...warningOf(outcome)
    }
  })

const listCompared = (request: Request) =>
  Effect.gen(function* () {
    yield* readingAdministrator(request, "api:list_groups")
    const document = yield* documentNow
    return compared(document, yield* compare(document))
  })

const addToGroups = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:add_to_group", CHANGE_GROUPS)
    const { group_names: groups, server_name: name } = yield* serversForm(request)
    const server = yield* notedServer(who, name)
    yield* open(who, server, groups, knownTools(who, server))
    return { message: "Server added to groups successfully", server_path: server.record.path, groups }
  })

const removeFromGroups = (request: Request) =>
  Effect.gen(function* () {
    const who = yield* changingAdministrator(request, "api:remove_from_group", CHANGE_GROUPS)
    const { group_names: groups, server_name: name } = yield* serversForm(request)
    const server = yield* notedServer(who, name)
    yield* close(who, server.record.path, groups)
    return { message: "Server removed from groups successfully", server_path: server.record.path, groups }
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "groupForms", (handlers) =>
  handlers
    .handleRaw("createGroup", ({ request }) => received(request, createByForm(request)), whole)
    .handleRaw("deleteGroup", ({ request }) => received(request, deleteByForm(request)), whole)
    .handle("listGroups", ({ request }) => listCompared(request))
    .handleRaw("addToGroups", ({ request }) => received(request, addToGroups(request)), whole)
    .handleRaw("removeFromGroups", ({ request }) => received(request, removeFromGroups(request)), whole)
)
