/** Why a policy text was not taken. */
import * as Schema from "effect/Schema"

export class PolicyError extends Schema.TaggedError<PolicyError>()("PolicyError", {
  /** File name or `text`. */
  source: Schema.String,
  /** Where in the document, such as `mcp-servers-restricted/read[2].tools`; empty for the whole. */
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.source}${this.field === "" ? "" : `: ${this.field}`}: ${this.problem}`
  }
}
