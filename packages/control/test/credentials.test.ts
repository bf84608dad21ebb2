import { it } from "@effect/vitest"
import type { ServerRecord } from "@mcpgw/domain/Server"
import { Registry } from "@mcpgw/registry/Registry"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import * as CredentialSync from "../src/credentialSync.ts"
import { call, layer, registered, signedIn } from "./support/plane.ts"

const SCOPES = `
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
    register_service: [all]
    health_check_service: [all]
    toggle_service: [all]
    modify_service: [all]
  editors:
    list_service: [time]
    register_service: [time]
    modify_service: [time]
  readers:
    list_service: [time]
group_mappings:
  mcp-registry-admin: [mcp-registry-admin, all]
  mcp-registry-developer: [editors, time]
  mcp-registry-user: [readers, time]
all:
  - server: "*"
    methods: [all]
    tools: [all]
time:
  - server: time
    methods: [all]
    tools: [all]
`

const FIELDS = { name: "time", path: "/time", proxy_pass_url: "https://time.example.com/mcp" }

const sentTo = (path = "/time") =>
  Effect.gen(function* () {
    const record = (yield* Registry).get(path)?.record
    return record === undefined ? undefined : (yield* Vault).storedFor(record)
  })

const recordOf = (path = "/time") =>
  Effect.map(Registry, (registry): ServerRecord | undefined => registry.get(path)?.record)

