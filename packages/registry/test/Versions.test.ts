/** The laws of published versions, over SQLite in memory; names and paths of servers without a document. */
import { assert, describe, it } from "@effect/vitest"
import { ServerName } from "@mcpgw/domain/ServerJson"
import * as Store from "@mcpgw/store/Store"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { cursorOf, keyOfCursor, nameOfPath, pathOfName, sortKey } from "../src/v01/Names.ts"
import { Versions } from "../src/v01/Versions.ts"
import { versionsSuite } from "./suites/versionsSuite.ts"

versionsSuite("layerSql, in memory", () => Layer.provide(Versions.layerSql, Store.layerMemory))

const segment = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9._~-]{0,12}[A-Za-z0-9_~-])?$/)
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => `/${segments.join("/")}`)
const isName = Schema.is(ServerName)

describe("R-11: names of servers that were registered here", () => {
  it("every path has a name the schema takes, and no two paths have the same", () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        assert.isTrue(isName(nameOfPath(a)), nameOfPath(a))
        assert.strictEqual(nameOfPath(a) === nameOfPath(b), a === b)
      })
    )
    for (const [a, b] of [
      ["/a/b", "/a..b"],
      ["/a~b", "/a_b"],
      ["/a.b", "/a/b"],
      [`/${"x".repeat(199)}`, `/${"x".repeat(198)}y`]
    ]) {
      assert.notStrictEqual(nameOfPath(a ?? ""), nameOfPath(b ?? ""))
    }
  })

  it("contracts §2.15: a plain path stands in its name as it is, and leads back", () => {
    assert.strictEqual(nameOfPath("/currenttime"), "io.mcpgateway/currenttime")
    assert.strictEqual(nameOfPath("/team/search"), "io.mcpgateway/team..search")
    for (const path of ["/currenttime", "/team/search", "/my_server.v2"]) {
      assert.strictEqual(pathOfName(nameOfPath(path)), path)
    }
    assert.strictEqual(pathOfName("io.github.user/weather"), "/io.github.user-weather")
    assert.strictEqual(pathOfName("..a/b.."), "/a-b")
  })

  it("R-04: a cursor leads to the place it was made of", () => {
    const text = fc.string({ minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z.]{1,8}\/[a-z]{1,8}$/), text, (name, version) => {
        assert.strictEqual(keyOfCursor(cursorOf({ name, version })), sortKey(name, version))
        assert.isTrue(keyOfCursor(name) > sortKey(name, version))
        assert.isTrue(keyOfCursor(name) < sortKey(`${name}a`, ""))
      })
    )
  })
})
