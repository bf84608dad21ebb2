/** Tokens a person makes for themselves, and an administrator for machines (contracts.md §2.7). Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Forbidden, TooLarge, TooManyRequests, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { optional } from "./internal/optional.ts"

export const GenerateRequest = Schema.Struct({
  /** Absent or empty: all the caller has. */
  requested_scopes: optional(Schema.Array(Schema.String)),
  /** Whole hours, up to the configured bound (24 unless set otherwise); the configured default (8) when absent. */
  expires_in_hours: optional(Schema.Int.pipe(Schema.greaterThanOrEqualTo(1))),
  description: optional(Schema.String)
})
export type GenerateRequest = typeof GenerateRequest.Type

/** Of every answer that holds a token. */
export const tokenFields = {
  access_token: Schema.String,
  refresh_token: Schema.Null,
  /** Seconds. */
  expires_in: Schema.Int,
  refresh_expires_in: Schema.Literal(0),
  token_type: Schema.Literal("Bearer"),
  /** Scope names, separated by spaces. */
  scope: Schema.String
}

export const GenerateAnswer = Schema.Struct({
  success: Schema.Literal(true),
  tokens: Schema.Struct(tokenFields),
  keycloak_url: Schema.Null,
  realm: Schema.Null,
  client_id: Schema.String,
  token_data: Schema.Struct({
    ...tokenFields,
    /** What `POST /api/tokens/revoke` takes. */
    token_id: Schema.String,
    /** Epoch seconds. */
    issued_at: Schema.Int,
    description: Schema.NullOr(Schema.String)
  }),
  user_scopes: Schema.Array(Schema.String),
  requested_scopes: Schema.Array(Schema.String)
})
export type GenerateAnswer = typeof GenerateAnswer.Type

/** As `GenerateAnswer`, without what describes one token. */
export const AdminTokenAnswer = Schema.Struct({
  success: Schema.Literal(true),
  tokens: Schema.Struct(tokenFields),
  /** Of a Keycloak that made it; null when the gateway did. */
  keycloak_url: Schema.NullOr(Schema.String),
  realm: Schema.NullOr(Schema.String),
  client_id: Schema.String,
  user_scopes: Schema.Array(Schema.String),
  requested_scopes: Schema.Array(Schema.String)
})
export type AdminTokenAnswer = typeof AdminTokenAnswer.Type

export const RevokeRequest = Schema.Struct({
  token_id: optional(Schema.NonEmptyString.pipe(Schema.maxLength(256))),
  token: optional(Schema.NonEmptyString.pipe(Schema.maxLength(16_384))),
  /** Ends all that was issued to this subject, for administrators. As the audit record spells it. */
  subject: optional(Schema.NonEmptyString.pipe(Schema.maxLength(2_048))),
  /** Whose subject it is; the gateway's own when absent. */
  issuer: optional(Schema.NonEmptyString.pipe(Schema.maxLength(2_048)))
}).pipe(
  Schema.filter(({ issuer, subject, token, token_id }) => {
    if ([token, token_id, subject].filter((one) => one !== undefined).length !== 1) {
      return "send one of token_id, token and subject"
    }
    return issuer === undefined || subject !== undefined ? true : "issuer goes with subject alone"
  })
)
export type RevokeRequest = typeof RevokeRequest.Type

/** Names what was asked for. */
export const RevokeAnswer = Schema.Union(
  Schema.Struct({
    success: Schema.Literal(true),
    token_id: Schema.String,
    /** Was there such a token? False: an id alone was sent, and no list of tokens is kept to find it in. */
    known: Schema.Boolean,
    detail: optional(Schema.String)
  }),
  Schema.Struct({ success: Schema.Literal(true), subject: Schema.String, issuer: Schema.String })
)

const generate = HttpApiEndpoint.post("generate", "/api/tokens/generate")
  .setPayload(GenerateRequest)
  .addSuccess(GenerateAnswer)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(TooManyRequests.schema)
  .annotate(OpenApi.Summary, "Make a token for oneself")
  .annotate(
    OpenApi.Description,
    "A token with the caller's scopes or fewer; a field that does not exist is refused. The gateway's own tokens make none; a caller who comes with a provider's token gets no later expiry than that has."
  )

const revoke = HttpApiEndpoint.post("revoke", "/api/tokens/revoke")
  .setPayload(RevokeRequest)
  .addSuccess(RevokeAnswer)
  .addError(BadRequest.schema)
  .addError(Forbidden.schema)
  .addError(TooLarge.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Revoke a token")
  .annotate(
    OpenApi.Description,
    "Ends a token before its time. Anyone may revoke a token they own by sending it, or the one they came with by its id; administrators any, and by subject all the tokens and sessions a person has had until now. An id alone is believed: `known` says whether the token was seen."
  )

const admin = HttpApiEndpoint.get("admin", "/api/admin/tokens")
  .addSuccess(AdminTokenAnswer)
  .addError(Forbidden.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema)
  .annotate(OpenApi.Summary, "Make an administrator's token for a machine")
  .annotate(
    OpenApi.Description,
    "A token for machines with the administrator's scopes; for administrators, from their session. It ends with that person's access."
  )

export class TokensGroup extends HttpApiGroup.make("tokens")
  .add(generate)
  .add(revoke)
  .add(admin)
  .middleware(Authentication) {}
