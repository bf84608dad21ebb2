/** `/api/import/registry`: who may, what is refused, and an import from its start to its report. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import { layer } from "./support/plane.ts"
import { namesIn } from "./support/protocol.ts"
import { FROM, PATH, servers, start, textOf } from "./support/registryImports.ts"

const asked: Array<string> = []
const registryFetch = (url: string): Promise<Response> => {
  asked.push(url)
  return Promise.resolve(Response.json({ servers, metadata: { count: 3 } }))
}

describe("issue 6: imports by the API", () => {
  it.scopedLive("202, then how far it is, then what became of each entry; the imported are listed, and off", () =>
    Effect.gen(function* () {
      const send = yield* start
      const begun = yield* send("POST", PATH, { from: FROM })
      expect([begun.status, begun.body]).toMatchObject([
        202,
        { state: "running", from: `${FROM}/v0.1`, created_by: "admin", resumed_by: null }
      ])
      const path = `${PATH}/${textOf(begun, "id")}`
      let report = yield* send("GET", path)
      while (textOf(report, "state") === "running") report = yield* Effect.delay(send("GET", path), "5 millis")
      expect(report.body).toMatchObject({
        state: "finished",
        seen: 3,
        created: 2,
        refused: 1,
        next: 3,
        items: [
          { name: "com.example/a", path: "/com.example-a", outcome: "created" },
          { name: "com.example/b", outcome: "created" },
          { name: "com.example/c", outcome: "refused", field: "server.description", reason: "is needed" }
        ]
      })
      expect((yield* send("GET", `${path}?after=2`)).body).toMatchObject({
        items: [{ name: "com.example/c" }],
        next: 3
      })
      expect(asked[0]).toBe(`${FROM}/v0.1/servers?limit=100&version=latest`)
      const listed = yield* send("GET", "/v0.1/servers")
      expect(namesIn(listed)).toEqual(["com.example/a@1.0.0", "com.example/b@2.0.0"])
      expect(listed.text).not.toContain("a.example.com")
      expect((yield* Registry).get("/com.example-b")?.record).toMatchObject({ server_name: "B", is_enabled: false })
      expect((yield* send("GET", PATH)).body).toMatchObject({ imports: [{ state: "finished", created: 2 }] })
    }).pipe(Effect.provide(layer({ registryFetch })))
  )

  it.scopedLive("a mirror waits for its next run until it is cancelled", () =>
    Effect.gen(function* () {
      const send = yield* start
      const begun = yield* send("POST", PATH, { from: FROM, mirror: true })
      const path = `${PATH}/${textOf(begun, "id")}`
      let report = yield* send("GET", path)
      while (textOf(report, "state") === "running") report = yield* Effect.delay(send("GET", path), "5 millis")
      expect(report.body).toMatchObject({ state: "waiting", interval_seconds: 3600, next_at: expect.any(String) })
      expect((yield* send("DELETE", path)).body).toMatchObject({ state: "cancelled" })
      expect((yield* send("DELETE", `${PATH}/none`)).status).toBe(404)
    }).pipe(Effect.provide(layer({ registryFetch })))
  )

  it.scopedLive("administrators alone, and wrong fields by name", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const role of ["developer", "user"] as const) {
        expect((yield* send("POST", PATH, { from: FROM }, role)).status).toBe(403)
        expect((yield* send("GET", PATH, undefined, role)).status).toBe(403)
        expect((yield* send("DELETE", `${PATH}/x`, undefined, role)).status).toBe(403)
      }
      for (const [field, wrong] of [
        ["from", { from: "registry" }],
        ["from", { from: "https://ann:hush@registry.example.com" }],
        ["from", { from: `${FROM}/?key=hush` }],
        ["interval_seconds", { from: FROM, mirror: true, interval_seconds: 1 }],
        ["names", { from: FROM, names: [] }],
        ["variables.0", { from: FROM, variables: ["lower"] }],
        ["form", { form: FROM }]
      ] as const) {
        const refused = yield* send("POST", PATH, wrong)
        expect([refused.status, refused.body]).toMatchObject([400, { field }])
        expect(refused.text).not.toMatch(/something else|hush/)
      }
      // What is resumed goes on with what it was asked for: all that it would not heed is refused, and nothing begins.
      const more = { dry_run: true, enable: false, mirror: false, interval_seconds: 60, names: ["a"], variables: [] }
      const heedless = yield* send("POST", PATH, { from: FROM, resume: true, ...more, auth_credential: "hush" })
      expect([heedless.status, heedless.body]).toMatchObject([
        400,
        {
          errors: ["names", "enable", "dry_run", "mirror", "interval_seconds", "variables"].map((field) => ({
            field,
            expected: expect.stringContaining("with resume it must be left out")
          }))
        }
      ])
      expect(heedless.text).not.toContain("hush")
      const nothing = yield* send("POST", PATH, { from: FROM, resume: true })
      expect([nothing.status, nothing.body]).toMatchObject([404, { error: expect.stringContaining(`from ${FROM}`) }])
    }).pipe(Effect.provide(layer({ registryFetch })))
  )

  it.scopedLive("which import was begun, resumed by whom with a new credential, or cancelled is on record", () => {
    const registryFetch = (): Promise<Response> => Promise.resolve(new Response("", { status: 401 }))
    return Effect.gen(function* () {
      const send = yield* start
      const rules = Effect.map((yield* AuditRows).read, (rows) => rows.map(({ outcome, rule }) => [rule, outcome]))
      const secret = { auth_credential: "s3cret" }
      const ids: Array<string> = []
      for (const asked of [{}, { resume: true }, { resume: true, ...secret }, secret]) {
        const begun = yield* send("POST", PATH, { from: FROM, ...asked })
        ids.push(textOf(begun, "id"))
        let report = begun
        while (textOf(report, "state") === "running")
          report = yield* Effect.delay(send("GET", `${PATH}/${ids.at(-1)}`), "5 millis")
      }
      yield* send("DELETE", `${PATH}/${ids[0]}`)
      yield* send("DELETE", `${PATH}/no%0Aid`)
      yield* send("POST", PATH, { from: "https://none.example.com", resume: true })
      const [one, , , other] = ids
      expect(ids).toEqual([one, one, one, other])
      expect(yield* rules).toEqual([
        [`api:import_registry:${one}`, "ok"],
        [`api:resume_import:${one}`, "ok"],
        [`api:resume_import_with_credential:${one}`, "ok"],
        [`api:import_registry_with_credential:${other}`, "ok"],
        [`api:cancel_import:${one}`, "ok"],
        ["api:cancel_import", "refused"],
        ["api:resume_import", "refused"]
      ])
    }).pipe(Effect.provide(layer({ registryFetch })))
  })
})
