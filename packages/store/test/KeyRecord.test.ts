import * as Store from "../src/Store.ts"
import { keyRecordSuite } from "./suites/keyRecordSuite.ts"
import { overPostgres } from "./suites/postgres.ts"

keyRecordSuite("SQLite", Store.layerMemory)
overPostgres(({ fresh }) => keyRecordSuite("PostgreSQL", fresh))
