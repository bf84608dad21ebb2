/** The laws of published versions over a real PostgreSQL. */
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Layer from "effect/Layer"
import { Versions } from "../src/v01/Versions.ts"
import { versionsSuite } from "./suites/versionsSuite.ts"

overPostgres(({ fresh }) => versionsSuite("layerSql over PostgreSQL", () => Layer.provide(Versions.layerSql, fresh)))
