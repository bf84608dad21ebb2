/**
 * Groups: what an identity provider's groups are called here, the servers they open and who is in them. For administrators, by name and password
 * (Basic) or whatever other routes take; those with `manage_group` see to the servers of theirs. Contract only.
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
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

const Names = Schema.Array(Schema.String)

/** Names written out, or `*` for all. */
export const SomeNames = Schema.Union(
  Schema.Literal("*"),
  Schema.Array(Schema.NonEmptyString).pipe(Schema.maxItems(5_000))
)

export const GroupServer = Schema.Struct({
  /** As the rule names it; `*` is any server. */
  server: Schema.String,
  /** Scope the rule stands in. */
  scope: Schema.String,
  methods: Schema.Union(Schema.Literal("*"), Names),
  tools: Schema.Union(Schema.Literal("*"), Names)
})

/** `group`: people and agents are put into it, for `group_mappings` names it. `scope`: what groups are mapped to; nobody is in it. */
export const GroupKind = Schema.Literal("group", "scope")
export type GroupKind = typeof GroupKind.Type

export const GroupItem = Schema.Struct({
  name: Schema.String,
  kind: GroupKind,
  scopes: Names,
  /** How many rules its scopes hold. */
  server_count: Schema.Int,
  /** Of the shipped policy: it can not be deleted. */
  system: Schema.Boolean
}).annotations({ identifier: "Group" })
export type GroupItem = typeof GroupItem.Type

export const GroupDetails = Schema.Struct({
  ...GroupItem.fields,
  servers: Schema.Array(GroupServer),
  /** Accounts here; what an identity provider says at sign-in is in them. */
  users: Names,
  /** Agents, and machines of identity providers. */
  agents: Names
}).annotations({ identifier: "GroupDetails" })
export type GroupDetails = typeof GroupDetails.Type

/** The identity provider whose groups are kept in step. */
export const DirectoryView = Schema.Struct({
  /** Such as `keycloak`; null: none has an admin API configured. */
  name: Schema.NullOr(Schema.String),
  /** Why its groups are not known now; null: they are. */
  problem: Schema.NullOr(Schema.String)
})

export const GroupList = Schema.Struct({
  groups: Schema.Array(GroupItem),
  directory: DirectoryView,
  /** Groups that both the policy and the provider have. Empty, as the next two, while the provider's are not known. */
  synchronized: Names,
  /** Groups of the provider that open nothing here. */
  directory_only: Names,
  /** Groups of the policy that the provider has nobody in. */
  policy_only: Names
})
export type GroupList = typeof GroupList.Type

export const CreateGroup = Schema.Struct({
  name: Schema.NonEmptyString,
  description: optional(Schema.String.pipe(Schema.maxLength(1_000))),
  /** `read` makes the scope `{name}/read`; absent: the scope is called like the group. */
  scope_suffix: optional(Schema.NonEmptyString),
  /** Absent: in the identity provider too, where there is one. */
  create_in_keycloak: optional(Schema.Boolean)
})

/** What of a change was done; `problem` says what was not, and how to have it done. */
export const GroupChange = Schema.Struct({
  message: Schema.String,
  group_name: Schema.String,
  in_policy: Schema.Boolean,
  in_directory: Schema.Boolean,
  problem: optional(Schema.String)
})
export type GroupChange = typeof GroupChange.Type

export const OpenServer = Schema.Struct({
  /** Absent: the tools that are known of the server now, as far as the caller may call them. */
  tools: optional(SomeNames),
  /** Absent: what reading takes, as far as the caller may, and, unless the scope's name ends with `/read`, calling. */
  methods: optional(SomeNames)
})

const ByName = Schema.Struct({ name: Schema.String })
const ServerOf = Schema.Struct({ name: Schema.String, "*": Schema.String })

const list = HttpApiEndpoint.get("list", "/api/groups")
  .addSuccess(GroupList)
  .annotate(OpenApi.Summary, "List groups")
  .annotate(
    OpenApi.Description,
    "Every group of the policy, the scopes that groups are mapped to (`kind` tells which is which) and, for administrators, how that agrees with the identity provider's. Who may manage groups is shown those."
  )

const create = HttpApiEndpoint.post("create", "/api/groups")
  .setPayload(CreateGroup)
  .addSuccess(GroupChange, { status: 201 })
  .annotate(OpenApi.Summary, "Make a group")
  .annotate(
    OpenApi.Description,
    "A group that opens nothing yet, in the policy and in the identity provider. Takes a sign-in: no API key, no token that was made here. When the provider does not answer, it is in the policy alone, and `problem` says so; the same request sent again makes up for it. A group of that name that the provider has already is left as it is: the policy maps it from now on, and `problem` says so."
  )

const get = HttpApiEndpoint.get("get", "/api/groups/:name")
  .setPath(ByName)
  .addSuccess(GroupDetails)
  .annotate(OpenApi.Summary, "Show a group")
  .annotate(OpenApi.Description, "What a group opens, and who is in it.")

const remove = HttpApiEndpoint.del("remove", "/api/groups/:name")
  .setPath(ByName)
  .setUrlParams(
    Schema.Struct({
      /** Taken, as the replaced system's scripts send it, and changes nothing. */
      force: optional(Schema.BooleanFromString),
      delete_from_keycloak: optional(Schema.BooleanFromString)
    }).annotations(KNOWN_ONLY)
  )
  .addSuccess(GroupChange)
  .annotate(OpenApi.Summary, "Delete a group")
  .annotate(
    OpenApi.Description,
    "Its members lose what it opened at once. Scopes that other groups are mapped to stay. The identity provider's group of that name goes too, unless `delete_from_keycloak=false`, when it was made from here, the policy mapped it and no groups are within it; one that was not made from here is left, which `problem` says. `force` is taken and changes nothing."
  )

const putServer = HttpApiEndpoint.put("putServer", "/api/groups/:name/servers/*")
  .setPath(ServerOf)
  .setPayload(OpenServer)
  .addSuccess(GroupDetails)
  .annotate(OpenApi.Summary, "Open a server to a group")
  .annotate(
    OpenApi.Description,
    "Opens a server to the group, or changes what of it is open. Nobody but an administrator opens tools or methods that they can not use themselves. As every change of who may do what it takes somebody who signed in: no API key, no token that was made here."
  )

const removeServer = HttpApiEndpoint.del("removeServer", "/api/groups/:name/servers/*")
  .setPath(ServerOf)
  .addSuccess(GroupDetails)
  .annotate(OpenApi.Summary, "Close a server to a group")
  .annotate(
    OpenApi.Description,
    "Closes a server to the group. A rule for any server (`*`) stays. Takes a sign-in, as `PUT`."
  )

export class GroupsGroup extends HttpApiGroup.make("groups")
  .add(list)
  .add(create)
  .add(get)
  .add(remove)
  .add(putServer)
  .add(removeServer)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema) {}
