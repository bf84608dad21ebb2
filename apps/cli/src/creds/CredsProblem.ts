/** What went wrong as a whole, after each part of it was told. */
import * as Schema from "effect/Schema"

export class CredsProblem extends Schema.TaggedError<CredsProblem>()("CredsProblem", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}
