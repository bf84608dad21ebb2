/** How an identity provider whose groups and accounts are administered can fail. Never holds a password, a secret or a token. */
import * as Schema from "effect/Schema"

/** The provider did not do it; `problem` says why, in words, and holds no secret. */
export class DirectoryFailure extends Schema.TaggedError<DirectoryFailure>()("DirectoryFailure", {
  directory: Schema.String,
  /** It did not answer at all: the same may be sent again when it does. */
  away: Schema.Boolean,
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** What the provider, or what is there, stands against; nothing was changed there. `problem` is the rest of a sentence that begins with the field. */
export class DirectoryRefused extends Schema.TaggedError<DirectoryRefused>()("DirectoryRefused", {
  /** `invalid`: not as it was asked for; `taken`: the name is somebody's; `gone`: nobody is called so any more. */
  reason: Schema.Literal("invalid", "taken", "gone"),
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.field} ${this.problem}`
  }
}

/** What every call fails with where there is none. */
export const noDirectory = new DirectoryFailure({
  directory: "none",
  away: false,
  problem: "No identity provider with an admin API is configured"
})