describe("contracts §2.9, S-01: credentials of servers", () => {
  it.scoped("SECURITY: given at registration, edit and PUT; sent, and in no answer, record, log or audit row", () => {
    const lines: Array<string> = []
    const logger = Logger.make((entry) => lines.push(Logger.stringLogger.log(entry)))
    return Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const json = {
        ...FIELDS,
        auth_scheme: "bearer",
        auth_credential: "S3CRET-1",
        headers: [{ "X-Team": "S3CRET-2" }]
      }
      const answers = [yield* call(plane, "POST", "/api/register", { cookie, json })]
      expect(answers[0]).toMatchObject({
        status: 201,
        body: { service: { auth_scheme: "bearer", has_credential: true, headers: [{ "X-Team": "(sealed)" }] } }
      })
      expect((yield* sentTo())?.headers).toEqual({ authorization: "Bearer S3CRET-1", "x-team": "S3CRET-2" })
      const form = { auth_scheme: "api_key", auth_header_name: "X-Time", auth_credential: "S3CRET-3" }
      answers.push(yield* call(plane, "POST", "/api/edit/time", { cookie, form }))
      expect((yield* sentTo())?.headers).toEqual({ "x-time": "S3CRET-3", "x-team": "S3CRET-2" })
      const headers = [{ "x-team": "(sealed)" }, { "X-Other": "S3CRET-4" }]
      answers.push(yield* call(plane, "PUT", "/api/credentials/time/", { cookie, json: { headers } }))
      expect((yield* sentTo())?.headers).toEqual({ "x-time": "S3CRET-3", "x-team": "S3CRET-2", "x-other": "S3CRET-4" })
      answers.push(yield* call(plane, "GET", "/api/credentials/time", { cookie }))
      expect(answers.at(-1)?.body).toEqual({
        service_path: "/time",
        auth_scheme: "api_key",
        auth_header_name: "X-Time",
        has_credential: true,
        credential_set_at: "1970-01-01T00:00:00.000Z",
        header_names: ["x-team", "X-Other"],
        problem: null
      })
      answers.push(yield* call(plane, "GET", "/api/server_details/all", { cookie }))
      answers.push(yield* call(plane, "GET", "/api/servers", { cookie }))
      answers.push(yield* call(plane, "DELETE", "/api/credentials/time", { cookie }))
      expect(answers.at(-1)?.body).toMatchObject({ auth_scheme: "none", has_credential: false })
      expect((yield* sentTo())?.headers).toEqual({ "x-team": "S3CRET-2", "x-other": "S3CRET-4" })
      expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200, 200, 200])
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      const everything = [...lines, ...answers.map(({ text }) => text), JSON.stringify([rows, yield* recordOf()])].join(
        "\n"
      )
      expect(everything).not.toMatch(/S3CRET/)
      expect(answers.map(({ text }) => text).join()).not.toContain("credential_ref")
    }).pipe(
      Effect.provide(layer()),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.All)
    )
  })

  it.scoped("another scheme begins with its own header, unless one is given with it", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const key = { auth_scheme: "api_key", auth_header_name: "X-Time", auth_credential: "S3CRET-1" }
      yield* call(plane, "POST", "/api/register", { cookie, json: { ...FIELDS, ...key } })
      const put = (json: object) =>
        Effect.map(call(plane, "PUT", "/api/credentials/time", { cookie, json }), ({ body }) => body)
      // The same scheme anew: what is sent is another value, where it was.
      expect(yield* put({ auth_scheme: "api_key", auth_credential: "S3CRET-2" })).toMatchObject({
        auth_header_name: "X-Time"
      })
      expect(yield* put({ auth_scheme: "bearer", auth_credential: "S3CRET-3" })).toMatchObject({
        auth_scheme: "bearer",
        auth_header_name: null
      })
      expect((yield* sentTo())?.headers).toEqual({ authorization: "Bearer S3CRET-3" })
      expect(yield* put({ auth_scheme: "api_key" })).toMatchObject({ auth_header_name: "X-API-Key" })
      expect((yield* sentTo())?.headers).toEqual({ "x-api-key": "S3CRET-3" })
      expect(yield* put({ auth_scheme: "bearer" })).toMatchObject({ auth_header_name: null })
      expect(yield* put({ auth_scheme: "api_key", auth_header_name: "X-Mine" })).toMatchObject({
        auth_header_name: "X-Mine"
      })
      const gone = yield* call(plane, "DELETE", "/api/credentials/time", { cookie })
      expect(gone.body).toMatchObject({ auth_scheme: "none", auth_header_name: null })
      const form = { auth_scheme: "api_key", auth_header_name: "X-Time", auth_credential: "S3CRET-4" }
      yield* call(plane, "POST", "/api/edit/time", { cookie, form })
      yield* call(plane, "POST", "/api/edit/time", { cookie, form: { auth_scheme: "bearer" } })
      expect((yield* recordOf())?.auth_header_name).toBeUndefined()
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("what can not be kept is refused by its field, without repeating it", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const wrong = [
        [{ auth_scheme: "bearer" }, "auth_credential"],
        [{ auth_scheme: "none", auth_credential: "S3CRET" }, "auth_credential"],
        [{ auth_scheme: "bearer", auth_credential: "S3CRET\r\nx: 1" }, "auth_credential"],
        [{ auth_scheme: "basic", auth_credential: "S3CRET" }, "auth_scheme"],
        [{ auth_credential: 5309117 }, "auth_credential"],
        [{ auth_scheme: "api_key", auth_header_name: "Host", auth_credential: "S3CRET" }, "auth_header_name"],
        [{ auth_scheme: "api_key", auth_header_name: "x_user", auth_credential: "S3CRET" }, "auth_header_name"],
        [{ headers: [{ "Mcp-Session-Id": "S3CRET" }] }, "headers.Mcp-Session-Id"],
        [{ headers: [{ "X-Forwarded-For": "S3CRET" }] }, "headers.X-Forwarded-For"],
        [{ headers: [{ "X-Key": "(sealed)" }] }, "headers"],
        [{ health_interval_seconds: 1 }, "health_interval_seconds"]
      ] as const
      for (const [fields, field] of wrong) {
        const answer = yield* call(plane, "POST", "/api/register", { cookie, json: { ...FIELDS, ...fields } })
        expect([answer.status, answer.body]).toMatchObject([400, { field }])
        expect(answer.text).not.toMatch(/S3CRET|5309117/)
      }
      expect(yield* recordOf()).toBeUndefined()
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a credential alone says enough: bearer, or the key of the header that is named", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/register", { cookie, json: { ...FIELDS, auth_credential: "Bearer abc" } })
      expect((yield* sentTo())?.headers).toEqual({ authorization: "Bearer abc" })
      const other = { ...FIELDS, path: "/other", name: "other", auth_credential: "abc", auth_header_name: "X-K" }
      yield* call(plane, "POST", "/api/register", { cookie, form: other })
      expect((yield* sentTo("/other"))?.headers).toEqual({ "x-k": "abc" })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a document that is put back whole keeps the credential; null, and an empty text, take it away", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const more = { auth_scheme: "api_key", auth_header_name: "X-K", headers: [{ "X-Team": "a" }] }
      yield* call(plane, "POST", "/api/register", { cookie, json: { ...FIELDS, ...more, auth_credential: "abc" } })
      const read = yield* call(plane, "GET", "/api/servers/time", { cookie })
      const headers = { "if-match": read.headers.get("etag") ?? "" }
      expect((yield* call(plane, "PUT", "/api/servers/time", { cookie, headers, body: read.text })).status).toBe(200)
      expect((yield* sentTo())?.headers).toEqual({ "x-k": "abc", "x-team": "a" })
      for (const gone of [null, ""]) {
        const patched = yield* call(plane, "PATCH", "/api/servers/time", { cookie, json: { auth_credential: gone } })
        expect([patched.status, patched.body]).toMatchObject([200, { has_credential: false, auth_scheme: "api_key" }])
        expect(yield* sentTo()).toMatchObject({ headers: {}, problem: expect.stringContaining("no credential") })
        yield* call(plane, "PATCH", "/api/servers/time", { cookie, json: { auth_credential: "abc" } })
      }
      yield* call(plane, "PATCH", "/api/servers/time", { cookie, json: { auth_scheme: null, auth_header_name: null } })
      expect((yield* sentTo())?.headers).toEqual({ "x-team": "a" })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("SECURITY: set by who may edit the server, shown to nobody else, denied by default", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* call(plane, "POST", "/api/register", { cookie: yield* signedIn("admin"), json: FIELDS })
      const json = { auth_scheme: "bearer", auth_credential: "abc" }
      for (const [role, status] of [
        ["user", 403],
        ["none", 404],
        ["developer", 200],
        ["admin", 200]
      ] as const) {
        const cookie = yield* signedIn(role)
        expect((yield* call(plane, "PUT", "/api/credentials/time", { cookie, json })).status).toBe(status)
        expect((yield* call(plane, "GET", "/api/credentials/time", { cookie })).status).toBe(status)
        expect((yield* call(plane, "DELETE", "/api/credentials/time", { cookie })).status).toBe(status)
      }
      expect((yield* call(plane, "PUT", "/api/credentials/time", { json })).status).toBe(401)
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("SECURITY: who moves a server elsewhere does not take its credential along", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const [admin, editor] = [yield* signedIn("admin"), yield* signedIn("developer")]
      const edit = (cookie: string, json: unknown) => call(plane, "POST", "/api/edit/time", { cookie, json })
      const json = { ...FIELDS, auth_scheme: "bearer", auth_credential: "abc", headers: [{ "X-Key": "def" }] }
      yield* call(plane, "POST", "/api/register", { cookie: admin, json })
      for (const field of ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"]) {
        expect((yield* edit(editor, { [field]: "https://evil.example/" })).status).toBe(200)
        expect(yield* sentTo()).toMatchObject({ headers: {}, problem: expect.stringContaining("no credential") })
        // Back again it is still gone; and an administrator's edit of something else does not bring it.
        yield* edit(editor, { [field]: field === "proxy_pass_url" ? FIELDS.proxy_pass_url : "" })
        yield* edit(admin, { headers: [] })
        expect((yield* sentTo())?.headers).toEqual({})
        yield* edit(admin, { auth_scheme: "bearer", auth_credential: "abc", headers: [{ "X-Key": "def" }] })
        expect((yield* sentTo())?.headers).toEqual({ authorization: "Bearer abc", "x-key": "def" })
      }
      const kept = yield* edit(editor, { proxy_pass_url: "https://evil.example/", headers: [{ "X-Key": "(sealed)" }] })
      expect(kept.status).toBe(400)
      // An administrator who names every address takes it along.
      expect((yield* edit(admin, { proxy_pass_url: "https://time2.example.com/" })).status).toBe(200)
      expect((yield* sentTo())?.headers).toEqual({ authorization: "Bearer abc", "x-key": "def" })
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("SECURITY: a server registered where another was has none of its credential", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      yield* call(plane, "POST", "/api/register", { cookie, json: { ...FIELDS, auth_credential: "abc" } })
      const before = yield* recordOf()
      yield* call(plane, "DELETE", "/api/servers/time", { cookie })
      if (before !== undefined) expect((yield* Vault).secretsOf(before)).toBeUndefined()
      yield* call(plane, "POST", "/api/register", { cookie, json: FIELDS })
      expect(yield* sentTo()).toEqual({ headers: {}, problem: undefined })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("SECURITY: what the environment holds is lent by administrators alone, and stays where they lent it", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const [admin, editor] = [yield* signedIn("admin"), yield* signedIn("developer")]
      const headers = [{ Authorization: "Bearer $SRE_AUTH_TOKEN" }]
      const refused = yield* call(plane, "POST", "/api/register", { cookie: editor, json: { ...FIELDS, headers } })
      expect([refused.status, refused.body]).toMatchObject([
        400,
        { expected: expect.stringContaining("administrator") }
      ])
      yield* call(plane, "POST", "/api/register", { cookie: admin, json: { ...FIELDS, headers } })
      expect((yield* recordOf())?.headers).toEqual(headers)
      expect((yield* sentTo())?.problem).toContain("SRE_AUTH_TOKEN is not set")
      const edit = (json: unknown) => call(plane, "POST", "/api/edit/time", { cookie: editor, json })
      expect((yield* edit({ headers })).status).toBe(200)
      expect((yield* edit({ headers: [{ "X-A": "$OTHER_AUTH_TOKEN" }] })).status).toBe(400)
      expect((yield* edit({ proxy_pass_url: "https://evil.example/", headers })).status).toBe(400)
      expect((yield* edit({ proxy_pass_url: "https://evil.example/" })).status).toBe(200)
      expect((yield* sentTo())?.headers).toEqual({})
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.live("contracts §2.9: headers of an old record, and of one that any import makes, are sealed by themselves", () =>
    Effect.gen(function* () {
      const old = { server_name: "a", proxy_pass_url: "https://a.example/", headers: [{ "X-Key": "S3CRET" }] }
      yield* registered({ ...old, path: "/old" })
      yield* Effect.gen(function* () {
        yield* registered({ ...old, path: "/imported" })
        for (const path of ["/old", "/imported"]) {
          const sealed = Effect.filterOrFail(recordOf(path), (record) => record?.credential_ref !== undefined)
          const record = yield* Effect.retry(
            sealed,
            Schedule.intersect(Schedule.recurs(200), Schedule.spaced("10 millis"))
          ).pipe(Effect.option)
          expect(record).toMatchObject({ _tag: "Some", value: { headers: [{ "X-Key": "(sealed)" }] } })
          expect(yield* sentTo(path)).toEqual({ headers: { "x-key": "S3CRET" }, problem: undefined })
        }
      }).pipe(Effect.provide(CredentialSync.layer))
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})
