import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, type Sent, signedIn } from "./support/plane.ts"

const words = fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,10}[A-Za-z]$/)
const address = fc.stringMatching(/^[a-z]{1,10}$/).map((host) => `http://${host}.example.com/`)

/** Every field of an edit that a form can send as one text. */
const edits = fc.record(
  {
    server_name: words,
    description: words,
    license: words,
    auth_provider: words,
    auth_type: words,
    proxy_pass_url: address,
    mcp_endpoint: address,
    sse_endpoint: address,
    num_stars: fc.integer({ min: 0, max: 5 }),
    num_tools: fc.nat({ max: 90 }),
    is_python: fc.boolean(),
    tags: fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 3 })
  },
  { requiredKeys: [] }
)

const asForm = (edit: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(edit).map(([key, value]) => [key, Array.isArray(value) ? value.join(", ") : String(value)])
  )

describe("contracts §2.8: edit never wipes", () => {
  it.scoped.each(["form", "json"])("property: an edit of any fields by %s leaves all the others", (kind) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const registry = yield* Registry
      const cookie = yield* signedIn("admin")
      yield* registered(CURRENTTIME)
      yield* Effect.forEach(fc.sample(edits, { numRuns: 40, seed: 11 }), (edit) =>
        Effect.gen(function* () {
          const before = registry.get("/currenttime")?.record
          const sent: Sent = kind === "form" ? { form: asForm(edit) } : { json: edit }
          const answer = yield* call(plane, "POST", "/api/edit/currenttime", { cookie, ...sent })
          expect(answer.status).toBe(200)
          const after = registry.get("/currenttime")?.record
          expect({ ...after, updated_at: "" }).toEqual({ ...before, ...edit, updated_at: "" })
        })
      )
      // What no edit named is as it was registered.
      expect(registry.get("/currenttime")?.record).toMatchObject({
        headers: CURRENTTIME.headers,
        tool_list: CURRENTTIME.tool_list,
        supported_transports: CURRENTTIME.supported_transports
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("an empty edit, nulls and empty number inputs change nothing; an empty optional text is taken away", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const registry = yield* Registry
      const cookie = yield* signedIn("admin")
      yield* registered(CURRENTTIME)
      const before = registry.get("/currenttime")?.record
      const edit = (sent: Sent) => call(plane, "POST", "/api/edit/currenttime", { cookie, ...sent })
      for (const sent of [
        { json: {} },
        { json: { headers: null, tags: null } },
        { form: { num_stars: "", headers: "" } }
      ]) {
        expect((yield* edit(sent)).status).toBe(200)
        expect(registry.get("/currenttime")?.record).toEqual(before)
      }
      yield* edit({ form: { mcp_endpoint: "" } })
      expect(registry.get("/currenttime")?.record.mcp_endpoint).toBeUndefined()
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("the path stays, and so does the switch", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const registry = yield* Registry
      const cookie = yield* signedIn("admin")
      yield* registered(CURRENTTIME)
      const moved = yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: { path: "/elsewhere" } })
      expect([moved.status, moved.body]).toMatchObject([400, { field: "path", held: '"/elsewhere"' }])
      expect(
        (yield* call(plane, "POST", "/api/edit/currenttime", {
          cookie,
          json: { path: "currenttime/", is_enabled: false }
        })).status
      ).toBe(200)
      expect(registry.get("/currenttime")?.record.is_enabled).toBe(true)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a browser's form is sent back to the console", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      const answer = yield* call(plane, "POST", "/api/edit/currenttime", {
        cookie,
        form: { license: "X" },
        headers: { accept: "text/html" }
      })
      expect([answer.status, answer.headers.get("location"), answer.text]).toEqual([303, "/", ""])
    }).pipe(Effect.provide(layer()))
  )
})
