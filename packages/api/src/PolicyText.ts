/** The access policy as the text it is, and what it decides, for administrators. Contract only. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadRequest, Conflict, Forbidden, TooLarge, TooManyRequests, Unauthorized, Unavailable } from "./ApiError.ts"
import { explain } from "./PolicyExplain.ts"

const PolicyTextView = Schema.Struct({
  /** `scopes.yml`, comments and all. */
  text: Schema.String,
  /** To be sent with a change of it. */
  revision: Schema.String,
  /** Why this text is not in force; null: it is. */
  problem: Schema.NullOr(Schema.String)
}).annotations({ identifier: "PolicyText" })

export const ReplacePolicy = Schema.Struct({ text: Schema.String, revision: Schema.NonEmptyString })

const read = HttpApiEndpoint.get("read", "/api/policy")
  .addSuccess(PolicyTextView)
  .annotate(OpenApi.Summary, "Read the policy's text")
  .annotate(OpenApi.Description, "The policy's text, and what tells it from the one before.")

const replace = HttpApiEndpoint.put("replace", "/api/policy")
  .setPayload(ReplacePolicy)
  .addSuccess(Schema.Struct({ revision: Schema.String }))
  .addError(BadRequest.schema)
  .addError(Conflict.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Replace the policy's text")
  .annotate(
    OpenApi.Description,
    "Replaces the text: validated, in force at once, a copy of the old one kept. 409: it is read-only, somebody changed it meanwhile, or you would be an administrator no more."
  )

export class PolicyTextGroup extends HttpApiGroup.make("policy")
  .add(read)
  .add(replace)
  .add(explain)
  .addError(Unauthorized.schema)
  .addError(Forbidden.schema)
  .addError(TooManyRequests.schema)
  .addError(Unavailable.schema) {}
