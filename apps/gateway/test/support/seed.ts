/** Registers servers in a data folder before a gateway starts on it: the registry's own rules hold, no API is needed. */
import type { Registration } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore } from "@mcpgw/registry/RegistryStore"
import * as Store from "@mcpgw/store/Store"
import { type GatewayOptions, startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"

export const seed = (dataDir: string, servers: ReadonlyArray<Registration>): Promise<void> => {
  const store = RegistryStore.layerSql.pipe(Layer.provide(Store.layerSqlite({ filename: join(dataDir, "mcpgw.db") })))
  return Effect.gen(function* () {
    const registry = yield* Registry
    for (const server of servers) yield* registry.register(server, "admin")
  }).pipe(Effect.provide(Registry.layer.pipe(Layer.provide(store))), Effect.runPromise)
}

/** A server on loopback as an administrator registers it. */
export const at = (path: string, url: string, rest: Partial<Registration> = {}): Registration => ({
  server_name: path.slice(1),
  path,
  proxy_pass_url: url,
  trusted_address: true,
  ...rest
})

export interface SeededOptions extends GatewayOptions {
  readonly servers: ReadonlyArray<Registration>
  readonly scopes: string
}

/** A gateway that knows `servers` and checks their health once, when it starts. */
export const startSeeded = ({ servers, env, ...options }: SeededOptions): Promise<TestGateway> =>
  startGateway({
    ...options,
    env: { HEALTH_CHECK_INTERVAL_SECONDS: "86400", ...env },
    prepare: (dataDir) => seed(dataDir, servers)
  })
