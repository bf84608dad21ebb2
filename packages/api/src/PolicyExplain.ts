/** What the policy in force decides, and why, for administrators. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, TooLarge } from "./ApiError.ts"
import { optional } from "./internal/optional.ts"

const Names = Schema.Array(Schema.String)

/** Who asks, by groups or by scopes held directly, and for what. */
export const ExplainPolicy = Schema.Struct({
  groups: optional(Names),
  scopes: optional(Names),
  /** A server's path; slashes around it do not count. */
  server: Schema.NonEmptyString,
  /** `tools/call` with a tool, `tools/list` without one, when absent. */
  method: optional(Schema.NonEmptyString),
  tool: optional(Schema.NonEmptyString)
})

export const PolicyExplanation = Schema.Struct({
  allowed: Schema.Boolean,
  /** That granted it; absent when nothing did, or the protocol itself implies it. */
  scope: optional(Schema.String),
  /** That decided, such as `clock/use[0].tools` or `default-deny`. */
  rule: Schema.String,
  reason: Schema.String,
  /** All that the groups and scopes come to. */
  scopes: Names,
  /** Every rule that was looked at, in order. */
  considered: Schema.Array(Schema.Struct({ rule: Schema.String, granted: Schema.Boolean, why: Schema.String }))
}).annotations({ identifier: "PolicyExplanation" })

export const explain = HttpApiEndpoint.post("explain", "/api/policy/explain")
  .setPayload(ExplainPolicy)
  .addSuccess(PolicyExplanation)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Say what the policy decides")
  .annotate(
    OpenApi.Description,
    "What the policy in force decides on a call, by which rule, and why. Changes nothing; whether there is such a server is not asked."
  )
