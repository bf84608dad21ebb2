/** The list of servers: pages, filters, orders. */
import { it } from "@effect/vitest"
import type { Registration } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, SECRET, signedIn } from "./support/plane.ts"

interface Page {
  readonly servers: ReadonlyArray<{ readonly path: string }>
  readonly total: number
  readonly next_cursor: string | null
}

const server = (i: number): Registration => ({
  server_name: `Server ${String.fromCharCode(97 + (i % 3))}`,
  path: `/s${i}`,
  proxy_pass_url: `http://10.0.0.1:${8000 + i}/`,
  tags: [i % 2 === 0 ? "Even" : "odd", "all"],
  num_stars: i % 5,
  supported_transports: [i === 3 ? "sse" : "streamable-http"],
  is_enabled: i !== 4
})

const start = (...servers: ReadonlyArray<Registration>) =>
  Effect.gen(function* () {
    const plane = yield* ControlPlane.make
    yield* registered(...servers)
    const cookie = yield* signedIn("admin")
    const page = (query: string) =>
      Effect.map(call(plane, "GET", `/api/servers?${query}`, { cookie }), ({ body }): Page => Object(body))
    const paths = (query: string) => Effect.map(page(query), ({ servers }) => servers.map(({ path }) => path))
    return { plane, cookie, page, paths }
  })

