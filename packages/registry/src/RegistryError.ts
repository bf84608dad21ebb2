/** What can be wrong with a registry change or with its store, each with a sentence a person can act on. */
import * as Schema from "effect/Schema"

/** `path` is the one already taken; it may differ from the one asked for in upper and lower case. */
export class ServerExists extends Schema.TaggedError<ServerExists>()("ServerExists", { path: Schema.String }) {
  override get message(): string {
    return `Service with path '${this.path}' already exists`
  }
}

export class ServerNotFound extends Schema.TaggedError<ServerNotFound>()("ServerNotFound", { path: Schema.String }) {
  override get message(): string {
    return `No service is registered at '${this.path}'`
  }
}

/** Somebody else changed it after it was read: in this process or, over the same store, in another. */
export class ServerChanged extends Schema.TaggedError<ServerChanged>()("ServerChanged", { path: Schema.String }) {
  override get message(): string {
    return `The service at '${this.path}' was changed meanwhile: read it again and repeat the change`
  }
}

/** A field, what it held (shortened; secrets hidden) and what it may hold. */
export const WrongField = Schema.Struct({ field: Schema.String, held: Schema.String, problem: Schema.String })
export type WrongField = typeof WrongField.Type

/** Names every field that is wrong: the first, and the others in `more`. */
export class InvalidServer extends Schema.TaggedError<InvalidServer>()("InvalidServer", {
  ...WrongField.fields,
  more: Schema.Array(WrongField)
}) {
  override get message(): string {
    return `${this.field} holds ${this.held}, but ${this.problem}`
  }
}

export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  cause: Schema.Defect
}) {
  override get message(): string {
    return "The registry's store can not be reached; reads go on, changes are refused"
  }
}
