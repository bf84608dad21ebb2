/** The same laws over a real PostgreSQL. */
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Layer from "effect/Layer"
import { HealthStore } from "../src/HealthStore.ts"
import { healthStoreSuite } from "./suites/healthStoreSuite.ts"
import { processesSuite } from "./suites/processesSuite.ts"

overPostgres(({ fresh, kept }) => {
  healthStoreSuite("layerSql over PostgreSQL", () => Layer.provide(HealthStore.layerSql, fresh))
  processesSuite("PostgreSQL", kept)
})
