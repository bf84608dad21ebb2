/**
 * OAuth clients that an administrator sets up beforehand, for people who sign in with a browser. For administrators. Contract only. Clients
 * that register themselves are not among them; programs that act for nobody are agents. A secret's text is in the answer that makes it and
 * in no other.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { CreatedSecret, CreateSecret, Removed, SecretView } from "./Agents.ts"
import { BadRequest, Forbidden, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { Moment } from "./Moments.ts"
import { optional } from "./internal/optional.ts"

export const ClientView = Schema.Struct({
  client_id: Schema.String,
  client_name: Schema.String,
  redirect_uris: Schema.Array(Schema.String),
  /** Proves who it is by a secret. */
  confidential: Schema.Boolean,
  client_uri: Schema.NullOr(Schema.String),
  /** Name of the administrator. */
  set_up_by: Schema.String,
  created_at: Moment,
  secrets: Schema.Array(SecretView)
}).annotations({ identifier: "Client" })
export type ClientView = typeof ClientView.Type

export const CreateClient = Schema.Struct({
  /** What people are shown when they are asked. */
  client_name: Schema.NonEmptyString.pipe(Schema.maxLength(200)),
  /** Https anywhere, http on loopback, or a scheme of the application's own; matched exactly, but for a loopback port. */
  redirect_uris: Schema.Array(Schema.NonEmptyString.pipe(Schema.maxLength(2_000))).pipe(
    Schema.minItems(1),
    Schema.maxItems(50)
  ),
  /** Absent: it is a public client, without a secret. */
  confidential: optional(Schema.Boolean),
  client_uri: optional(Schema.NonEmptyString),
  /** Letters, digits and `._-`; absent: one is made. */
  client_id: optional(Schema.NonEmptyString)
})

const ById = Schema.Struct({ client_id: Schema.String })

const list = HttpApiEndpoint.get("list", "/api/clients")
  .addSuccess(Schema.Struct({ clients: Schema.Array(ClientView) }))
  .annotate(OpenApi.Summary, "List OAuth clients")
  .annotate(
    OpenApi.Description,
    "Every OAuth client that an administrator set up; not those that registered themselves."
  )

const create = HttpApiEndpoint.post("create", "/api/clients")
  .setPayload(CreateClient)
  .addSuccess(ClientView, { status: 201 })
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Make an OAuth client")
  .annotate(
    OpenApi.Description,
    "An OAuth client for people, by authorization code with PKCE. A confidential one needs a secret before it can get tokens."
  )

const get = HttpApiEndpoint.get("get", "/api/clients/:client_id")
  .setPath(ById)
  .addSuccess(ClientView)
  .annotate(OpenApi.Summary, "Show an OAuth client")
  .annotate(OpenApi.Description, "One client, with what is known of its secrets.")

const remove = HttpApiEndpoint.del("remove", "/api/clients/:client_id")
  .setPath(ById)
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Remove an OAuth client")
  .annotate(OpenApi.Description, "Removes the client; its secrets, and the tokens people let it have, end at once.")

const addSecret = HttpApiEndpoint.post("addSecret", "/api/clients/:client_id/secrets")
  .setPath(ById)
  .setPayload(CreateSecret)
  .addSuccess(CreatedSecret, { status: 201 })
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Make a secret for an OAuth client")
  .annotate(
    OpenApi.Description,
    "For confidential clients. Several live at once; `end_others_after_hours` ends the others after a time of grace."
  )

const removeSecret = HttpApiEndpoint.del("removeSecret", "/api/clients/:client_id/secrets/:id")
  .setPath(Schema.Struct({ client_id: Schema.String, id: Schema.String }))
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Remove a secret of an OAuth client")
  .annotate(OpenApi.Description, "Ends the secret. What people let the client do stays: remove the client to end that.")

export class ClientsGroup extends HttpApiGroup.make("clients")
  .add(list)
  .add(create)
  .add(get)
  .add(remove)
  .add(addSecret)
  .add(removeSecret)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
