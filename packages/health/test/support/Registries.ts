/** The real registry in memory, with servers in it and a log of what changed. */
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { RegistryStore, StoreUnavailable } from "@mcpgw/registry/RegistryStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** A registry that holds these servers; `log` has a line `{kind} {status}` for each later change. */
export const registryOf = (records: ReadonlyArray<ServerRecord>) =>
  Effect.gen(function* () {
    const held = new Map(records.map((record) => [record.path, record]))
    let up = true
    const store = Layer.succeed(RegistryStore, {
      all: Effect.sync(() => [...held.values()]),
      get: (path) => Effect.sync(() => [...held.values()].find((record) => record.path === path)),
      watch: () => Effect.void,
      put: (record) =>
        Effect.suspend(() =>
          up ? Effect.sync(() => held.set(record.path, record).size > 0) : new StoreUnavailable({ cause: "down" })
        ),
      remove: (path) =>
        Effect.sync(() => {
          for (const key of held.keys()) if (key === path) held.delete(key)
          return true
        })
    })
    const registry = Context.get(yield* Effect.orDie(Layer.build(Layer.provide(Registry.layer, store))), Registry)
    const log: Array<string> = []
    const changes = yield* registry.subscribe
    yield* changes.pipe(
      Stream.runForEach((change) =>
        Effect.sync(() =>
          log.push(change.kind === "removed" ? "removed" : `${change.kind} ${change.server.health.status}`)
        )
      ),
      Effect.forkScoped
    )
    return {
      log,
      get: registry.get,
      breakStore: () => void (up = false),
      remove: registry.remove,
      /** As a person would: registers, or edits and switches. */
      save: ({ path, is_enabled, server_name, description, proxy_pass_url }: ServerRecord) =>
        Effect.gen(function* () {
          const fields = { server_name, description, proxy_pass_url }
          const known = registry.get(path)
          if (known === undefined) return yield* registry.register({ ...fields, path, is_enabled }, "admin")
          yield* registry.update(path, fields)
          return yield* registry.toggle(path, is_enabled)
        }),
      layer: Layer.succeed(Registry, registry)
    }
  })
