/** The groups of a provider: the laws of every layer, and what a scripted Keycloak's troubles look like. A real one: apps/gateway/test/identity. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { GroupDirectory } from "../src/GroupDirectory.ts"
import { layerKeycloak } from "../src/keycloak/KeycloakGroups.ts"

/** A Keycloak with groups, of which somebody else made `ops`; `broken` answers in its place. */
const keycloak = (broken: () => Response | undefined = () => undefined, more: object = {}) => {
  const groups = new Map([["1", "ops"]])
  const attributes = new Map<string, Readonly<Record<string, ReadonlyArray<string>>>>()
  const asked: Array<string> = []
  let next = 2
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(url)
    asked.push(`${init.method ?? "GET"} ${pathname}`)
    if (pathname.endsWith("/token")) return Response.json({ access_token: "t", expires_in: 60 })
    const answer = broken()
    if (answer !== undefined) return answer
    if (init.method === "POST") {
      const { attributes: given, name } = JSON.parse(String(init.body))
      if ([...groups.values()].includes(name)) return Response.json({ errorMessage: "exists" }, { status: 409 })
      attributes.set(String(next), given)
      groups.set(String(next++), name)
      return new Response(null, { status: 201 })
    }
    if (init.method === "DELETE") {
      return new Response(null, { status: groups.delete(pathname.split("/").at(-1) ?? "") ? 204 : 404 })
    }
    const id = pathname.split("/").at(-1) ?? ""
    if (id !== "groups") {
      const name = groups.get(id)
      if (name === undefined) return new Response(null, { status: 404 })
      return Response.json({ id, name, path: `/${name}`, attributes: attributes.get(id) ?? {}, ...more })
    }
    const first = Number(searchParams.get("first"))
    const page = [...groups].slice(first, first + Number(searchParams.get("max")))
    return Response.json(page.map(([id, name]) => ({ id, name, path: `/${name}`, ...more })))
  }
  const identity = { clientId: "mcp-gateway-m2m", clientSecret: Redacted.make("hidden-secret") }
  const layer = layerKeycloak({
    admin: { url: "http://keycloak.test", realm: "mcp", fetch, ...identity },
    realm: "mcp"
  })
  return { asked, attributes, groups, layer }
}

const suite = (name: string, layer: () => Layer.Layer<GroupDirectory>) =>
  describe(`GroupDirectory contract: ${name}`, () => {
    it.effect("what is made is listed once, what is removed is not, and doing either again changes nothing", () =>
      Effect.gen(function* () {
        const directory = yield* GroupDirectory
        const names = Effect.map(directory.list, (groups) => groups.map((group) => group.name))
        assert.deepEqual(yield* names, ["ops"])
        assert.deepEqual([yield* directory.create("eng", "E"), yield* directory.create("eng", "E")], [true, false])
        assert.deepEqual(yield* names, ["eng", "ops"])
        assert.deepEqual(yield* directory.list.pipe(Effect.map((all) => all.map(({ path }) => path))), ["/eng", "/ops"])
        assert.deepEqual([yield* directory.remove("eng"), yield* directory.remove("eng")], ["removed", "absent"])
        assert.deepEqual(yield* names, ["ops"])
      }).pipe(Effect.provide(layer()))
    )

    it.effect("design §6: a group that was not made from here is not removed, asked to make it or not", () =>
      Effect.gen(function* () {
        const directory = yield* GroupDirectory
        assert.strictEqual(yield* directory.remove("ops"), "foreign")
        assert.isFalse(yield* directory.create("ops", "Mine now"))
        assert.strictEqual(yield* directory.remove("ops"), "foreign")
        assert.lengthOf(yield* directory.list, 1)
      }).pipe(Effect.provide(layer()))
    )
  })

suite("layerMemory", () => GroupDirectory.layerMemory(["ops"]))
suite("layerKeycloak", () => keycloak().layer)

describe("layerKeycloak", () => {
  it.effect("reads every page", () => {
    const { groups, layer } = keycloak()
    for (let i = 0; i < 450; i++) groups.set(`g${i}`, `group-${i}`)
    return Effect.gen(function* () {
      assert.lengthOf(yield* (yield* GroupDirectory).list, 451)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a group with others within is not removed, for they would go with it: counted or listed", () =>
    Effect.forEach(
      [{ subGroupCount: 1, subGroups: [] }, { subGroups: [{ id: "9", name: "payroll", path: "/ops/payroll" }] }],
      (within) => {
        const { groups, layer } = keycloak(undefined, within)
        return Effect.gen(function* () {
          const directory = yield* GroupDirectory
          yield* directory.create("eng", "")
          const { message } = yield* Effect.flip(directory.remove("eng"))
          assert.include(message, "other groups within it")
          assert.strictEqual(groups.size, 2)
        }).pipe(Effect.provide(layer))
      }
    )
  )

  it.effect("one that was made from here and has another name now is somebody else's", () => {
    const { attributes, groups, layer } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* GroupDirectory
      yield* directory.create("eng", "E")
      assert.deepEqual(attributes.get("2"), { description: ["E"], "mcpgw.group": ["eng"] })
      groups.set("2", "other-apps-admins")
      assert.strictEqual(yield* directory.remove("other-apps-admins"), "foreign")
      assert.strictEqual(groups.size, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("signs in when it is needed, not before, and again after a failure; words hold no secret", () => {
    let answer: Response | undefined
    const { asked, layer } = keycloak(() => answer)
    return Effect.gen(function* () {
      const directory = yield* GroupDirectory
      assert.isEmpty(asked)
      answer = new Response(null, { status: 403 })
      const { message } = yield* Effect.flip(directory.list)
      assert.include(message, `"client mcp-gateway-m2m" may not do this`)
      assert.include(message, "manage-users")
      assert.notInclude(message, "hidden-secret")
      answer = undefined
      assert.lengthOf(yield* directory.list, 1)
      yield* directory.list
      assert.lengthOf(
        asked.filter((line) => line.endsWith("/token")),
        2
      )
    }).pipe(Effect.provide(layer))
  })
})

describe("layerNone", () => {
  it.effect("fails in words", () =>
    Effect.gen(function* () {
      const directory = yield* GroupDirectory
      assert.isUndefined(directory.name)
      assert.include((yield* Effect.flip(directory.create("eng", ""))).message, "No identity provider")
    }).pipe(Effect.provide(GroupDirectory.layerNone))
  )
})
