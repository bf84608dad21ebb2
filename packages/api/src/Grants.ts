/** Which clients a person has let in, and taking that back (protocol.md A-32). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Forbidden, NotFound, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"

export const Grant = Schema.Struct({
  id: Schema.String,
  client_id: Schema.String,
  /** What the client called itself. */
  client_name: Schema.String,
  /** URL of the server it may use, or of the whole gateway. */
  resource: Schema.String,
  /** Where its answers go: a host, a scheme, `this computer` or `device`. */
  redirect: Schema.String,
  scopes: Schema.Array(Schema.String),
  /** ISO 8601, UTC. */
  created_at: Schema.String,
  used_at: Schema.String
})

const GrantList = Schema.Struct({ grants: Schema.Array(Grant) })

const Withdrawn = Schema.Struct({ success: Schema.Literal(true), id: Schema.String })

const list = HttpApiEndpoint.get("list", "/api/account/grants")
  .addSuccess(GrantList)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "List what clients were allowed")
  .annotate(OpenApi.Description, "What you have allowed clients to do as you, newest first. Asked with a session.")

const withdraw = HttpApiEndpoint.del("withdraw", "/api/account/grants/:id")
  .setPath(Schema.Struct({ id: Schema.String.pipe(Schema.maxLength(100)) }))
  .addSuccess(Withdrawn)
  .addError(Forbidden.schema)
  .addError(NotFound.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Withdraw what a client was allowed")
  .annotate(OpenApi.Description, "Takes one back: the client's tokens are revoked at once, and it has to ask again.")

export class GrantsGroup extends HttpApiGroup.make("grants").add(list).add(withdraw).middleware(Authentication) {}
