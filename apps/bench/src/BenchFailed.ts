/** The one error of the bench: what could not be measured, in words. */
import * as Schema from "effect/Schema"

export class BenchFailed extends Schema.TaggedError<BenchFailed>()("BenchFailed", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** Words of whatever was thrown. */
export const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
