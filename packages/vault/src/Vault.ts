/**
 * **Vault** — the secrets of servers: sealed at rest, opened once, sent to whom they were given for and nobody else. A row never changes:
 * another secret is another row, and counts from the moment the server's record names it. Never shows a secret; decides nobody's rights.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { KeyRing } from "@mcpgw/domain/KeyRing"
import type { ServerRecord } from "@mcpgw/domain/Server"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeVault } from "./internal/makeVault.ts"
import { memoryRows, sqlRows } from "./internal/rows.ts"
import type { ServerSecrets } from "./ServerSecrets.ts"
import type { VaultUnavailable } from "./VaultError.ts"

/** Whom a row is opened for: the record of a server, or whoever else names a row and an address. */
export type Recipient = Pick<
  ServerRecord,
  "auth_header_name" | "auth_scheme" | "credential_ref" | "headers" | "mcp_endpoint" | "proxy_pass_url" | "sse_endpoint"
> & {
  /** As it was sealed for. */
  readonly path: string
}

/** What is sent to a server on everybody's behalf. */
export interface Stored {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Why nothing may be sent to it, in words that may be shown; undefined: all is well. Names a variable, never a value. */
  readonly problem: string | undefined
}

export interface VaultApi {
  /** Hot, no I/O: the stored credential under the record's scheme, and its headers. The same object for the same record. */
  readonly storedFor: (record: Recipient) => Stored
  /** What is kept of the record, for an edit that changes a part of it; undefined when nothing is, or it can not be opened. */
  readonly secretsOf: (record: Recipient) => ServerSecrets | undefined
  /** Seals, and answers the row's name, for the record at `path` to hold as `credential_ref`. */
  readonly put: (path: string, secrets: ServerSecrets) => Effect.Effect<string, VaultUnavailable>
  /** An unknown one is fine. */
  readonly remove: (ref: string) => Effect.Effect<void, VaultUnavailable>
  /** Opens a row that another process may have written; one that is known already costs nothing. */
  readonly load: (ref: string) => Effect.Effect<void, VaultUnavailable>
  /** The rows older than a minute that none of `live` names, whoever wrote them, and for which path. */
  readonly unnamed: (
    live: ReadonlySet<string>
  ) => Effect.Effect<ReadonlyArray<{ readonly ref: string; readonly path: string }>, VaultUnavailable>
}

export interface VaultOptions {
  /** A variable of the environment. Asked for names that end in `_AUTH_TOKEN` alone; undefined when it is unset or empty. */
  readonly variable: (name: string) => Effect.Effect<string | undefined>
}

export class Vault extends Context.Tag("@mcpgw/vault/Vault")<Vault, VaultApi>() {
  /** Table `vault_server_credentials`. What older keys sealed is sealed anew at the start, so that no rotation loses it. */
  static layerSql(
    options: VaultOptions
  ): Layer.Layer<Vault, MigrationFailed | DatabaseNewer | VaultUnavailable, SqlClient.SqlClient | KeyRing> {
    return Layer.effect(
      Vault,
      Effect.flatMap(sqlRows, (rows) => makeVault(rows, options))
    )
  }

  /** Lives and dies with the process. */
  static layerMemory(options: VaultOptions = NO_VARIABLES): Layer.Layer<Vault, VaultUnavailable, KeyRing> {
    return Layer.effect(
      Vault,
      Effect.flatMap(memoryRows, (rows) => makeVault(rows, options))
    )
  }
}

const NO_VARIABLES: VaultOptions = { variable: () => Effect.succeed(undefined) }
