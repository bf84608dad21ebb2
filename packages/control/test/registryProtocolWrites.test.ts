/** The official registry protocol, row by row (protocol.md §4): publishing, editing, status, validation, and what is not supported. */
import { it } from "@effect/vitest"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, type Role, signedIn } from "./support/plane.ts"
import { document, expectShape, namesIn, officialIn, shownIn } from "./support/protocol.ts"

const NAME = "com.example/a"
const VERSIONS = "/v0.1/servers/com.example%2Fa/versions"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME)
  const cookies = new Map<Role, string>()
  for (const role of ["admin", "developer", "user"] as const) cookies.set(role, yield* signedIn(role))
  return (method: string, path: string, json?: unknown, role: Role = "admin") =>
    call(plane, method, path, { cookie: cookies.get(role) ?? "", ...(json === undefined ? {} : { json }) })
})

describe("protocol §4: publish", () => {
  it.scoped(
    "R-03: of the document's own _meta what the publisher may say stays, and nothing reaches the outer one",
    () =>
      Effect.gen(function* () {
        const send = yield* start
        const meta = {
          "io.modelcontextprotocol.registry/publisher-provided": { tool: "ci" },
          "io.modelcontextprotocol.registry/official": { status: "active", isLatest: false },
          "io.mcpgateway/internal": { path: "/elsewhere" }
        }
        const answer = yield* send("POST", "/v0/publish", document(NAME, "1.0.0", { _meta: meta }))
        expect(officialIn(answer).isLatest).toBe(true)
        expect(shownIn(answer).server["_meta"]).toEqual({
          "io.modelcontextprotocol.registry/publisher-provided": { tool: "ci" }
        })
        const long = { "io.modelcontextprotocol.registry/publisher-provided": { text: "x".repeat(4_090) } }
        const refused = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.1", { _meta: long }))
        expect([refused.status, refused.text.includes("publisher-provided")]).toEqual([422, true])
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("a document that is only published keeps its remotes, without the values of secrets (protocol §4.3)", () =>
    Effect.gen(function* () {
      const send = yield* start
      const url = "https://{tenant}.example.net/mcp?project={project}"
      const secret = { name: "X-Key", value: "s3cret {part}", isSecret: true, isRequired: true }
      const nested = { name: "X-Other", value: "a {b}", variables: { b: { isSecret: true, default: "s3cret" } } }
      const remotes = [{ type: "streamable-http", url, headers: [secret, nested] }]
      const answer = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0", { remotes }))
      const headers = [
        { name: "X-Key", isSecret: true, isRequired: true },
        { ...nested, variables: { b: { isSecret: true } } }
      ]
      expect(shownIn(answer).server["remotes"]).toEqual([{ type: "streamable-http", url, headers }])
      expect((yield* send("GET", `${VERSIONS}/latest`)).body).toEqual(answer.body)
      expect((yield* send("GET", "/v0.1/servers?search=com.example")).text).toContain(JSON.stringify(url))
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "remotes that nobody could be shown are refused with what to do, not dropped; a server here lets them in",
    () =>
      Effect.gen(function* () {
        const send = yield* start
        const urls = ["https://a.example.net/mcp", "http://10.1.2.3/mcp", "https://me:s3cret@a.example.net/mcp"]
        const remotes = urls.map((url) => ({ type: "streamable-http", url }))
        const inner = document(NAME, "1.0.0", { remotes })
        const refused = yield* send("POST", "/v0.1/publish", inner)
        expect([refused.status, refused.body]).toMatchObject([
          422,
          { errors: [{ location: "body.remotes.1.url" }, { location: "body.remotes.2.url" }] }
        ])
        expect(refused.text).toContain("register the server at '/com.example-a' first")
        expect(refused.text).not.toMatch(/10\.1\.2\.3|s3cret/)
        yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0"))
        expect((yield* send("PUT", `${VERSIONS}/1.0.0`, inner)).status).toBe(422)
        yield* registered({ ...CURRENTTIME, path: "/com.example-a", server_name: "a" })
        const edited = yield* send("PUT", `${VERSIONS}/1.0.0`, inner)
        expect(shownIn(edited).server["remotes"]).toMatchObject([
          { url: "https://mcp.example.com/com.example-a/mcp" },
          { type: "sse" }
        ])
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("contracts §2.15: where a server that is registered here runs is not shown, nor when it is gone", () =>
    Effect.gen(function* () {
      const send = yield* start
      const remotes = [{ type: "streamable-http", url: "https://internal.example.net/mcp" }]
      const packages = [
        { registryType: "npm", identifier: "@example/a", version: "1.0.0", transport: { type: "stdio" } }
      ]
      yield* registered({ ...CURRENTTIME, path: "/com.example-a", server_name: "a" })
      const answer = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0", { remotes, packages }))
      expect(shownIn(answer).server).toMatchObject({
        packages,
        remotes: [{ url: "https://mcp.example.com/com.example-a/mcp" }, { type: "sse" }]
      })
      expect(answer.text).not.toContain("internal.example.net")
      yield* send("DELETE", "/api/servers/com.example-a")
      const read = send("GET", `${VERSIONS}/1.0.0?include_deleted=true`)
      const gone = yield* Effect.repeat(read, {
        until: (answer) => officialIn(answer).status === "deleted",
        times: 100
      })
      expect(officialIn(gone).status).toBe("deleted")
      expect(gone.text).not.toContain("internal.example.net")
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("issue 6: no internal host leaks by a package or any other address of a published document", () =>
    Effect.gen(function* () {
      const send = yield* start
      yield* registered({ ...CURRENTTIME, path: "/com.example-a", server_name: "a" })
      const at = (url: string) => ({
        registryType: "npm",
        identifier: "@example/a",
        version: "1.0.0",
        transport: { type: "streamable-http", url }
      })
      const own = ["http://localhost:{port}/mcp", "http://127.0.0.1:9000/mcp", "https://{host}/mcp"].map(at)
      const elsewhere = [
        "https://internal.example.net/mcp",
        "http://10.1.2.3:8080/mcp",
        "http://0x0a010203/mcp",
        "http://[fd00::7]:{port}/mcp",
        "http://backend:8080/mcp",
        "http://{zone}.backend.internal/mcp",
        "http://me:secret@backend.corp:{port}/mcp"
      ].map(at)
      const more = {
        remotes: [{ type: "streamable-http", url: "https://internal.example.net/mcp" }],
        packages: [...elsewhere, ...own],
        websiteUrl: "https://INTERNAL.example.net/",
        repository: { url: "https://git.internal/a", source: "git" },
        icons: [{ src: "http://10.1.2.3/a.png" }, { src: "https://example.org/a.png" }],
        other: { at: "http://backend/" },
        _meta: { "io.modelcontextprotocol.registry/publisher-provided": { at: "ssh://git.internal/" } }
      }
      const answer = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0", more))
      expect(shownIn(answer).server).toMatchObject({ packages: own, icons: [{ src: "https://example.org/a.png" }] })
      expect(answer.text).not.toMatch(/internal\.example|git\.internal|10\.1\.2\.3|0x0a|fd00|backend/i)
      const plain = {
        websiteUrl: "https://example.org/",
        repository: { url: "https://github.com/a/b", source: "github" }
      }
      const open = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.1", plain))
      expect(shownIn(open).server).toMatchObject(plain)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-09: a version is published once, and is no range", () =>
    Effect.gen(function* () {
      const send = yield* start
      yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0"))
      const twice = yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0", { title: "other" }))
      expect(twice.status).toBe(400)
      expectShape("Error", twice)
      for (const version of ["latest", "^1.2.3", "~1", ">=1", "<2", "1.x", "1.*", "*", "1 || 2", "1.0 - 2.0", ""]) {
        const refused = yield* send("POST", "/v0.1/publish", document(NAME, version))
        expect([version, refused.status]).toEqual([version, 422])
      }
      for (const version of ["1.0.0-alpha.x-1", "2026-01-01", "v2", "1.0.0+x86"]) {
        expect((yield* send("POST", "/v0.1/publish", document(NAME, version))).status).toBe(200)
      }
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-12: everything that is wrong with a document is named at once; no JSON is 400", () =>
    Effect.gen(function* () {
      const send = yield* start
      const wrong = { name: "no-slash", description: "", version: "1.0.0", remotes: [{ type: "sse", url: "ftp://x" }] }
      const refused = yield* send("POST", "/v0.1/publish", wrong)
      expect([refused.status, refused.headers.get("content-type")]).toEqual([422, "application/problem+json"])
      expect(refused.body).toMatchObject({
        status: 422,
        errors: [{ location: "body.name" }, { location: "body.description" }, { location: "body.remotes.0.url" }]
      })
      expect((yield* send("POST", "/v0.1/publish", [])).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("only administrators change anything, and the audit log says what", () =>
    Effect.gen(function* () {
      const send = yield* start
      yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0"))
      const attempts = [
        ["POST", "/v0.1/publish", document(NAME, "2.0.0")],
        ["PUT", `${VERSIONS}/1.0.0`, document(NAME, "1.0.0")],
        ["DELETE", `${VERSIONS}/1.0.0`, undefined],
        ["PATCH", `${VERSIONS}/1.0.0/status`, { status: "deprecated" }],
        ["PATCH", "/v0.1/servers/com.example%2Fa/status", { status: "deleted" }]
      ] as const
      for (const role of ["developer", "user"] as const) {
        for (const [method, path, json] of attempts) {
          const refused = yield* send(method, path, json, role)
          expect([method, path, refused.status]).toEqual([method, path, 403])
          expectShape("Error", refused)
        }
      }
      expect(namesIn(yield* send("GET", VERSIONS))).toEqual([`${NAME}@1.0.0`])
      const rows = yield* (yield* AuditRows).read
      expect(rows.filter(({ rule, decision }) => rule === "api:v01_publish" && decision === "deny")).toHaveLength(2)
      expect(rows.filter(({ rule, decision }) => rule === "api:v01_publish" && decision === "allow")).toMatchObject([
        { server: "/com.example-a" }
      ])
    }).pipe(Effect.provide(layer()))
  )
})

describe("protocol §4: status and edit", () => {
  it.scoped("R-10: deprecated is listed, deleted is not, and both can be undone", () =>
    Effect.gen(function* () {
      const send = yield* start
      yield* send("POST", "/v0.1/publish", document(NAME, "1.0.0"))
      const set = (json: object) => send("PATCH", `${VERSIONS}/1.0.0/status`, json)
      const deprecated = yield* set({ status: "deprecated", statusMessage: "use b" })
      expect(officialIn(deprecated)).toMatchObject({ status: "deprecated", statusMessage: "use b" })
      expect(namesIn(yield* send("GET", "/v0.1/servers?search=com.example"))).toHaveLength(1)
      expect((yield* set({ status: "deprecated", statusMessage: "use b" })).status).toBe(400)
      expect((yield* set({ status: "active", statusMessage: "why" })).status).toBe(400)
      expect((yield* set({ status: "gone" })).status).toBe(422)
      expect((yield* set({ status: "deprecated", statusMessage: "x".repeat(501) })).status).toBe(422)
      expect(officialIn(yield* send("DELETE", `${VERSIONS}/1.0.0`)).status).toBe("deleted")
      for (const path of [VERSIONS, `${VERSIONS}/1.0.0`, `${VERSIONS}/latest`]) {
        expect((yield* send("GET", path)).status).toBe(404)
        expect((yield* send("GET", `${path}?include_deleted=true`)).status).toBe(200)
      }
      expect(officialIn(yield* set({ status: "active" }))).not.toHaveProperty("statusMessage")
      expect((yield* send("GET", `${VERSIONS}/latest`)).status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-10: all versions at once, or none", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const version of ["1.0.0", "2.0.0"]) yield* send("POST", "/v0.1/publish", document(NAME, version))
      const all = yield* send("PATCH", "/v0.1/servers/com.example/a/status", { status: "deprecated" })
      expectShape("AllVersionsStatusResponse", all)
      expect(all.body).toMatchObject({ updatedCount: 2 })
      expect((yield* send("PATCH", "/v0.1/servers/com.example%2Fz/status", { status: "deleted" })).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-08, R-10: a deleted version is not the latest while another lives", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const version of ["1.0.0", "2.0.0"]) yield* send("POST", "/v0.1/publish", document(NAME, version))
      yield* send("DELETE", `${VERSIONS}/2.0.0`)
      expect(shownIn(yield* send("GET", `${VERSIONS}/latest`)).server.version).toBe("1.0.0")
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "an edit replaces the document and keeps name and version; a registered server has its own from then on",
    () =>
      Effect.gen(function* () {
        const send = yield* start
        const own = "/v0.1/servers/io.mcpgateway%2Fcurrenttime/versions"
        const name = "io.mcpgateway/currenttime"
        const edited = yield* send("PUT", `${own}/1.0.0`, document(name, "1.0.0", { description: "Better words" }))
        expect(shownIn(edited).server).toMatchObject({ description: "Better words", remotes: [{}, {}] })
        expect(namesIn(yield* send("GET", "/v0.1/servers"))).toEqual([`${name}@1.0.0`])
        expect((yield* send("PUT", `${own}/1.0.0`, document(NAME, "1.0.0"))).status).toBe(400)
        expect((yield* send("PUT", `${own}/1.0.0`, document(name, "1.0.1"))).status).toBe(400)
        expect((yield* send("PUT", `${own}/9.0.0`, document(name, "9.0.0"))).status).toBe(404)
        expect((yield* send("PUT", `${VERSIONS}/1.0.0`, document(NAME, "1.0.0"))).status).toBe(404)
      }).pipe(Effect.provide(layer()))
  )
})

describe("protocol §4: the rest", () => {
  it.scoped("validate says what is wrong and publishes nothing", () =>
    Effect.gen(function* () {
      const send = yield* start
      const good = yield* send("POST", "/v0.1/validate", document(NAME, "1.0.0"), "user")
      expect(good.body).toEqual({ valid: true, issues: [] })
      const bad = yield* send("POST", "/v0.1/validate", { name: NAME, version: "latest" }, "user")
      expect(bad.body).toMatchObject({
        valid: false,
        issues: [
          { type: "schema", path: "description", message: "is needed", severity: "error" },
          { path: "version", message: "must be one version; `latest` is the word for the newest one" }
        ]
      })
      expect((yield* send("GET", VERSIONS)).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("R-14: exchanging tokens is 501, an unknown route 404, a known one with another method 405", () =>
    Effect.gen(function* () {
      const send = yield* start
      for (const way of ["github-at", "github-oidc", "oidc", "dns", "http"]) {
        const refused = yield* send("POST", `/v0/auth/${way}`, {})
        expect(refused.status).toBe(501)
        expectShape("Error", refused)
      }
      expect((yield* send("GET", "/v0.1/servers/com.example%2Fa")).status).toBe(404)
      expect((yield* send("DELETE", "/v0.1/publish")).status).toBe(405)
    }).pipe(Effect.provide(layer()))
  )
})
