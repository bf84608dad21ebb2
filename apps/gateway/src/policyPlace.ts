/**
 * Where the policy is: in a file, or in the database that several processes share. Writes into an empty database, once, what holds until
 * somebody changes it; never into a file.
 */
import { PolicySource } from "@mcpgw/domain/PolicySource"
import type { PolicySourceUnavailable } from "@mcpgw/domain/PolicySource"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { PolicyError } from "@mcpgw/policy/PolicyError"
import { parsePolicyText } from "@mcpgw/policy/PolicyText"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import * as PolicyWriterFile from "@mcpgw/policy/PolicyWriterFile"
import type { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as ScopePolicyFile from "@mcpgw/policy/ScopePolicyFile"
import { compileWith } from "@mcpgw/policy/ScopePolicyLayers"
import * as ScopePolicyStore from "@mcpgw/policy/ScopePolicyStore"
import type { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import * as PolicySourceSql from "@mcpgw/store/PolicySourceSql"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFile } from "node:fs/promises"
import { GatewayConfig, type GatewayConfigApi } from "./config.ts"
import { scopesPath } from "./dataDir.ts"
import { settings } from "./settings.ts"

type PolicyLayer = Layer.Layer<
  ScopePolicy | PolicyWriter,
  PolicyError | PolicySourceUnavailable | MigrationFailed | DatabaseNewer,
  SqlClient.SqlClient | ChangeFeed
>

const inFile = (path: string): PolicyLayer => {
  const file = { path, defaultText: DEFAULT_SCOPES }
  return PolicyWriterFile.layerFile(file).pipe(Layer.provideMerge(ScopePolicyFile.layerFile(file)))
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error"

/** Undefined: there is no such file. */
const textOf = (path: string): Effect.Effect<string | undefined, PolicyError> =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: codeOf }).pipe(
    Effect.catchAll((code) =>
      code === "ENOENT"
        ? Effect.succeed(undefined)
        : Effect.fail(new PolicyError({ source: path, field: "", problem: `can not be read (${code})` }))
    )
  )

/**
 * What an empty database begins with: the file, when there is one, so that a policy that was kept in it goes on, else the default. Processes that
 * start at once over one database write one.
 */
const seed = (path: string) =>
  Effect.gen(function* () {
    const source = yield* PolicySource
    const text = yield* textOf(path)
    const held = yield* source.read
    if (held !== undefined) {
      if (text === undefined || text === held.text) return
      return yield* Effect.logInfo(
        `The policy is in the database (${settings.policy.name}=store), and ${path}, which differs from it, is not read`
      )
    }
    const first = text ?? DEFAULT_SCOPES
    yield* compileWith(() => parsePolicyText(first, text === undefined ? "default policy" : path))
    yield* source.replace(first, "mcpgw", 0)
    yield* Effect.logInfo(
      text === undefined
        ? "The default policy was written into the database"
        : `The policy in ${path} was copied into the database; from now on the file is not read`
    )
  }).pipe(Effect.catchTag("PolicySourceMoved", () => Effect.void))

const inStore = (path: string): PolicyLayer =>
  PolicyWriter.layerStore().pipe(
    Layer.provideMerge(ScopePolicyStore.layerStore()),
    Layer.provide(Layer.tap(PolicySourceSql.layerSql, (context) => Effect.provide(seed(path), context)))
  )

/** Which of the two is the configuration's to say. */
export const layer = Layer.unwrapEffect(
  Effect.map(GatewayConfig, (config: GatewayConfigApi): PolicyLayer =>
    config.policy === "file" ? inFile(scopesPath(config)) : inStore(scopesPath(config))
  )
)
