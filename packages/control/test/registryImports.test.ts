/** `/api/import/registry`: who may, what is refused, and an import from its start to its report. */
import { it } from "@effect/vitest"
import { ImportChanged } from "@mcpgw/registry/import/ImportError"
import { Imports } from "@mcpgw/registry/import/Imports"
import type { SourceCredential } from "@mcpgw/registry/import/SourceFetch"
import { Registry } from "@mcpgw/registry/Registry"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { type Answer, call, layer, type Role, signedIn } from "./support/plane.ts"
import { document, namesIn } from "./support/protocol.ts"

const FROM = "https://registry.example.com"
const PATH = "/api/import/registry"
const remotes = [{ type: "streamable-http", url: "https://a.example.com/mcp" }]

/** Two servers and an entry that is none. */
const servers = [
  { server: document("com.example/a", "1.0.0", { remotes }) },
  { server: document("com.example/b", "2.0.0", { remotes, title: "B" }) },
  { server: { name: "com.example/c" } }
]

const asked: Array<string> = []
const registryFetch = (url: string): Promise<Response> => {
  asked.push(url)
  return Promise.resolve(Response.json({ servers, metadata: { count: 3 } }))
}

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookies = new Map<Role, string>()
  for (const role of ["admin", "developer", "user"] as const) cookies.set(role, yield* signedIn(role))
  return (method: string, path: string, json?: unknown, role: Role = "admin") =>
    call(plane, method, path, { cookie: cookies.get(role) ?? "", ...(json === undefined ? {} : { json }) })
})

const textOf = ({ body }: Answer, key: string): string =>
  typeof body === "object" && body !== null ? String(Reflect.get(body, key)) : ""

describe("issue 6: imports by the API", () => {
  it.scopedLive("202, then how far it is, then what became of each entry; the imported are listed, and off", () =>
    Effect.gen(function* () {
      const send = yield* start
      const begun = yield* send("POST", PATH, { from: FROM })
      expect([begun.status, begun.body]).toMatchObject([
        202,
        { state: "running", from: `${FROM}/v0.1`, created_by: "admin" }
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

  it.scopedLive(
    "409 for an import that another administrator turned meanwhile; of a credential for it none is kept",
    () =>
      Effect.gen(function* () {
        const imports = yield* Imports
        const late = Effect.fail(new ImportChanged({ from: FROM }))
        const send = yield* Effect.provideService(start, Imports, {
          ...imports,
          resume: () => late,
          cancel: () => late
        })
        for (const refused of [
          yield* send("POST", PATH, { from: FROM, resume: true, auth_credential: "s3cret" }),
          yield* send("DELETE", `${PATH}/one`)
        ]) {
          expect([refused.status, refused.body]).toMatchObject([409, { error: expect.stringMatching(/meanwhile/) }])
        }
        expect(yield* (yield* Vault).unnamed(new Set())).toEqual([])
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

  it.scopedLive("S-01: a credential is sealed, passed on by its name alone, and shown to nobody", () => {
    const given: Array<SourceCredential | undefined> = []
    const says = { status: 401 }
    const registryFetch = (_url: string, _signal: AbortSignal, credential: SourceCredential | undefined) => {
      given.push(credential)
      return Promise.resolve(Response.json({ servers, metadata: {} }, says))
    }
    return Effect.gen(function* () {
      const send = yield* start
      const vault = yield* Vault
      const texts: Array<string> = []
      const over = (begun: Answer) =>
        Effect.gen(function* () {
          let report = begun
          while (textOf(report, "state") === "running") {
            report = yield* Effect.delay(send("GET", `${PATH}/${textOf(begun, "id")}`), "5 millis")
          }
          texts.push(begun.text, report.text, (yield* send("GET", PATH)).text)
          return report.body
        })
      const storedFor = (at: number, ref = given.at(at)?.ref) =>
        vault.storedFor({ path: `import:${FROM}/v0.1`, headers: [], proxy_pass_url: FROM, credential_ref: ref ?? "" })
      expect(yield* over(yield* send("POST", PATH, { from: FROM, mirror: true }))).toMatchObject({
        state: "waiting",
        has_credential: false,
        problem: expect.stringMatching(/401: it wants a credential[^]*auth_credential[^]*--from-token-file/)
      })
      const wrong = { from: FROM, mirror: true, auth_credential: "s3cret-one" }
      expect(yield* over(yield* send("POST", PATH, wrong))).toMatchObject({
        has_credential: true,
        problem: expect.stringMatching(/401: it does not take the credential/)
      })
      expect(given.at(-1)?.source).toBe(`${FROM}/v0.1`)
      expect(storedFor(-1).headers).toEqual({ authorization: "Bearer s3cret-one" })
      says.status = 200
      const again = { from: FROM, resume: true, auth_credential: "s3cret-two", auth_header_name: "X-Key" }
      const resumed = yield* send("POST", PATH, again)
      expect(yield* over(resumed)).toMatchObject({ state: "waiting", problem: null, created: 2, has_credential: true })
      expect(storedFor(-1).headers).toEqual({ "x-key": "s3cret-two" })
      const ended = yield* send("DELETE", `${PATH}/${textOf(resumed, "id")}`)
      expect(ended.body).toMatchObject({ state: "cancelled", has_credential: false })
      expect(storedFor(-1).problem).toMatch(/is not there/)
      expect(texts.join("")).not.toMatch(/s3cret/)
    }).pipe(Effect.provide(layer({ registryFetch })))
  })

  it.scopedLive("S-01: a credential that can not be sent is refused by its field, and none is repeated or kept", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const [field, wrong] of [
        ["from", { from: "http://registry.example.com", auth_credential: "s3cret" }],
        ["from", { from: "https://u:s3cret@registry.example.com", auth_credential: "s3cret" }],
        ["auth_credential", { from: FROM, auth_credential: { s3cret: true } }],
        ["auth_credential", { from: FROM, auth_credential: "s3cret\nx" }],
        ["auth_header_name", { from: FROM, auth_credential: "s3cret", auth_header_name: "Host" }],
        ["auth_scheme", { from: FROM, auth_credential: "s3cret", auth_scheme: "basic" }],
        ["interval_seconds", { from: FROM, auth_credential: "s3cret", mirror: true, interval_seconds: 1 }]
      ] as const) {
        const refused = yield* send("POST", PATH, wrong)
        expect([refused.status, refused.body]).toMatchObject([400, { field }])
        expect(refused.text).not.toContain("s3cret")
      }
      const nothing = yield* send("POST", PATH, { from: FROM, resume: true, auth_credential: "s3cret" })
      expect(nothing.status).toBe(404)
    }).pipe(Effect.provide(layer({ registryFetch })))
  )
})
