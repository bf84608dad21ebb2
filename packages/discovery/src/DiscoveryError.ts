/** The index could not be read or written. */
import * as Schema from "effect/Schema"

export class DiscoveryError extends Schema.TaggedError<DiscoveryError>()("DiscoveryError", { cause: Schema.Defect }) {
  override get message(): string {
    return "The search index can not be reached"
  }
}
