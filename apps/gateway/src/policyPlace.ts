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

/** What the file would have said is in force nowhere, and whoever wrote it has to know before anything is decided by less. */
const unread = (path: string) =>
  new PolicyError({
    source: path,
    field: "",
    problem:
      `differs from the default policy and would not be read: the policy is in the database (${settings.policy.name}=store), which holds the default alone, as a process without such a file wrote it. ` +
      `Put the file into the database at a process that runs (mcpgw import files DIR --scopes ${path} --apply-scopes replace) and then start this one, or remove the file, or set ${settings.policy.name}=file`
  })

/** A file beside a database that holds a policy already. */
const beside = (path: string, text: string, held: string): Effect.Effect<void, PolicyError> => {
  if (text === held) return Effect.void
  const said = `The policy is in the database (${settings.policy.name}=store), and ${path}, which differs from it, is not read`
  // Nobody wrote the default that stands in a file: nothing of anybody's is lost.
  if (text === DEFAULT_SCOPES) return Effect.logInfo(said)
  return held === DEFAULT_SCOPES ? unread(path) : Effect.logWarning(said)
}

/**
 * What an empty database begins with: the file, when there is one, so that a policy that was kept in it goes on, else the default. Processes that
 * start at once over one database write one; who comes second is judged by what the first wrote.
 */
const seed = (path: string): Effect.Effect<void, PolicyError | PolicySourceUnavailable, PolicySource> =>
  Effect.gen(function* () {
    const source = yield* PolicySource
    const text = yield* textOf(path)
    const held = yield* source.read
    if (held !== undefined) return text === undefined ? undefined : yield* beside(path, text, held.text)
    const first = text ?? DEFAULT_SCOPES
    yield* compileWith(() => parsePolicyText(first, text === undefined ? "default policy" : path))
    yield* source.replace(first, "mcpgw", 0)
    yield* Effect.logInfo(
      text === undefined
        ? "The default policy was written into the database"
        : `The policy in ${path} was copied into the database; from now on the file is not read`
    )
  }).pipe(Effect.catchTag("PolicySourceMoved", () => Effect.suspend(() => seed(path))))

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
