/** Why a search has no answer. */
import * as Schema from "effect/Schema"

/** The index could not be read or written. */
export class DiscoveryError extends Schema.TaggedError<DiscoveryError>()("DiscoveryError", { cause: Schema.Defect }) {
  override get message(): string {
    return "The search index can not be reached"
  }
}

/** More questions are waiting than may. */
export class DiscoveryBusy extends Schema.TaggedError<DiscoveryBusy>()("DiscoveryBusy", {}) {
  override get message(): string {
    return "Too many searches are waiting"
  }
}
