import { it } from "@effect/vitest"
import { DiscoveryError, DiscoveryIndex, type Hit, type SearchQuery } from "@mcpgw/discovery/DiscoveryIndex"
import type { Registration } from "@mcpgw/domain/Server"
import { MetricsSamples } from "@mcpgw/telemetry/Metrics"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { expectGolden } from "./support/golden.ts"
import { ControlPlaneConfig } from "../src/ControlPlaneConfig.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, SECRET, signedIn, tool } from "./support/plane.ts"

/** Indexed here and now: the background follower is tested where it lives. */
const indexed = (...registrations: ReadonlyArray<Registration>) =>
  Effect.gen(function* () {
    const index = yield* DiscoveryIndex
    const servers = yield* registered(...registrations)
    yield* Effect.forEach(servers, ({ record }) => index.upsert(record))
  })

const registryOnly = Layer.merge(
  layer(),
  ControlPlaneConfig.layerOf({ publicUrl: PUBLIC_URL, deploymentMode: "registry-only" })
)

const search = (plane: ControlPlane.ControlPlane, cookie: string, json: unknown) =>
  call(plane, "POST", "/api/search/semantic", { cookie, json })

/** Holds questions until it is told to let them go. */
const holding = () => {
  const gate = Promise.withResolvers<void>()
  const held = {
    asked: 0,
    release: () => gate.resolve(),
    wait: Effect.suspend(() => {
      held.asked++
      return Effect.promise(() => gate.promise)
    })
  }
  return held
}

