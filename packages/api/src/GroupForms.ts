/**
 * Groups by the replaced system's routes and shapes (contracts.md §2.8), for its scripts. Forms or JSON; administrators, by name and password
 * (Basic) or whatever other routes take. Contract only; `Groups.ts` is what a new client uses.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import {
  BadRequest,
  Conflict,
  Forbidden,
  NotFound,
  TooLarge,
  TooManyRequests,
  Unauthorized,
  Unavailable
} from "./ApiError.ts"
import { GroupKind } from "./Groups.ts"
import { optional } from "./internal/optional.ts"

const Names = Schema.Array(Schema.String)

export const CreateGroupForm = Schema.Struct({
  group_name: Schema.NonEmptyString,
  description: optional(Schema.String.pipe(Schema.maxLength(1_000))),
  create_in_keycloak: optional(Schema.Boolean),
  scope_suffix: optional(Schema.NonEmptyString)
})

export const DeleteGroupForm = Schema.Struct({
  group_name: Schema.NonEmptyString,
  delete_from_keycloak: optional(Schema.Boolean),
  /** Taken, as the replaced system's scripts send it, and changes nothing: what the policy does not map stays at the provider, forced or not. */
  force: optional(Schema.Boolean)
})

export const GroupServersForm = Schema.Struct({
  /** Path of the server, with or without its slash, or its display name. */
  server_name: Schema.NonEmptyString,
  /** Separated by commas; groups, or scopes by their names. */
  group_names: Schema.Array(Schema.NonEmptyString).pipe(Schema.minItems(1), Schema.maxItems(100))
})

/** What was not done, and how to have it done. */
const warning = { warning: optional(Schema.String) }

const Created = Schema.Struct({
  message: Schema.String,
  group_name: Schema.String,
  created_in_keycloak: Schema.Boolean,
  created_in_scopes: Schema.Boolean,
  ...warning
})

const Deleted = Schema.Struct({
  message: Schema.String,
  group_name: Schema.String,
  deleted_from_keycloak: Schema.Boolean,
  deleted_from_scopes: Schema.Boolean,
  ...warning
})

const ServerGroups = Schema.Struct({ message: Schema.String, server_path: Schema.String, groups: Names })

export const GroupsCompared = Schema.Struct({
  keycloak_groups: Schema.Array(Schema.Struct({ name: Schema.String, id: Schema.String, path: Schema.String })),
  scopes_groups: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      name: Schema.String,
      server_count: Schema.Int,
      servers: Names,
      in_mappings: Names,
      kind: GroupKind
    })
  }),
  synchronized: Names,
  keycloak_only: Names,
  scopes_only: Names,
  /** Why Keycloak's groups are not known; then the four lists above that compare are empty. */
  ...warning
})

const create = HttpApiEndpoint.post("createGroup", "/api/internal/create-group")
  .setPayload(CreateGroupForm)
  .addSuccess(Created)
  .annotate(OpenApi.Summary, "Make a group, by form")
  .annotate(OpenApi.Description, "As `POST /api/groups`.")
const remove = HttpApiEndpoint.post("deleteGroup", "/api/internal/delete-group")
  .setPayload(DeleteGroupForm)
  .addSuccess(Deleted)
  .annotate(OpenApi.Summary, "Delete a group, by form")
  .annotate(OpenApi.Description, "As `DELETE /api/groups/{name}`.")
const list = HttpApiEndpoint.get("listGroups", "/api/internal/list-groups")
  .addSuccess(GroupsCompared)
  .annotate(OpenApi.Summary, "Compare the policy's groups with Keycloak's")
  .annotate(OpenApi.Description, "Groups of Keycloak and of the policy, and how they differ.")
const add = HttpApiEndpoint.post("addToGroups", "/api/internal/add-to-groups")
  .setPayload(GroupServersForm)
  .addSuccess(ServerGroups)
  .annotate(OpenApi.Summary, "Open a server to groups, by form")
  .annotate(
    OpenApi.Description,
    "Opens a server, with the tools known of it now, to several groups or to none of them."
  )
const removeFrom = HttpApiEndpoint.post("removeFromGroups", "/api/internal/remove-from-groups")
  .setPayload(GroupServersForm)
  .addSuccess(ServerGroups)
  .annotate(OpenApi.Summary, "Close a server to groups, by form")
  .annotate(OpenApi.Description, "Closes a server to several groups.")

export class GroupFormsGroup extends HttpApiGroup.make("groupForms")
  .add(create)
  .add(remove)
  .add(list)
  .add(add)
  .add(removeFrom)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema) {}
