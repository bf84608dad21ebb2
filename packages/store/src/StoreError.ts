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
