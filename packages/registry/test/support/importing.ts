/** Imports over the real layers, and what a test asks of them. */
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ImportRequest } from "../../src/import/ImportJob.ts"
import { Imports, type RunLimits } from "../../src/import/Imports.ts"
import { SourceFetch } from "../../src/import/SourceFetch.ts"
import { Registry } from "../../src/Registry.ts"
import { RegistryStore } from "../../src/RegistryStore.ts"
import { Catalogue } from "../../src/v01/Catalogue.ts"
import { Versions } from "../../src/v01/Versions.ts"

/** Asks again until it fits. */
export const until = <A, E, R>(ask: Effect.Effect<A, E, R>, fits: (answer: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(ask, (answer) => (fits(answer) ? Effect.succeed(answer) : Effect.delay(until(ask, fits), "5 millis")))

export const QUICK: Partial<RunLimits> = { retries: 2, pauseMs: 1, timeoutMs: 2_000 }

export const over = (
  store: ReturnType<typeof Store.layerSqlite>,
  limits: Partial<RunLimits> = QUICK,
  versions: typeof Versions.layerSql = Versions.layerSql
) =>
  Imports.layerSql(limits).pipe(
    Layer.provide(SourceFetch.layerOf((url, signal) => fetch(url, { signal, redirect: "manual" }))),
    Layer.provideMerge(Catalogue.layer),
    Layer.provideMerge(versions),
    Layer.provideMerge(Registry.layer),
    Layer.provideMerge(RegistryStore.layerSql),
    Layer.provideMerge(store)
  )

export const layer = (limits: Partial<RunLimits> = QUICK) => over(Store.layerMemory, limits)

/** The job, when it is no longer running. */
export const settled = (id: string) =>
  Effect.flatMap(Imports, (imports) =>
    Effect.timeout(
      until(imports.get(id), ({ state }) => state !== "running"),
      "100 seconds"
    )
  )

export const run = (request: ImportRequest) =>
  Effect.gen(function* () {
    const imports = yield* Imports
    const { id } = yield* imports.start(request, "admin")
    const job = yield* settled(id)
    return { job, items: yield* imports.items(id, 0) }
  })

export const records = Effect.map(Registry, (registry) =>
  Array.from(registry.snapshot().servers.values(), ({ record }) => record)
)
