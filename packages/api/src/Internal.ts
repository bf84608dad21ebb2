/** What authenticated services ask of the authorization side (contracts.md §2.7). Contract only; no route here is for the public. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { tokenFields } from "./Tokens.ts"
import { optional } from "./internal/optional.ts"

/** Whom a token is wanted for. `scopes` and `groups` can only narrow what the account here has. */
export const UserContext = Schema.Struct({
  username: optional(Schema.String),
  scopes: optional(Schema.Array(Schema.String)),
  groups: optional(Schema.Array(Schema.String))
})

export const VendRequest = Schema.Struct({
  user_context: UserContext,
  /** Absent or empty: all that both the service and the user may. */
  requested_scopes: optional(Schema.Array(Schema.String)),
  /** Whole hours, up to the configured bound. */
  expires_in_hours: optional(Schema.Int),
  description: optional(Schema.String)
})

export const VendAnswer = Schema.Struct({
  ...tokenFields,
  /** Epoch seconds. */
  issued_at: Schema.Int,
  description: Schema.NullOr(Schema.String)
})
export type VendAnswer = typeof VendAnswer.Type

const Reloaded = Schema.Struct({
  message: Schema.String,
  /** ISO 8601. */
  timestamp: Schema.String,
  group_mappings_count: Schema.Int
})

const vend = HttpApiEndpoint.post("vend", "/internal/tokens")
  .setPayload(VendRequest)
  .addSuccess(VendAnswer)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication)
  .annotate(OpenApi.Summary, "Make a token for a person, as a service")
  .annotate(
    OpenApi.Description,
    "A token for a person with an account here, made by a service: a bearer that is an administrator's or holds the scope mcp-token-vending. It holds no scope the person lacks, none the service lacks unless that is an administrator, and does not outlive the bearer."
  )

const reloadScopes = HttpApiEndpoint.post("reloadScopes", "/internal/reload-scopes")
  .addSuccess(Reloaded)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Read the policy again")
  .annotate(
    OpenApi.Description,
    "Reads the policy again, for administrators: Basic with name and password, or a bearer."
  )

export class InternalGroup extends HttpApiGroup.make("internal").add(vend).add(reloadScopes) {}
