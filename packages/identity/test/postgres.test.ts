/** The laws of everything that keeps people, keys, machines and what they may do, over a real PostgreSQL. */
import { revocationsSuite } from "@mcpgw/auth/suites/revocationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Layer from "effect/Layer"
import { Accounts } from "../src/Accounts.ts"
import { Agents } from "../src/Agents.ts"
import { ApiKeys } from "../src/ApiKeys.ts"
import * as DurableRevocations from "../src/DurableRevocations.ts"
import { MachineClients } from "../src/MachineClients.ts"
import { Sessions } from "../src/Sessions.ts"
import { accountsSuite } from "./suites/accountsSuite.ts"
import { agentsSuite } from "./suites/agentsSuite.ts"
import { apiKeysSuite } from "./suites/apiKeysSuite.ts"
import { machineClientsSuite } from "./suites/machineClientsSuite.ts"
import { oauthStateSuite } from "./suites/oauthStateSuite.ts"
import { sessionsSuite } from "./suites/sessionsSuite.ts"

overPostgres(({ fresh }) => {
  const options = { issuer: "local", audience: "https://gw.example" }
  const revocations = DurableRevocations.layerSqlite

  accountsSuite("layerSqlite over PostgreSQL", Layer.provide(Accounts.layerSqlite, fresh))
  agentsSuite("layerSqlite over PostgreSQL", Layer.provide(Agents.layerSqlite, fresh))
  machineClientsSuite("layerSqlite over PostgreSQL", Layer.provide(MachineClients.layerSqlite, fresh))
  revocationsSuite("layerSqlite over PostgreSQL", Layer.provide(revocations, fresh))
  sessionsSuite(
    "layerSqlite over PostgreSQL",
    Sessions.layerSqlite(options).pipe(Layer.provideMerge(revocations), Layer.provide(fresh))
  )
  apiKeysSuite(
    "layerSqlite over PostgreSQL",
    ApiKeys.layerSqlite(options).pipe(
      Layer.provideMerge(Layer.merge(Accounts.layerSqlite, revocations)),
      Layer.provide(fresh)
    )
  )
  oauthStateSuite("PostgreSQL", fresh)
})
