/** What servers are sent on everybody's behalf: set and taken away, and shown without its value. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import { AuthScheme } from "@mcpgw/domain/Server"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, NotFound, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { optional } from "./internal/optional.ts"

/** A server's path; slashes around it do not count. */
const ServerPathParam = Schema.Struct({ "*": Schema.String })

export const CredentialFields = Schema.Struct({
  auth_scheme: optional(AuthScheme),
  /** Of an `api_key`; `X-API-Key` unless given. */
  auth_header_name: optional(Schema.String),
  /** Never shown again. */
  auth_credential: optional(Schema.String),
  /** Custom headers; a value `(sealed)` stays as it is. */
  headers: optional(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.String })))
})
export type CredentialFields = typeof CredentialFields.Type

export const CredentialView = Schema.Struct({
  service_path: Schema.String,
  /** Null: each caller's own `Authorization`, unless a header of that name is stored. */
  auth_scheme: Schema.NullOr(AuthScheme),
  auth_header_name: Schema.NullOr(Schema.String),
  has_credential: Schema.Boolean,
  /** ISO 8601. */
  credential_set_at: Schema.NullOr(Schema.String),
  /** Names of the custom headers. */
  header_names: Schema.Array(Schema.String),
  /** Why nothing can be sent, for a person; null: all is well. */
  problem: Schema.NullOr(Schema.String)
}).annotations({ identifier: "ServerCredential" })
export type CredentialView = typeof CredentialView.Type

const show = HttpApiEndpoint.get("show", "/api/credentials/*")
  .setPath(ServerPathParam)
  .addSuccess(CredentialView)
  .annotate(OpenApi.Summary, "Show what a server is sent, without values")
  .annotate(OpenApi.Description, "What a server is sent, without any value. For who may modify the server.")

const set = HttpApiEndpoint.put("set", "/api/credentials/*")
  .setPath(ServerPathParam)
  .setPayload(CredentialFields)
  .addSuccess(CredentialView)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Set a server's credential")
  .annotate(
    OpenApi.Description,
    "Form or JSON. Holds for the next call. `$NAME_AUTH_TOKEN` in a value stands for that variable of the gateway's environment; only an administrator may refer to one."
  )

const forget = HttpApiEndpoint.del("forget", "/api/credentials/*")
  .setPath(ServerPathParam)
  .addSuccess(CredentialView)
  .annotate(OpenApi.Summary, "Forget a server's credential")
  .annotate(OpenApi.Description, "Forgets the credential; the scheme is `none` then. Custom headers stay.")

export class ServerCredentialsGroup extends HttpApiGroup.make("serverCredentials")
  .add(show)
  .add(set)
  .add(forget)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
