/** The official registry protocol, row by row (protocol.md §4): reads. Every answer is checked against the published schema and OpenAPI. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import manifest from "../package.json" with { type: "json" }
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, SECRET, signedIn } from "./support/plane.ts"
import { document, expectShape, listIn, namesIn, officialIn, shownIn } from "./support/protocol.ts"

const TIME = "io.mcpgateway/currenttime@1.0.0"
const PAYROLL = "io.mcpgateway/finance..payroll@1.0.0"

const at = (name: string, rest = "") => `/v0.1/servers/${encodeURIComponent(name)}/versions${rest}`

/** The plane with two servers, and someone asking it in a role. */
const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const cookie = yield* signedIn("admin")
  const get = (path: string) => call(plane, "GET", path, { cookie })
  const send = (method: string, path: string, json?: unknown) =>
    call(plane, method, path, { cookie, ...(json === undefined ? {} : { json }) })
  const publish = (name: string, version: string, more: object = {}) =>
    Effect.tap(send("POST", "/v0.1/publish", document(name, version, more)), (answer) =>
      Effect.sync(() => expect(answer.status, answer.text).toBe(200))
    )
  return { plane, get, send, publish }
})

describe("contracts §2.15: what is listed", () => {
  it.scoped("R-01, R-02: lists and entries have the published shapes, under /v0.1 and /v0", () =>
    Effect.gen(function* () {
      const { get } = yield* start
      for (const prefix of ["/v0.1", "/v0"]) {
        const answer = yield* get(`${prefix}/servers`)
        expect(namesIn(answer)).toEqual([TIME, PAYROLL])
        expect(listIn(answer).metadata).toEqual({ count: 2 })
        expect(answer.headers.get("content-type")).toMatch(/^application\/json/)
        expect(namesIn(yield* get(`${prefix}/servers/io.mcpgateway%2Fcurrenttime/versions`))).toEqual([TIME])
      }
      expect(officialIn(yield* get(at("io.mcpgateway/currenttime", "/latest")))).toMatchObject({
        status: "active",
        isLatest: true
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "contracts §2.15: the gateway's URL in remotes, ours beside the official _meta, and no backend's host anywhere",
    () =>
      Effect.gen(function* () {
        const { get } = yield* start
        const answer = yield* get(at("io.mcpgateway/currenttime", "/1.0.0"))
        expect(shownIn(answer)).toMatchObject({
          server: {
            title: "currenttime",
            remotes: [
              { type: "streamable-http", url: `${PUBLIC_URL}/currenttime/mcp` },
              { type: "sse", url: `${PUBLIC_URL}/currenttime/sse` }
            ],
            _meta: {
              "io.mcpgateway/internal": { path: "/currenttime", is_enabled: true, num_tools: 2, license: "MIT" }
            }
          },
          _meta: { "io.mcpgateway/registry": { health_status: expect.any(String) } }
        })
        const all = (yield* get("/v0.1/servers")).text + answer.text
        for (const secret of ["127.0.0.1", "8000", "payroll.example.com", "s3cret"]) expect(all).not.toContain(secret)
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-13, contracts §2.15: callers see what they may see, and the rest is not there", () =>
    Effect.gen(function* () {
      const { plane, publish } = yield* start
      yield* publish("io.mcpgateway/finance..payroll", "2.0.0")
      yield* publish("com.example/hidden", "1.0.0")
      const user = yield* signedIn("user")
      const none = yield* signedIn("none")
      const as = (cookie: string, path: string) => call(plane, "GET", path, { cookie })
      expect(namesIn(yield* as(none, "/v0.1/servers"))).toEqual([])
      const seen = namesIn(yield* as(user, "/v0.1/servers"))
      expect(seen).toEqual([TIME])
      for (const name of ["io.mcpgateway/finance..payroll", "com.example/hidden", "io.mcpgateway/nothing"]) {
        const refused = yield* as(user, at(name, "/latest"))
        expect([refused.status, refused.text]).toEqual([404, (yield* as(user, at("a/b", "/latest"))).text])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-13: without a credential 401 and how to get one; any origin may read, none may write", () =>
    Effect.gen(function* () {
      const { plane, get } = yield* start
      const refused = yield* call(plane, "GET", "/v0.1/servers")
      expect(refused.status).toBe(401)
      expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="mcpgw"')
      expect(refused.headers.get("content-type")).toBe("application/problem+json")
      expect(refused.headers.get("access-control-allow-origin")).toBe("*")
      expectShape("Error", refused)
      expect((yield* get("/v0/servers")).headers.get("access-control-allow-origin")).toBe("*")
      const preflight = yield* call(plane, "OPTIONS", "/v0.1/servers")
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get("access-control-allow-methods")).toBe("GET")
      expect(preflight.headers.get("access-control-allow-credentials")).toBeNull()
      const written = yield* call(plane, "POST", "/v0.1/publish", { json: document("a/b", "1.0.0") })
      expect([written.status, written.headers.get("access-control-allow-origin")]).toEqual([401, null])
      for (const path of ["/v0.1/health", "/v0/ping"]) expect((yield* call(plane, "GET", path)).status).toBe(200)
      for (const path of ["/v0.1/version", "/v0/version"]) {
        const { body, status } = yield* call(plane, "GET", path)
        expect([status, body]).toEqual([200, { version: manifest.version }])
      }
    }).pipe(Effect.provide(layer()))
  )
})

describe("protocol §4: parameters of the list", () => {
  it.scoped("R-04: pages by cursor, whatever is published between two of them", () =>
    Effect.gen(function* () {
      const { get, publish } = yield* start
      for (const name of ["com.example/a", "com.example/c", "com.example/e"]) yield* publish(name, "1.0.0")
      const seen: Array<string> = []
      let cursor: string | undefined
      do {
        const page = yield* get(
          `/v0.1/servers?limit=2${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`
        )
        seen.push(...namesIn(page))
        if (cursor === undefined) yield* publish("com.example/b", "1.0.0")
        if (cursor === undefined) yield* publish("com.example/d", "1.0.0")
        cursor = listIn(page).metadata.nextCursor
      } while (cursor !== undefined)
      expect(seen).toEqual([...["a", "c", "d", "e"].map((name) => `com.example/${name}@1.0.0`), TIME, PAYROLL])
      // The replaced system's cursors are names.
      expect(namesIn(yield* get("/v0.1/servers?cursor=com.example%2Fd"))[0]).toBe("com.example/e@1.0.0")
      expect(namesIn(yield* get("/v0.1/servers?cursor=zzz"))).toEqual([])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-04, R-12: a limit outside 1 to 100 is 422, and every wrong parameter is named", () =>
    Effect.gen(function* () {
      const { get } = yield* start
      for (const limit of ["0", "101", "-1", "1.5", "x"]) {
        const refused = yield* get(`/v0.1/servers?limit=${limit}&include_deleted=maybe`)
        expect(refused.status).toBe(422)
        expectShape("Error", refused)
        expect(refused.headers.get("content-type")).toBe("application/problem+json")
        expect(refused.body).toMatchObject({
          title: "Unprocessable Entity",
          status: 422,
          detail: "validation failed",
          error: "validation failed",
          errors: [{ location: "query.limit" }, { location: "query.include_deleted" }]
        })
      }
      expect((yield* get("/v0.1/servers?limit=1&limit=2")).status).toBe(422)
      expect(namesIn(yield* get("/v0.1/servers?limit=100"))).toHaveLength(2)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-05: search is a part of the name in any case, and its wildcards are letters", () =>
    Effect.gen(function* () {
      const { get, publish } = yield* start
      yield* publish("com.example/50_off", "1.0.0")
      expect(namesIn(yield* get("/v0.1/servers?search=CURRENT"))).toEqual([TIME])
      expect(namesIn(yield* get("/v0.1/servers?search=50_OFF"))).toEqual(["com.example/50_off@1.0.0"])
      for (const none of ["salaries", "%25", "5__off"]) {
        expect(namesIn(yield* get(`/v0.1/servers?search=${none}`))).toEqual([])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-06, R-08: version=latest shows the highest SemVer, an exact one that version of every server", () =>
    Effect.gen(function* () {
      const { get, publish } = yield* start
      for (const version of ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "1.2.0"])
        yield* publish("com.example/a", version)
      const latest = yield* get("/v0.1/servers?version=latest&search=com.example")
      expect(namesIn(latest)).toEqual(["com.example/a@2.0.0-rc.1"])
      yield* publish("com.example/a", "2.0.0")
      yield* publish("com.example/a", "2.0.0-rc.2")
      expect(shownIn(yield* get(at("com.example/a", "/latest"))).server.version).toBe("2.0.0")
      expect(namesIn(yield* get("/v0.1/servers?version=1.0.0"))).toEqual(["com.example/a@1.0.0", TIME, PAYROLL])
      // A text that is no SemVer is the latest when it is published, until a SemVer is.
      yield* publish("com.example/a", "snapshot-77")
      expect(shownIn(yield* get(at("com.example/a", "/latest"))).server.version).toBe("snapshot-77")
      yield* publish("com.example/a", "1.0.1")
      expect(shownIn(yield* get(at("com.example/a", "/latest"))).server.version).toBe("2.0.0")
      const all = listIn(yield* get(at("com.example/a"))).servers
      expect(all[0]?.server.version).toBe("1.0.1")
      expect(all).toHaveLength(9)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-07: updated_since takes in what was deleted, and refuses to leave it out", () =>
    Effect.gen(function* () {
      const { get, publish, send } = yield* start
      yield* publish("com.example/a", "1.0.0")
      yield* send("PATCH", at("com.example/a", "/1.0.0/status"), { status: "deleted" })
      expect(namesIn(yield* get("/v0.1/servers?search=com.example"))).toEqual([])
      expect(namesIn(yield* get("/v0.1/servers?search=com.example&include_deleted=true"))).toHaveLength(1)
      const since = (moment: string) => `/v0.1/servers?updated_since=${encodeURIComponent(moment)}`
      expect(namesIn(yield* get(since("1999-01-01T00:00:00Z")))).toHaveLength(0)
      expect(namesIn(yield* get(since("1970-01-01T01:00:00+01:00")))).toEqual(["com.example/a@1.0.0", TIME, PAYROLL])
      const wrong = ["yesterday", "2025-08-07", "2025-13-07T13:15:04Z"]
      for (const moment of wrong) expect((yield* get(since(moment))).status).toBe(400)
      expect((yield* get(`${since("1970-01-01T00:00:00Z")}&include_deleted=false`)).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-07, R-10: a server taken out of the registry shows as deleted, and as it was when it is back", () =>
    Effect.gen(function* () {
      const { get, publish } = yield* start
      const registry = yield* Registry
      yield* publish("io.mcpgateway/finance..payroll", "2.0.0")
      const deleted = "/v0.1/servers?include_deleted=true"
      yield* registry.remove("/currenttime")
      yield* registry.remove("/finance/payroll")
      const states = (yield* Effect.repeat(get(deleted), {
        until: (answer) => listIn(answer).servers.length === 2,
        times: 200
      })).body
      expect(JSON.stringify(states).match(/"status":"deleted"/g)).toHaveLength(2)
      expect(namesIn(yield* get("/v0.1/servers"))).toEqual([])
      yield* registered(CURRENTTIME, SECRET)
      const back = yield* Effect.repeat(get("/v0.1/servers"), {
        until: (answer) => listIn(answer).servers.length === 2,
        times: 200
      })
      expect(namesIn(back)).toEqual([TIME, "io.mcpgateway/finance..payroll@2.0.0"])
    }).pipe(Effect.provide(layer()))
  )
})

describe("protocol §4: names", () => {
  it.scoped("R-11: encoded or not, once; a version is encoded too", () =>
    Effect.gen(function* () {
      const { get, publish } = yield* start
      yield* publish("com.example/a", "1.0.0+2013")
      for (const name of ["com.example%2Fa", "com.example/a"]) {
        const found = yield* get(`/v0.1/servers/${name}/versions/1.0.0%2B2013`)
        expect(shownIn(found).server.version).toBe("1.0.0+2013")
      }
      expect((yield* get("/v0.1/servers/com.example%252Fa/versions")).status).toBe(404)
      // A path of several segments has a name with one slash, and is found by the replaced system's spelling too.
      for (const name of ["io.mcpgateway/finance..payroll", "io.mcpgateway/finance/payroll"]) {
        expect(namesIn(yield* get(`/v0.1/servers/${name}/versions`))).toEqual([PAYROLL])
        expect(namesIn(yield* get(at(name)))).toEqual([PAYROLL])
      }
      const refused = yield* get(at("io.mcpgateway/currenttime", "/3.0.0"))
      expect([refused.status, refused.body]).toMatchObject([404, { error: "Server version not found" }])
    }).pipe(Effect.provide(layer()))
  )
})
