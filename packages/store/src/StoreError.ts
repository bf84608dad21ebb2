/** What can go wrong when the store opens, each with a sentence that names the thing and what to do about it. */
import * as Schema from "effect/Schema"

/** The database file can not be opened or is not a database. */
export class StoreOpenFailed extends Schema.TaggedError<StoreOpenFailed>()("StoreOpenFailed", {
  filename: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Can not open the database ${this.filename}: ${this.problem}`
  }
}

/** A migration is ill-formed, out of order, or its SQL failed; nothing of the batch was applied. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  id: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Migration ${this.id} failed, the database was left as it was: ${this.problem}`
  }
}

/** The database holds migrations this version does not know: it was written by a newer one. */
export class DatabaseNewer extends Schema.TaggedError<DatabaseNewer>()("DatabaseNewer", {
  unknown: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return (
      `The database was written by a newer version (unknown migrations: ${this.unknown.join(", ")}). ` +
      "Start that version, or restore a backup made before the upgrade."
    )
  }
}

/** A key file is missing rights, readable by others, or not what we wrote. Never holds key material. */
export class KeyFileInvalid extends Schema.TaggedError<KeyFileInvalid>()("KeyFileInvalid", {
  file: Schema.String,
  problem: Schema.String,
  remedy: Schema.String
}) {
  override get message(): string {
    return `${this.file} ${this.problem}; ${this.remedy}`
  }
}

/** What lies sealed in the database was sealed with keys that this process does not have. Holds ids of keys, never a key. */
export class KeysMissing extends Schema.TaggedError<KeysMissing>()("KeysMissing", {
  /** What can not be opened, in words, such as `3 credentials of servers`. */
  sealed: Schema.Array(Schema.String),
  missing: Schema.Array(Schema.String),
  present: Schema.Array(Schema.String),
  remedy: Schema.String
}) {
  override get message(): string {
    return (
      `The keys of this process do not belong to the database: ${this.sealed.join(", ")} can not be opened; ` +
      `sealed with ${this.missing.join(", ")}, and there are ${this.present.join(", ")}. ${this.remedy}`
    )
  }
}

/** Which keys the database was written with can not be read or noted. */
export class KeysUnknown extends Schema.TaggedError<KeysUnknown>()("KeysUnknown", { cause: Schema.Defect }) {
  override get message(): string {
    return `Which keys the database was written with can not be read: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}
