import { assert, describe, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import * as Store from "@mcpgw/store/Store"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Collaborators } from "../src/Collaborators.ts"
import { collaboratorsSuite } from "./suites/collaboratorsSuite.ts"

collaboratorsSuite("layerMemory", () => Collaborators.layerMemory)
collaboratorsSuite("layerSql, SQLite", () => Collaborators.layerSql.pipe(Layer.provide(Store.layerMemory)))

const server = { path: "/one", registered_at: "2026-01-01T00:00:00.000Z" }
const ann = { account: "ann", groups: [] }

describe("layerSql", () => {
  it.scoped("what another process writes counts with the next look, and what is stored after a restart", () =>
    Effect.gen(function* () {
      const filename = join(mkdtempSync(join(tmpdir(), "mcpgw-collaborators-")), "a.db")
      const open = Effect.map(
        Layer.build(Layer.fresh(Layer.provideMerge(Collaborators.layerSql, Store.layerSqlite({ filename })))),
        (context) => ({ ...Context.get(context, Collaborators), look: Context.get(context, ChangeFeed).look })
      )
      const here = yield* open
      const there = yield* open
      yield* there.put(server, { kind: "person", name: "Ann", role: "manager" }, "root")
      assert.isUndefined(here.roleOf(server, ann))
      yield* here.look
      assert.strictEqual(here.roleOf(server, ann), "manager")
      assert.strictEqual((yield* open).roleOf(server, ann), "manager")
      yield* there.forget("ann")
      yield* here.look
      assert.isUndefined(here.roleOf(server, ann))
    })
  )

  it.scoped("a store that fails is StoreUnavailable, and roles stay what they were", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Store.layerMemory)
      const collaborators = Context.get(
        yield* Layer.build(Collaborators.layerSql.pipe(Layer.provide(Layer.succeedContext(context)))),
        Collaborators
      )
      yield* collaborators.put(server, { kind: "person", name: "ann", role: "user" }, "root")
      yield* Context.get(context, SqlClient.SqlClient)`DROP TABLE registry_collaborators`
      const error = yield* Effect.flip(collaborators.set(server, [], "root"))
      assert.strictEqual(error._tag, "StoreUnavailable")
      assert.strictEqual(collaborators.roleOf(server, ann), "user")
    })
  )
})
