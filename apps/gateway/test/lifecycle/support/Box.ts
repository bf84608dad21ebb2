/**
 * A data folder with a policy and registered servers, and gateway processes started over it one after another. For tests of
 * starts, restarts and ends; the ordinary case is `startGateway` of the testkit.
 */
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as DurableRevocations from "@mcpgw/identity/DurableRevocations"
import { Revocations } from "@mcpgw/auth/Revocations"
import type { Registration } from "@mcpgw/domain/Server"
import * as Store from "@mcpgw/store/Store"
import { BUN } from "@mcpgw/testkit/Gateway"
import { freePort, type Running, root, spawn, tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

export const PASSWORD = "correct horse battery 9"

export interface BoxOptions {
  /** scopes.yml */
  readonly scopes: string
  readonly servers?: ReadonlyArray<Registration>
  /** Ids of tokens revoked before the first start. */
  readonly revoked?: ReadonlyArray<string>
  /** Subjects of this gateway whose tokens of the first minute were all revoked before the first start. */
  readonly left?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

export interface Box {
  readonly dataDir: string
  readonly scopesFile: string
  readonly port: number
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  /** Starts a gateway over the folder; resolves when it is ready. */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Running>
  /** Starts one without waiting for it; `before` stands before the command, such as `setpriv`. */
  readonly launch: (env?: Readonly<Record<string, string>>, before?: ReadonlyArray<string>) => Running
  readonly remove: () => void
}

/** Bun's executable and the product's own entry. */
export const COMMAND: ReadonlyArray<string> = [...BUN, "run", join(root, "apps/gateway")]

export const makeBox = async (options: BoxOptions): Promise<Box> => {
  const port = await freePort()
  const dir = tempDir("box")
  const scopesFile = join(dir.path, "scopes.yml")
  writeFileSync(scopesFile, options.scopes)
  const url = `http://127.0.0.1:${port}`
  await seed(dir.path, url, options)
  const env: Readonly<Record<string, string>> = {
    MCPGW_PORT: String(port),
    MCPGW_DATA_DIR: dir.path,
    ADMIN_PASSWORD: PASSWORD,
    HEALTH_CHECK_INTERVAL_SECONDS: "86400",
    ...options.env
  }
  const launch: Box["launch"] = (more = {}, before = []) =>
    spawn({ command: [...before, ...COMMAND], env: { ...env, ...more } })
  return {
    dataDir: dir.path,
    scopesFile,
    port,
    url,
    env,
    launch,
    start: async (more) => {
      const running = launch(more)
      try {
        await running.printed(/is ready at/)
      } catch (error) {
        await running.stop("SIGKILL")
        throw error
      }
      return running
    },
    remove: dir.remove
  }
}

/** Writes servers and revocations with the product's own layers, as an earlier run would have. */
const seed = (dataDir: string, url: string, { servers = [], revoked = [], left = [] }: BoxOptions): Promise<void> => {
  const stored = Layer.mergeAll(Registry.layer.pipe(Layer.provide(RegistryStore.layerSql)), DurableRevocations.layerSql)
  const write = Effect.gen(function* () {
    const registry = yield* Registry
    const revocations = yield* Revocations
    for (const server of servers) yield* registry.register(server, "tests")
    for (const subject of left) yield* revocations.revokeSubject(url, subject, Date.now() / 1000 + 60)
    for (const id of revoked) yield* revocations.revoke(id, Math.floor(Date.now() / 1000) + 3600)
  })
  const database = Store.layerSqlite({ filename: join(dataDir, "mcpgw.db") })
  return Effect.runPromise(
    write.pipe(
      Effect.provide(stored.pipe(Layer.provide(database))),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
  )
}

/** A registration of a scripted server on loopback. */
export const serverAt = (path: string, url: string): Registration => ({
  server_name: path.slice(1),
  path,
  proxy_pass_url: url,
  trusted_address: true
})
