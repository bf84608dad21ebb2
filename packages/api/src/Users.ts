/**
 * People with an account here, for administrators: who there is, new local accounts, accounts removed. What is changed of one:
 * `PATCH /api/accounts/{username}`. Contract only. A password is in the request or, once, in the answer that made it.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { AccountView } from "./Accounts.ts"
import { Groups } from "./Agents.ts"
import { DirectoryComparison } from "./DirectoryComparison.ts"
import {
  BadGateway,
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

export const CreateUser = Schema.Struct({
  username: Schema.NonEmptyString,
  /** Absent: one is made and told once. */
  password: optional(Schema.NonEmptyString),
  groups: optional(Groups),
  email: optional(Schema.String.pipe(Schema.maxLength(254))),
  first_name: optional(Schema.String.pipe(Schema.maxLength(128))),
  last_name: optional(Schema.String.pipe(Schema.maxLength(128))),
  /** Absent: somebody of the identity provider, where one can be administered, and else a local account. */
  create_in_keycloak: optional(Schema.Boolean)
})

export const CreatedUser = Schema.Struct({
  ...AccountView.fields,
  /** The one that was made, told this once; absent when it was given. */
  password: optional(Schema.String),
  /** Groups that open nothing. */
  warnings: optional(Schema.Array(Schema.String))
})

const list = HttpApiEndpoint.get("list", "/api/users")
  .setUrlParams(
    Schema.Struct({ group: optional(Schema.String), compare: optional(Schema.BooleanFromString) }).annotations(
      KNOWN_ONLY
    )
  )
  .addSuccess(
    Schema.Struct({
      users: Schema.Array(AccountView),
      total: Schema.Int,
      /** With `compare` alone. */
      directory: optional(DirectoryComparison)
    })
  )
  .annotate(OpenApi.Summary, "List people")
  .annotate(
    OpenApi.Description,
    "Everybody with an account here, or those in a group, by name. `compare`: also how that agrees with the identity provider."
  )

const create = HttpApiEndpoint.post("create", "/api/users")
  .setPayload(CreateUser)
  .addSuccess(CreatedUser, { status: 201 })
  .annotate(OpenApi.Summary, "Make an account for a person")
  .annotate(
    OpenApi.Description,
    "An account. Where an identity provider can be administered, which today is Keycloak, the person is made there, in groups that are there and that the policy maps, with the password that is given or told once; the account here is that person's. Elsewhere, or without `create_in_keycloak`, it is a local one. When Keycloak does not answer (503) or refuses (502), nobody is made anywhere."
  )

const remove = HttpApiEndpoint.del("remove", "/api/users/:username")
  .setPath(Schema.Struct({ username: Schema.String }))
  .setUrlParams(Schema.Struct({ delete_from_keycloak: optional(Schema.BooleanFromString) }).annotations(KNOWN_ONLY))
  .addSuccess(
    Schema.Struct({
      success: Schema.Literal(true),
      /** The person is deleted there, too. */
      deleted_from_keycloak: Schema.Boolean
    })
  )
  .annotate(OpenApi.Summary, "Remove a person")
  .annotate(
    OpenApi.Description,
    "Removes the account and ends all that was made with it: sessions, tokens, keys, what clients were allowed. For somebody of an identity provider that is administered from here `delete_from_keycloak` has to be said (400): with `true` they are deleted there first, for every application that knows them by it, whoever made them there; when that fails nothing is changed. With `false` they may come again. Of another provider they may come again: disable them instead. Nobody removes their own."
  )

export class UsersGroup extends HttpApiGroup.make("users")
  .add(list)
  .add(create)
  .add(remove)
  .addError(BadRequest.schema)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(BadGateway.schema)
  .addError(Unavailable.schema) {}
