/** A gateway with people in it: the administrator, who may use both demo servers, and Ada, who may use one. */
import { Accounts } from "@mcpgw/identity/Accounts"
import * as Store from "@mcpgw/store/Store"
import { type GatewayOptions, startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import type { Person } from "./Client.ts"

export const SCOPES = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, use-time, use-fake]
  staff: [use-time]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
use-time:
  - server: currenttime
    methods: ["*"]
    tools: ["*"]
use-fake:
  - server: realserverfaketools
    methods: ["*"]
    tools: ["*"]
`

export const ADA: Person = { username: "Ada", password: "lovelace counts 1843" }

export interface Stand extends TestGateway {
  readonly time: string
  readonly fake: string
  readonly admin: Person
  /** Writes an account beside the running gateway. */
  readonly addPerson: (person: Person, groups: ReadonlyArray<string>) => Promise<void>
  /** One statement on the gateway's database. */
  readonly sql: (statement: string) => Promise<void>
}

export const startStand = async (options: GatewayOptions = {}): Promise<Stand> => {
  const gateway = await startGateway({ scopes: SCOPES, ...options })
  const database = Store.layerSqlite({ filename: join(gateway.dataDir, "mcpgw.db") })
  const accounts = Accounts.layerSql.pipe(Layer.provideMerge(database))
  const stand: Stand = {
    ...gateway,
    time: `${gateway.url}/currenttime/mcp`,
    fake: `${gateway.url}/realserverfaketools/mcp`,
    admin: { username: "admin", password: gateway.adminPassword },
    addPerson: ({ username, password }, groups) =>
      Effect.runPromise(
        Effect.flatMap(Accounts, (service) => service.put({ username, groups }, password)).pipe(
          Effect.provide(accounts)
        )
      ),
    sql: async (statement) => {
      const { Database } = await import("bun:sqlite")
      const file = new Database(join(gateway.dataDir, "mcpgw.db"))
      file.run("PRAGMA busy_timeout = 5000")
      file.run(statement)
      file.close()
    }
  }
  await stand.addPerson(ADA, ["staff"])
  return stand
}
