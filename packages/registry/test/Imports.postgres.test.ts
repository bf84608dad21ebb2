/** An import over a real PostgreSQL: its job is claimed, kept, waits as a mirror, is cancelled and resumed. */
import { assert, it } from "@effect/vitest"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Imports } from "../src/import/Imports.ts"
import { SourceFetch } from "../src/import/SourceFetch.ts"
import { Registry } from "../src/Registry.ts"
import { RegistryStore } from "../src/RegistryStore.ts"
import { Catalogue } from "../src/v01/Catalogue.ts"
import { Versions } from "../src/v01/Versions.ts"
import { remoteEntry } from "./support/corpus.ts"
import { sourceRegistry } from "./support/sourceRegistry.ts"

overPostgres(({ fresh }) => {
  it.scopedLive(
    "issue 6: a mirror's job over PostgreSQL",
    () =>
      Effect.gen(function* () {
        const entries = Array.from({ length: 150 }, (_, i) => remoteEntry(`com.example/s-${i}`))
        const source = yield* sourceRegistry(entries)
        const imports = yield* Imports
        const { id } = yield* imports.start({ from: source.url, everySeconds: 60 }, "admin")
        let job = yield* imports.get(id)
        while (job.state === "running") job = yield* Effect.delay(imports.get(id), "20 millis")
        assert.deepInclude(job.progress, { seen: 150, created: 150, pages: 2, problem: null })
        assert.strictEqual(job.state, "waiting")
        assert.lengthOf(yield* imports.items(id, 0), 150)
        assert.lengthOf(yield* imports.items(id, 90, 20), 20)
        assert.strictEqual((yield* Registry).snapshot().servers.size, 150)
        const page = yield* (yield* Catalogue).page(
          { cursor: undefined, limit: 100, includeDeleted: false },
          () => true
        )
        assert.lengthOf(page.entries, 100)
        assert.strictEqual((yield* imports.cancel(id)).state, "cancelled")
        assert.deepInclude(yield* imports.resume(source.url, "ann"), { id, resumedBy: "ann" })
        while (job.state !== "waiting" || job.resumedBy === null)
          job = yield* Effect.delay(imports.get(id), "20 millis")
        assert.deepInclude(job.progress, { seen: 150, unchanged: 150, problem: null })
      }).pipe(
        Effect.provide(
          Imports.layerSql({ pauseMs: 1, retries: 1 }).pipe(
            Layer.provide(SourceFetch.layerOf((url, signal) => fetch(url, { signal }))),
            Layer.provideMerge(Catalogue.layer),
            Layer.provideMerge(Versions.layerSql),
            Layer.provideMerge(Registry.layer),
            Layer.provideMerge(RegistryStore.layerSql),
            Layer.provideMerge(fresh)
          )
        )
      ),
    60_000
  )
})
