/** The data folder: made at first start, closed to other users, holding the default policy until someone edits it where policy is kept in a file. */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"

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

/** Holds the id of the process that uses the folder. */
const PID_FILE = "gateway.pid"

/** The process that left its id here, when it still runs and is not this one. */
const otherProcess = (file: string): number | undefined => {
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.NaN
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return undefined
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    // It runs, as somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM" ? pid : undefined
  }
}

/**
 * Warns when another process uses the folder. No more than that: its id may have become another program's, and one gateway may still drain while
 * the next one starts.
 */
const mark = (path: string): Effect.Effect<void, never, Scope.Scope> => {
  const file = join(path, PID_FILE)
  return Effect.suspend(() => {
    const other = otherProcess(file)
    if (other !== undefined) {
      return Effect.logWarning(
        `Another process (pid ${other}) uses the data folder ${path}: two processes over one folder spoil its audit log; give each its own MCPGW_DATA_DIR, and let them share MCPGW_DATABASE_URL and MCPGW_KEYS_DIR; if there is none, remove ${file}`
      )
    }
    const own = String(process.pid)
    return Effect.acquireRelease(
      Effect.sync(() => writeFileSync(file, own, { mode: 0o600 })),
      () => Effect.sync(() => existsSync(file) && readFileSync(file, "utf8") === own && rmSync(file))
    )
  }).pipe(Effect.ignoreLogged)
}

export const layerDataDir: Layer.Layer<DataDir, DataDirUnusable, GatewayConfig> = Layer.scoped(
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
    }).pipe(Effect.tap(({ path }) => mark(path)))
  )
)
