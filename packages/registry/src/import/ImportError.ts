/** What can be wrong with what is asked of imports, each with a sentence a person can act on. */
import * as Schema from "effect/Schema"

/** What is asked can not be done. */
export class InvalidImport extends Schema.TaggedError<InvalidImport>()("InvalidImport", {
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.field} ${this.problem}`
  }
}

export class ImportNotFound extends Schema.TaggedError<ImportNotFound>()("ImportNotFound", {
  /** The registry whose import was to go on; absent: an import was named. */
  from: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message(): string {
    return this.from === undefined
      ? "There is no such import"
      : `There is no import from ${this.from} to go on with: none was interrupted or cancelled`
  }
}

/** Somebody else resumed or cancelled it, or its next run began, after it was read. */
export class ImportChanged extends Schema.TaggedError<ImportChanged>()("ImportChanged", {
  from: Schema.String
}) {
  override get message(): string {
    return `The import from ${this.from} was changed meanwhile: look at it, and ask again`
  }
}
