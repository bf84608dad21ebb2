/** What can be wrong with a registry change, each with a sentence a person can act on. */
import * as Schema from "effect/Schema"

export class ServerExists extends Schema.TaggedError<ServerExists>()("ServerExists", { path: Schema.String }) {}

export class ServerNotFound extends Schema.TaggedError<ServerNotFound>()("ServerNotFound", { path: Schema.String }) {}

/** Names the field, what it held and what it may hold. */
export class InvalidServer extends Schema.TaggedError<InvalidServer>()("InvalidServer", {
  field: Schema.String,
  held: Schema.String,
  problem: Schema.String
}) {}
