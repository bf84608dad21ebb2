/** The data folder: made at first start, closed to other users, used by one process at a time, holding the default policy until someone edits it where policy is kept in a file. */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import * as ProcessLock from "@mcpgw/store/ProcessLock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"
import { assertFree } from "./Listener.ts"
import type { PortUnavailable } from "./PortUnavailable.ts"

export class DataDirUnusable extends Schema.TaggedError<DataDirUnusable>()("DataDirUnusable", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `MCPGW_DATA_DIR: held "${this.path}", which can not be used: ${this.problem}; it may hold a folder this user can write to`
  }
}

/** The policy's file; where policy is kept in the database, the one it begins with, if it is there. */
export const scopesPath = (config: GatewayConfigApi): string => config.scopesFile ?? join(config.dataDir, "scopes.yml")

/** Where identity providers are described; undefined when no file says anything of them. */
export const providersPath = ({ dataDir, providersFile }: GatewayConfigApi): string | undefined => {
  const usual = join(dataDir, "oauth2_providers.yml")
  return providersFile ?? (existsSync(usual) ? usual : undefined)
}

/** Proof that the folder is there. */
export class DataDir extends Context.Tag("@mcpgw/gateway/DataDir")<DataDir, { readonly path: string }>() {}

/** Another process uses the folder, and goes on. */
export class DataDirInUse extends Schema.TaggedError<DataDirInUse>()("DataDirInUse", {
  path: Schema.String,
  pid: Schema.Number
}) {
  override get message(): string {
    return `MCPGW_DATA_DIR: held "${this.path}", which process ${this.pid} uses: two processes over one folder spoil its audit log. Stop that one, or give this one a folder of its own; what they are to share is named by MCPGW_DATABASE_URL and MCPGW_KEYS_DIR`
  }
}

const LOCK_FILE = "gateway.lock"

/** How long the end of a process takes beyond the time its calls have. */
const ENDING_SECONDS = 2

/**
 * Takes the folder for this process alone. One that is ending has let go of its port and has this long to let go of the folder; one that
 * holds the port as well goes on, and the port's error says so at once.
 */
const takeAlone = (config: GatewayConfigApi, path: string) => {
  const take = ProcessLock.hold({ file: join(path, LOCK_FILE), words: "a gateway or registry", shared: false })
  const seconds = config.drain + ENDING_SECONDS
  const wait = ({ pid }: ProcessLock.LockHeld) =>
    Effect.gen(function* () {
      yield* assertFree(config)
      yield* Effect.logWarning(`Process ${pid} uses the data folder ${path}; waiting up to ${seconds} s for its end`)
      const ended = Effect.retry(take, {
        while: ({ _tag }) => _tag === "LockHeld",
        schedule: Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurUpTo(Duration.seconds(seconds)))
      })
      yield* Effect.catchTag(ended, "LockHeld", ({ pid }) => Effect.fail(new DataDirInUse({ path, pid })))
    })
  return take.pipe(
    Effect.catchTag("LockHeld", wait),
    Effect.catchTag("LockUnusable", ({ message }) => Effect.fail(new DataDirUnusable({ path, problem: message })))
  )
}

export const layerDataDir: Layer.Layer<DataDir, DataDirUnusable | DataDirInUse | PortUnavailable, GatewayConfig> =
  Layer.scoped(
    DataDir,
    Effect.flatMap(GatewayConfig, (config) =>
      Effect.try({
        try: () => {
          mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
          // Asked here, so that the answer names the setting and not the first file that could not be opened.
          accessSync(config.dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
          const path = scopesPath(config)
          if (config.policy === "file" && config.scopesFile === undefined && !existsSync(path)) {
            writeFileSync(path, DEFAULT_SCOPES, { mode: 0o600 })
          }
          return { path: config.dataDir }
        },
        catch: (error) =>
          new DataDirUnusable({ path: config.dataDir, problem: error instanceof Error ? error.message : String(error) })
      }).pipe(Effect.tap(({ path }) => takeAlone(config, path)))
    )
  )
