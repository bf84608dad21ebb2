/** A process that works on the imports of a SQLite file until it is killed: `importProcess.ts FILE [URL]`; with a URL it begins a mirror of it. */
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import { Imports } from "../../src/import/Imports.ts"
import { over } from "./importing.ts"

const [, , filename = "", from] = process.argv

await Effect.runPromise(
  Effect.gen(function* () {
    const imports = yield* Imports
    if (from !== undefined) yield* imports.start({ from, everySeconds: 3_600 }, "admin")
    return yield* Effect.never
  }).pipe(Effect.provide(over(Store.layerSqlite({ filename }))))
)
