/** What a change of published versions is refused for, each with a sentence for who asked. */
import * as Schema from "effect/Schema"

/** a version is published once. */
export class VersionExists extends Schema.TaggedError<VersionExists>()("VersionExists", {
  name: Schema.String,
  version: Schema.String
}) {
  override get message(): string {
    return `Version ${this.version} of ${this.name} is published already; publish another version`
  }
}

export class VersionNotFound extends Schema.TaggedError<VersionNotFound>()("VersionNotFound", {
  name: Schema.String
}) {
  override get message(): string {
    return "Server version not found"
  }
}

/** a change of status that changes nothing. */
export class NothingChanged extends Schema.TaggedError<NothingChanged>()("NothingChanged", {
  status: Schema.String
}) {
  override get message(): string {
    return `No changes to apply: status is already ${this.status}`
  }
}