describe("contracts §1.16: search", () => {
  const waiting = holding()

  it.scoped("the answer's shape", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* indexed(CURRENTTIME, SECRET)
      const answer = yield* search(plane, yield* signedIn("admin"), { query: "time" })
      // Scores are the index's business.
      expectGolden("search", JSON.parse(answer.text.replace(/"relevance_score":[\d.]+/g, '"relevance_score":0')))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("registry-only: hits lead to the servers themselves, without a query; null where there is nowhere", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const { mcp_endpoint: _, ...bare } = CURRENTTIME
      yield* indexed(
        { ...bare, proxy_pass_url: "https://clock.example.com/?key=s3cret" },
        { ...bare, server_name: "Clock inside", path: "/inside", proxy_pass_url: "in-process://x" }
      )
      const { body, text } = yield* search(plane, yield* signedIn("admin"), { query: "clock" })
      const { servers, tools } = Object(body)
      const urls = [...servers, ...tools].map((hit) => [hit.path ?? hit.server_path, hit.endpoint_url] as const)
      expect(new Map(urls)).toEqual(
        new Map([
          ["/currenttime", "https://clock.example.com/mcp"],
          ["/inside", null]
        ])
      )
      expect(text).not.toMatch(/s3cret|mcp\.example\.com/)
    }).pipe(Effect.provide(registryOnly))
  )

  it.scoped("finds only what the caller may use; disabled servers are not found", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* indexed(CURRENTTIME, SECRET)
      const developer = yield* signedIn("developer")
      const found = yield* search(plane, developer, { query: "clock time salaries" })
      expect(found.body).toMatchObject({
        servers: [{ path: "/currenttime", matching_tools: [{ tool_name: "current_time_by_timezone" }] }],
        tools: [{ tool_name: "current_time_by_timezone" }],
        total_servers: 1,
        total_tools: 1
      })
      expect(found.text).not.toMatch(/payroll|set_clock/)
      const admin = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/toggle/currenttime", { cookie: admin, form: {} })
      expect((yield* search(plane, developer, { query: "clock" })).body).toMatchObject({
        total_servers: 0,
        total_tools: 0
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("tags are AND and in any case; entity types and max_results are kept to", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* indexed(CURRENTTIME, SECRET)
      const cookie = yield* signedIn("admin")
      const paths = (json: unknown) =>
        Effect.map(search(plane, cookie, json), ({ body }) => [
          Object(body).servers.map(({ path }: { path: string }) => path),
          Object(body).total_tools
        ])
      expect(yield* paths({ query: "clock", tags: ["TIME", "clock"], entity_types: ["mcp_server"] })).toEqual([
        ["/currenttime"],
        0
      ])
      expect(yield* paths({ query: "clock", tags: ["time", "money"] })).toEqual([[], 0])
      expect(yield* paths({ query: "time clock", entity_types: ["tool"], max_results: 1 })).toEqual([[], 1])
      expect(yield* paths({ query: "clock", entity_types: ["skill"] })).toEqual([[], 0])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each([
    { json: {}, field: "query" },
    { json: { query: "  " }, field: "query" },
    { json: { query: "x", max_results: 51 }, field: "max_results" },
    { json: { query: "x", entity_types: ["dragon"] }, field: "entity_types.0" }
  ])("400 names $field", ({ field, json }) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const answer = yield* search(plane, yield* signedIn("user"), json)
      expect([answer.status, answer.body]).toMatchObject([400, { field, expected: expect.any(String) }])
    }).pipe(Effect.provide(layer()))
  )

  const HIDDEN = 600
  const hits: ReadonlyArray<Hit> = [
    ...Array.from({ length: HIDDEN }, (_, i): Hit => ({
      kind: "tool",
      path: "/finance/payroll",
      tool: `t${i}`,
      score: 0.9
    })),
    { kind: "tool", path: "/currenttime", tool: "current_time_by_timezone", score: 0.1 }
  ]

  it.scoped("hits the caller may not see do not starve those they may; metrics record the search", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME, { ...SECRET, tool_list: Array.from({ length: HIDDEN }, (_, i) => tool(`t${i}`)) })
      const answer = yield* search(plane, yield* signedIn("developer"), { query: "time" })
      expect(answer.body).toMatchObject({ tools: [{ tool_name: "current_time_by_timezone" }] })
      const samples = yield* Effect.flatMap(MetricsSamples, ({ read }) => read)
      expect(samples).toContainEqual({ type: "tool_discovery", success: true, results: 1, seconds: expect.any(Number) })
    }).pipe(Effect.provide(DiscoveryIndex.layerOf(hits)), Effect.provide(layer()))
  )

  it.scoped("429 for one person's fifth question at a time, with a time to come back; others are answered", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const [user, developer] = [yield* signedIn("user"), yield* signedIn("developer")]
      const five = yield* Effect.fork(
        Effect.all(
          Array.from({ length: 5 }, () => search(plane, user, { query: "x" })),
          { concurrency: "unbounded" }
        )
      )
      const others = yield* Effect.fork(search(plane, developer, { query: "x" }))
      yield* Effect.repeat(
        Effect.promise(() => new Promise((resume) => setImmediate(resume))),
        {
          until: () => waiting.asked === 5
        }
      )
      waiting.release()
      const answers = yield* Fiber.join(five)
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 429])
      expect(answers.find(({ status }) => status === 429)?.headers.get("retry-after")).toBe("1")
      expect((yield* Fiber.join(others)).status).toBe(200)
      expect((yield* search(plane, user, { query: "x" })).status).toBe(200)
    }).pipe(
      Effect.provide(
        Layer.effect(
          DiscoveryIndex,
          Effect.map(DiscoveryIndex, (index) => ({
            ...index,
            search: (query: SearchQuery) => Effect.zipRight(waiting.wait, index.search(query))
          }))
        ).pipe(Layer.provide(DiscoveryIndex.layerOf([])))
      ),
      Effect.provide(layer())
    )
  )

  it.scoped("503 while the index can not be reached", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      expect((yield* search(plane, yield* signedIn("user"), { query: "x" })).status).toBe(503)
      const samples = yield* Effect.flatMap(MetricsSamples, ({ read }) => read)
      expect(samples).toContainEqual({
        type: "tool_discovery",
        success: false,
        results: 0,
        seconds: expect.any(Number)
      })
    }).pipe(
      Effect.provide(
        Layer.effect(
          DiscoveryIndex,
          Effect.map(DiscoveryIndex, (index) => ({
            ...index,
            search: () => Effect.fail(new DiscoveryError({ cause: "down" }))
          }))
        ).pipe(Layer.provide(DiscoveryIndex.layerOf([])))
      ),
      Effect.provide(layer())
    )
  )
})
