/** The vault's laws, and its earlier versions brought to the newest, over PostgreSQL. */
import { migrationsSuite, type Sample } from "@mcpgw/store/suites/migrationsSuite"
import { overPostgres } from "@mcpgw/store/suites/postgres"
import * as Store from "@mcpgw/store/Store"
import * as Layer from "effect/Layer"
import { migrations } from "../src/Migrations.ts"
import { Vault } from "../src/Vault.ts"
import { variable, vaultSuite } from "./suites/vaultSuite.ts"

const samples: ReadonlyArray<Sample> = [
  { table: "vault_server_credentials", row: { id: "1", path: "/a", sealed: "x", set_at: "2026-01-01T00:00:00.000Z" } }
]

migrationsSuite("vault, SQLite", migrations, samples, () => Store.layerMemory)

overPostgres(({ fresh }) => {
  vaultSuite("layerSql over PostgreSQL", () => Vault.layerSql({ variable }).pipe(Layer.provide(fresh)))
  migrationsSuite("vault, PostgreSQL", migrations, samples, () => fresh)
})
