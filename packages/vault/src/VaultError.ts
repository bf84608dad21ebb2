/** What can be wrong with a secret or with where it is kept. No message ever repeats what was held. */
import * as Schema from "effect/Schema"

/** Names the field and what it may hold. */
export class InvalidSecret extends Schema.TaggedError<InvalidSecret>()("InvalidSecret", {
  field: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds (hidden), but ${this.expected}`
  }
}

export class VaultUnavailable extends Schema.TaggedError<VaultUnavailable>()("VaultUnavailable", {
  cause: Schema.Defect
}) {
  override get message(): string {
    return "The store of server credentials can not be reached; calls go on, changes are refused"
  }
}
