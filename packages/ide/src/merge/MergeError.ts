/** Why a configuration is not edited, in words for the person whose file it is. Holds no part of the file. */
import * as Schema from "effect/Schema"

export class MergeError extends Schema.TaggedError<MergeError>()("MergeError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** The file says the same thing in a way that is not edited here. */
export const otherwise = (what: string): MergeError =>
  new MergeError({ problem: `${what}; edit it by hand, or name another file` })
