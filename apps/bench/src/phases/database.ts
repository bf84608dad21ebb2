/** What a registry is measured over: a SQLite file in the gateway's folder, or a PostgreSQL server of its own, started as the tests start theirs. */
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { type BenchFailed } from "../BenchFailed.ts"
import * as Child from "../Child.ts"
import { type Machine, root } from "../machine.ts"
import type { DatabaseName } from "../options.ts"

export interface Database {
  readonly title: string
  /** For whoever fills it before the gateway starts. */
  readonly layer: Store.StoreLayer
  /** The gateway's settings. */
  readonly env: Readonly<Record<string, string>>
}

const sqlite = (folder: string): Database => ({
  title: "SQLite",
  layer: Store.layerSqlite({ filename: join(folder, "mcpgw.db") }),
  env: {}
})

const SERVER = join(root, "packages/testkit/src/postgres/serve.ts")

/** Where it may be is a text: why there is no such server on this machine. It runs on the core of the load: not what is measured. */
export const startDatabase = (
  name: DatabaseName,
  machine: Machine,
  folder: string
): Effect.Effect<Database | string, BenchFailed, Scope.Scope> =>
  Effect.gen(function* () {
    if (name === "sqlite") return sqlite(folder)
    const server = yield* Child.start({
      name: "PostgreSQL",
      command: machine.loading([process.execPath, "--no-env-file", "run", SERVER]),
      cwd: root,
      env: machine.env
    })
    const [line, url] = yield* Effect.retry(server.printed(/database at (\S+)|tests are skipped: .*/), { times: 8 })
    if (url === undefined) return line.replace("tests are skipped: ", "")
    const database: Database = {
      title: "PostgreSQL",
      layer: Store.layerPostgres({ url: Redacted.make(url) }),
      env: { MCPGW_DATABASE_URL: url }
    }
    return database
  })
