/** R-01 … R-12 against the published OpenAPI: each of the three reads, each of its parameters and each of its statuses; and that ours tells them so. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, signedIn } from "./support/plane.ts"
import { document, expectPublished, listIn, PUBLISHED_READS } from "./support/protocol.ts"
import ours from "./golden/openapi.json" with { type: "json" }

const NAME = "com.example/my-server"
const BUILD = "1.0.0+20130313144700"

/** A plane with two versions of the server that the published examples name, one of them deleted. */
const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookie = yield* signedIn("admin")
  const send = (method: string, path: string, json?: object) =>
    call(plane, method, path, { cookie, ...(json === undefined ? {} : { json }) })
  for (const version of [BUILD, "1.2.3"]) {
    expect((yield* send("POST", "/v0.1/publish", document(NAME, version))).status).toBe(200)
  }
  const status = `/v0.1/servers/${encodeURIComponent(NAME)}/versions/${encodeURIComponent(BUILD)}/status`
  expect((yield* send("PATCH", status, { status: "deleted" })).status).toBe(200)
  return (path: string) => send("GET", path)
})

/** The path with the published examples in it. */
const filled = (path: string): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => PUBLISHED_READS[path]?.parameters[name]?.example ?? "")

/** What our own document tells of a read. */
const parametersOf = (path: string): ReadonlyArray<unknown> => {
  const [, methods] = Object.entries(ours.paths).find(([one]) => one === path) ?? []
  return methods !== undefined && "get" in methods ? methods.get.parameters : []
}

describe("the published OpenAPI of the registry protocol", () => {
  for (const [path, { parameters, responses }] of Object.entries(PUBLISHED_READS)) {
    it.scoped(`R-01, R-02, R-11, R-12: GET ${path}: every parameter alone, and the shape of what comes`, () =>
      Effect.gen(function* () {
        const get = yield* start
        const at = filled(path)
        const query = Object.entries(parameters).filter(([, one]) => one.in === "query")
        expectPublished(path, yield* get(at))
        for (const [name, { example }] of query) {
          const answer = yield* get(`${at}?${name}=${encodeURIComponent(example)}`)
          expectPublished(path, answer)
          expect(answer.status, name).toBe(200)
        }
        const seen = new Set<string>()
        for (const one of [at, `${at}?include_deleted=true`, at.replace("my-server", "none")]) {
          const answer = yield* get(one)
          expectPublished(path, answer)
          seen.add(String(answer.status))
        }
        expect([...seen].toSorted()).toEqual(Object.keys(responses))
      }).pipe(Effect.provide(layer()))
    )
  }

  it.scoped("R-07, R-10: include_deleted is false unless it is sent, in each of the reads", () =>
    Effect.gen(function* () {
      const get = yield* start
      for (const path of Object.keys(PUBLISHED_READS)) {
        const [absent, without, all] = yield* Effect.forEach(
          ["", "?include_deleted=false", "?include_deleted=true"],
          (q) => get(filled(path) + q)
        )
        expect(absent?.text, path).toBe(without?.text)
        expect(absent?.text, path).not.toContain(BUILD)
        expect(all?.text, path).toContain(BUILD)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-04: a cursor is what the page before told, and what it tells is a text", () =>
    Effect.gen(function* () {
      const get = yield* start
      const first = listIn(yield* get("/v0.1/servers?limit=1&include_deleted=true"))
      const cursor = encodeURIComponent(first.metadata.nextCursor ?? "none")
      const second = yield* get(`/v0.1/servers?limit=1&include_deleted=true&cursor=${cursor}`)
      expectPublished("/v0.1/servers", second)
      expect(listIn(second).servers[0]?.server.version).not.toBe(first.servers[0]?.server.version)
    }).pipe(Effect.provide(layer()))
  )

  it("R-01, R-04 … R-07: our own OpenAPI has each published parameter, in its place and of its type", () => {
    for (const [path, { parameters }] of Object.entries(PUBLISHED_READS)) {
      const told = parametersOf(path)
      for (const [name, { in: place, required, schema }] of Object.entries(parameters)) {
        expect(told, path).toContainEqual({ name, in: place, required, schema: expect.objectContaining(schema) })
      }
      expect(told, path).toHaveLength(Object.keys(parameters).length)
    }
  })
})
