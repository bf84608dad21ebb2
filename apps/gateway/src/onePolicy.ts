/**
 * Processes over one SQLite file keep one policy: whoever comes with another is not started. (Over PostgreSQL the policy is in the database
 * unless a file is named for it, and files of several machines can not be told apart by their names.)
 */
import * as ProcessLock from "@mcpgw/store/ProcessLock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { realpathSync } from "node:fs"
import { type GatewayConfigApi } from "./config.ts"
import { scopesPath } from "./dataDir.ts"
import { settings } from "./settings.ts"

/** The processes over one database would decide by different policies, or by files that only some of them change. */
export class PolicyApart extends Schema.TaggedError<PolicyApart>()("PolicyApart", {
  database: Schema.String,
  pid: Schema.Number,
  theirs: Schema.String,
  ours: Schema.String
}) {
  override get message(): string {
    return (
      `${settings.policy.name}: the policy is ${this.ours} here, and ${this.theirs} in process ${this.pid} or those it began with, over the same database ${this.database}. ` +
      `Set ${settings.policy.name}=store for all of them, or one file in ${settings.scopesFile.name}, or stop the others`
    )
  }
}

const realPath = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Where the policy is, in words that two processes of one machine share when it is the same place. */
const placeOf = (config: GatewayConfigApi): string =>
  config.policy === "store" ? "in the database" : `in the file ${realPath(scopesPath(config))}`

/** Held beside the database at `filename`, which is open, for as long as the process uses it. */
export const layer = (
  config: GatewayConfigApi,
  filename: string
): Layer.Layer<never, PolicyApart | ProcessLock.LockUnusable> => {
  const ours = placeOf(config)
  return Layer.scopedDiscard(
    Effect.catchTag(
      ProcessLock.hold({ file: `${filename}.lock`, words: ours, shared: true }),
      "LockHeld",
      ({ pid, words }) => Effect.fail(new PolicyApart({ database: filename, pid, theirs: words, ours }))
    )
  )
}
