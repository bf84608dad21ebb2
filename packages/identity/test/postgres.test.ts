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
import { oauthClientsSuite } from "./suites/oauthClientsSuite.ts"
import { oauthStateSuite } from "./suites/oauthStateSuite.ts"
import { sessionsSuite } from "./suites/sessionsSuite.ts"

overPostgres(({ fresh }) => {
  const options = { issuer: "local", audience: "https://gw.example" }
  const revocations = DurableRevocations.layerSql

  accountsSuite("layerSql over PostgreSQL", Layer.provide(Accounts.layerSql, fresh))
  agentsSuite("layerSql over PostgreSQL", Layer.provide(Agents.layerSql, fresh))
  machineClientsSuite("layerSql over PostgreSQL", Layer.provide(MachineClients.layerSql, fresh))
  revocationsSuite("layerSql over PostgreSQL", Layer.provide(revocations, fresh))
  sessionsSuite(
    "layerSql over PostgreSQL",
    Sessions.layerSql(options).pipe(Layer.provideMerge(revocations), Layer.provide(fresh))
  )
  apiKeysSuite(
    "layerSql over PostgreSQL",
    ApiKeys.layerSql(options).pipe(
      Layer.provideMerge(Layer.merge(Accounts.layerSql, revocations)),
      Layer.provide(fresh)
    )
  )
  oauthStateSuite("PostgreSQL", fresh)
  oauthClientsSuite("PostgreSQL", fresh)
})
