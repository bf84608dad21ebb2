/** The data folder: made at first start, closed to other users, holding the default policy until someone edits it. */
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs"
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

/** Where the policy is. */
export const scopesPath = (config: GatewayConfigApi): string => config.scopesFile ?? join(config.dataDir, "scopes.yml")

/** Where identity providers are described; undefined when no file says anything of them. */
export const providersPath = ({ dataDir, providersFile }: GatewayConfigApi): string | undefined => {
  const usual = join(dataDir, "oauth2_providers.yml")
  return providersFile ?? (existsSync(usual) ? usual : undefined)
}

/** Proof that the folder is there. */
export class DataDir extends Context.Tag("@mcpgw/gateway/DataDir")<DataDir, { readonly path: string }>() {}

export const layerDataDir: Layer.Layer<DataDir, DataDirUnusable, GatewayConfig> = Layer.effect(
  DataDir,
  Effect.flatMap(GatewayConfig, (config) =>
    Effect.try({
      try: () => {
        mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
        // Asked here, so that the answer names the setting and not the first file that could not be opened.
        accessSync(config.dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
        const path = scopesPath(config)
        if (config.scopesFile === undefined && !existsSync(path)) writeFileSync(path, DEFAULT_SCOPES, { mode: 0o600 })
        return { path: config.dataDir }
      },
      catch: (error) =>
        new DataDirUnusable({ path: config.dataDir, problem: error instanceof Error ? error.message : String(error) })
    })
  )
)