describe("pages", () => {
  it.scoped.each(["name", "-name", "path", "-path", "stars", "-stars", "updated", "-tools"])(
    "sort=%s: the pages together are the whole list, each server once",
    (sort) =>
      Effect.gen(function* () {
        const { page, paths } = yield* start(...Array.from({ length: 11 }, (_, i) => server(i)))
        const whole = yield* paths(`sort=${sort}`)
        const seen: Array<string> = []
        let cursor: string | null = ""
        while (cursor !== null) {
          const next: Page = yield* page(`sort=${sort}&limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`)
          expect(next.total).toBe(11)
          seen.push(...next.servers.map(({ path }) => path))
          cursor = next.next_cursor
        }
        expect(seen).toEqual(whole)
        expect(new Set(seen).size).toBe(11)
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("a server that goes or comes between two pages neither repeats nor hides another", () =>
    Effect.gen(function* () {
      const { page, paths } = yield* start(...Array.from({ length: 6 }, (_, i) => server(i)))
      const first = yield* page("sort=path&limit=2")
      yield* (yield* Registry).remove("/s1")
      yield* registered({ ...server(0), path: "/a" })
      expect(yield* paths(`sort=path&limit=2&cursor=${first.next_cursor}`)).toEqual(["/s2", "/s3"])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(["limit=0", "limit=1001", "limit=x", "cursor=nonsense", "enabled=maybe", "sort=size"])(
    "%s: 400 with the field",
    (query) =>
      Effect.gen(function* () {
        const { cookie, plane } = yield* start()
        const answer = yield* call(plane, "GET", `/api/servers?${query}`, { cookie })
        expect([answer.status, answer.body]).toMatchObject([400, { field: query.split("=")[0] }])
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("a cursor of another order is refused", () =>
    Effect.gen(function* () {
      const { cookie, page, plane } = yield* start(server(1), server(2))
      const { next_cursor } = yield* page("limit=1")
      const answer = yield* call(plane, "GET", `/api/servers?limit=1&sort=path&cursor=${next_cursor}`, { cookie })
      expect(answer.status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )
})

describe("filters", () => {
  it.scoped("narrow by tag, switch, health, transport, who registered and words, together", () =>
    Effect.gen(function* () {
      const { cookie, paths, plane } = yield* start(...Array.from({ length: 6 }, (_, i) => server(i)))
      const sorted = (query: string) => paths(`sort=path&${query}`)
      expect(yield* sorted("tag=even")).toEqual(["/s0", "/s2", "/s4"])
      expect(yield* sorted("tag=even,all&enabled=true")).toEqual(["/s0", "/s2"])
      expect(yield* sorted("enabled=false")).toEqual(["/s4"])
      expect(yield* sorted("health=disabled")).toEqual(["/s4"])
      expect(yield* sorted("transport=sse")).toEqual(["/s3"])
      expect(yield* sorted("registered_by=nobody")).toEqual([])
      expect(yield* sorted("registered_by=seed&query=SERVER+A")).toEqual(["/s0", "/s3"])
      const { body } = yield* call(plane, "GET", "/api/servers?tag=odd&limit=1", { cookie })
      expect(body).toMatchObject({ total: 3, servers: [{ path: "/s3" }] })
    }).pipe(Effect.provide(layer()))
  )

  const WRONG: ReadonlyArray<readonly [query: string, error: object]> = [
    ["limit=x", { field: "limit", held: '"x"', expected: "it must be an integer from 1 to 1000" }],
    ["limit=0", { field: "limit", held: '"0"', expected: "it must be an integer from 1 to 1000" }],
    ["transport=pigeon", { field: "transport", expected: 'it must be "streamable-http", "sse" or "stdio"' }],
    ["enabled=maybe", { field: "enabled", held: '"maybe"', expected: 'it must be "true" or "false"' }],
    [
      "health=sick",
      {
        field: "health",
        held: '"sick"',
        expected:
          "it must be healthy, healthy-auth-expired, checking, unknown, disabled, unhealthy or error, or how one of them begins"
      }
    ],
    [
      "colour=red",
      {
        field: "colour",
        expected: "it may be query, tag, enabled, health, transport, registered_by, sort, limit or cursor"
      }
    ],
    ["Bearer%20S3CRET=1", { field: "(hidden)" }],
    ["tag=a&tag=b", { field: "tag", held: "several values" }]
  ]
  it.scoped.each(WRONG)("a value or a name that none of them has is refused: %s", ([query, error]) =>
    Effect.gen(function* () {
      const { cookie, plane } = yield* start(server(1))
      const answer = yield* call(plane, "GET", `/api/servers?${query}`, { cookie })
      expect([answer.status, answer.body]).toMatchObject([400, error])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("health by how it begins, and by what only a failed check says", () =>
    Effect.gen(function* () {
      const { paths } = yield* start(server(1))
      for (const health of ["unh", "unhealthy", "unhealthy: timeout", "error: x", ""])
        expect(yield* paths(`health=${encodeURIComponent(health)}`)).toEqual(health === "" ? ["/s1"] : [])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("total counts what the caller may see, and nothing else", () =>
    Effect.gen(function* () {
      const { plane } = yield* start(CURRENTTIME, SECRET)
      const cookie = yield* signedIn("developer")
      const { body } = yield* call(plane, "GET", "/api/servers?limit=10", { cookie })
      expect(body).toMatchObject({ total: 1, next_cursor: null, servers: [{ path: "/currenttime" }] })
    }).pipe(Effect.provide(layer()))
  )
})

describe("the order by name", () => {
  it.scoped("property: is that of a fresh sort after any changes", () =>
    Effect.gen(function* () {
      const { page } = yield* start()
      const registry = yield* Registry
      const changes = fc.array(fc.tuple(fc.nat(7), fc.constantFrom("add", "remove", "rename", "toggle"), fc.nat(9)), {
        maxLength: 12
      })
      yield* Effect.forEach(fc.sample(changes, { numRuns: 25, seed: 7 }), (made) =>
        Effect.gen(function* () {
          for (const [i, kind, name] of made) {
            const path = `/s${i}`
            if (kind === "add") yield* Effect.option(registry.register({ ...server(name), path }, "x"))
            if (kind === "remove") yield* Effect.option(registry.remove(path))
            if (kind === "rename") yield* Effect.option(registry.update(path, { server_name: `Server ${9 - name}` }))
            if (kind === "toggle") yield* Effect.option(registry.toggle(path, name > 4))
          }
          const expected = [...registry.snapshot().servers.values()]
            .map(({ record }) => record)
            .sort((a, b) => a.server_name.localeCompare(b.server_name, "en") || (a.path < b.path ? -1 : 1))
          expect((yield* page("limit=1000")).servers.map(({ path }) => path)).toEqual(expected.map(({ path }) => path))
        })
      )
    }).pipe(Effect.provide(layer()))
  )
})
