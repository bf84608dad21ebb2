/** Servers with thousands of tools: what callers are shown is what it would be of a few, only written in pieces. */
import { it } from "@effect/vitest"
import { DiscoveryIndex } from "@mcpgw/discovery/DiscoveryIndex"
import { MAX_TOOLS } from "@mcpgw/registry/Inventory"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { answered } from "../src/longAnswer.ts"
import { call, CURRENTTIME, layer, registered, signedIn, tool } from "./support/plane.ts"

const COUNT = 450
const TOOLS = Array.from({ length: COUNT }, (_, i) => tool(`t${i}`, `Number "${i}" of many\nétés`))
const BIG = { ...CURRENTTIME, path: "/big", server_name: "Big", tool_list: TOOLS }
const views = TOOLS.map(({ name, parsed_description, schema }) => ({ name, parsed_description, schema }))

describe("a server with many tools", () => {
  it.scoped("details and tools of it and of all are whole, and are JSON", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(BIG, CURRENTTIME)
      const cookie = yield* signedIn("admin")
      const get = (path: string) => call(plane, "GET", path, { cookie })
      const details = yield* get("/api/server_details/big")
      expect(details.headers.get("content-type")).toMatch(/^application\/json/)
      expect(details.body).toMatchObject({
        path: "/big",
        num_tools: COUNT,
        headers: [{ "X-Key": "(sealed)" }],
        tool_list: views
      })
      const small = Object((yield* get("/api/server_details/currenttime")).body)
      expect(Object.keys(Object(details.body)).sort()).toEqual(Object.keys(small).sort())
      expect((yield* get("/api/server_details/all")).body).toEqual({ "/big": details.body, "/currenttime": small })
      expect((yield* get("/api/tools/big")).body).toEqual({ service_path: "/big", tools: views, cached: true })
      const all = Object((yield* get("/api/tools/all")).body)
      expect([all.tools.length, all.servers["/big"], all.servers["/currenttime"].length]).toEqual([COUNT + 2, views, 2])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("registering and editing it answer with it, by their own status", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const json = { server_name: "Big", path: "/big", proxy_pass_url: "http://10.0.0.1/", tool_list: TOOLS }
      const made = yield* call(plane, "POST", "/api/register", { cookie, json })
      expect([made.status, made.body]).toMatchObject([
        201,
        { message: "Service registered successfully", service: { num_tools: COUNT, tool_list: views } }
      ])
      const edited = yield* call(plane, "POST", "/api/edit/big", { cookie, json: { description: "other" } })
      expect([edited.status, edited.body]).toMatchObject([
        200,
        { message: "Service updated successfully", service: { description: "other", tool_list: views } }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("those who may call some of them are shown those, and no header", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered({ ...CURRENTTIME, tool_list: [...TOOLS, ...(CURRENTTIME.tool_list ?? [])] })
      const cookie = yield* signedIn("developer")
      const details = yield* call(plane, "GET", "/api/server_details/currenttime", { cookie })
      expect(details.body).toMatchObject({ headers: [], tool_list: [{ name: "current_time_by_timezone" }] })
    }).pipe(Effect.provide(layer()))
  )

  const probed = { status: "healthy", tools: TOOLS, listed: 9_000 } as const
  const full = { ...probed, tools: Array.from({ length: MAX_TOOLS }, (_, i) => tool(`t${i}`)) }

  it.scoped("that lists more than are kept is healthy, and refreshing it says how many are left out", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* registered(CURRENTTIME)
      const refreshed = yield* call(plane, "POST", "/api/refresh/currenttime", { cookie })
      expect(refreshed.body).toMatchObject({
        status: "healthy",
        num_tools: 9_000,
        message:
          "Service /currenttime refreshed successfully; the server lists 9000 tools; the first 5000 are kept and 4000 are left out"
      })
    }).pipe(Effect.provide(layer({ probe: () => full })))
  )

  it.scoped("is searched as the caller: what may not be called takes no place and moves no score", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const index = yield* DiscoveryIndex
      const described = TOOLS.map(({ name }) => tool(name, "current time, time zone, current time"))
      const [server] = yield* registered({
        ...CURRENTTIME,
        tool_list: [...described, tool("current_time_by_timezone")]
      })
      if (server !== undefined) yield* index.upsert(server.record)
      const json = { query: "current time", entity_types: ["tool"] }
      const search = (cookie: string) => call(plane, "POST", "/api/search/semantic", { cookie, json })
      expect((yield* search(yield* signedIn("admin"))).body).toMatchObject({ total_tools: 10 })
      expect((yield* search(yield* signedIn("developer"))).body).toMatchObject({
        total_tools: 1,
        tools: [{ tool_name: "current_time_by_timezone", relevance_score: 1 }]
      })
    }).pipe(Effect.provide(layer()))
  )
})

describe("long answers", () => {
  const entries = fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 201, maxLength: 420, size: "max" })
  const long = fc.record({
    before: fc.option(fc.string(), { nil: undefined }),
    entries,
    inner: fc.record({ 'a"b': entries, none: fc.constant([]) }),
    after: fc.jsonValue({ maxDepth: 2 })
  })

  it("property: the text is that of JSON.stringify", () =>
    fc.assert(
      fc.asyncProperty(long, async (value) => {
        const answer = await Effect.runPromise(answered(value, 201))
        expect(HttpServerResponse.isServerResponse(answer)).toBe(true)
        if (!HttpServerResponse.isServerResponse(answer)) return
        expect(answer.status).toBe(201)
        expect(await HttpServerResponse.toWeb(answer).text()).toBe(JSON.stringify(value))
      }),
      { numRuns: 20 }
    ))

  it.effect("a short one stays what it is", () =>
    Effect.map(answered({ list: [1, 2] }), (answer) => expect(answer).toEqual({ list: [1, 2] }))
  )
})
