/**
 * **KeyRing** of the keys folder, handed to nobody before it is known to belong to the database: keys made anew, or copied from elsewhere,
 * would end what others signed and open nothing of what they sealed.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { sealedGrants } from "@mcpgw/identity/SealedGrants"
import { holdKeys } from "@mcpgw/store/KeyHolders"
import * as KeyRingFile from "@mcpgw/store/KeyRingFile"
import { type KeyFindings, recordKeys, type Sealed } from "@mcpgw/store/KeyRecord"
import {
  type DatabaseNewer,
  type KeyFileInvalid,
  type KeysMissing,
  KeysUnknown,
  type MigrationFailed
} from "@mcpgw/store/StoreError"
import { sealedCredentials } from "@mcpgw/vault/SealedCredentials"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { GatewayConfig } from "./config.ts"
import { settings } from "./settings.ts"

/** What lies sealed in the database, by kind and key. */
const sealedValues = Effect.gen(function* () {
  const counted = (kind: string, of: typeof sealedCredentials) =>
    Effect.map(of, (found): ReadonlyArray<Sealed> => found.map((one) => ({ ...one, kind })))
  return [
    ...(yield* counted("credentials of servers", sealedCredentials)),
    ...(yield* counted("grants of OAuth clients", sealedGrants))
  ]
}).pipe(Effect.catchTag("SqlError", (error) => Effect.fail(new KeysUnknown({ cause: error.cause ?? error }))))

const SIGNED =
  "tokens that other keys signed are refused here, and tokens made here are refused by processes that have those"
const SEALED = "MCP sessions, task ids and what OAuth clients renew their tokens with do not hold between them"

const warn = ({ lost, strange }: KeyFindings, file: string): Effect.Effect<void> => {
  const breaks = [...(strange.signing ? [SIGNED] : []), ...(strange.sealing ? [SEALED] : [])]
  const others =
    breaks.length === 0
      ? Effect.void
      : Effect.logWarning(
          `The keys in ${file} are not those that the database was written with: ${breaks.join("; ")}. Let all processes over one database share ${settings.keysDir.name}`
        )
  const gone =
    lost.length === 0
      ? Effect.void
      : Effect.logWarning(
          `Lost, because the keys they were sealed with are gone: ${lost.join(", ")}. Credentials have to be set again; clients connect anew`
        )
  return Effect.zipRight(others, gone)
}

const check = (context: Context.Context<KeyRing>) =>
  Effect.gen(function* () {
    const { keysDir, keysLost } = yield* GatewayConfig
    const file = join(keysDir, KeyRingFile.KEY_FILE)
    const findings = yield* recordKeys({
      ring: Context.get(context, KeyRing),
      sealed: yield* sealedValues,
      giveUp: keysLost,
      remedy:
        `Put the ${KeyRingFile.KEY_FILE} they were sealed with, of another process over this database or of a backup, in the place of ${file}, or name its folder in ${settings.keysDir.name}. ` +
        `If it is lost, start once with ${settings.keysLost.name}=true: what it sealed is lost then, too`
    })
    yield* warn(findings, file)
    yield* holdKeys(Context.get(context, KeyRing))
    if (keysLost) yield* Effect.logWarning(`${settings.keysLost.name}=true is for one start: take it out again`)
  })

type Failures = KeyFileInvalid | KeysMissing | KeysUnknown | MigrationFailed | DatabaseNewer

/** Made at the first start; of later ones with other keys see `recordKeys`. */
export const layer: Layer.Layer<KeyRing, Failures, GatewayConfig | SqlClient.SqlClient> = Layer.scopedContext(
  Effect.gen(function* () {
    const { keysDir } = yield* GatewayConfig
    const context = yield* Layer.build(KeyRingFile.layerFile({ directory: keysDir }))
    yield* check(context)
    return context
  })
)
