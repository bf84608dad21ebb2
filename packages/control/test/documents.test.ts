/** One server as a document: tags, preconditions, patches, who may change what. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, type Sent, SECRET, signedIn, tool } from "./support/plane.ts"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const cookie = yield* signedIn("admin")
  const ask = (method: string, path: string, sent: Sent = {}) => call(plane, method, path, { cookie, ...sent })
  const etag = Effect.map(ask("GET", "/api/servers/currenttime"), ({ headers }) => headers.get("etag") ?? "")
  return { plane, ask, etag }
})

const record = Effect.map(Registry, (registry) => registry.get("/currenttime")?.record)

describe("RFC 9110: entity tags", () => {
  it.scoped("a strong tag that stays while nothing changes, 304 for who has it, and another after a change", () =>
    Effect.gen(function* () {
      const { ask, etag } = yield* start
      const first = yield* etag
      expect(first).toMatch(/^"[\w-]+"$/)
      expect(yield* etag).toBe(first)
      const same = yield* ask("GET", "/api/servers/currenttime", { headers: { "if-none-match": `"x", W/${first}` } })
      expect([same.status, same.text, same.headers.get("etag")]).toEqual([304, "", first])
      const patched = yield* ask("PATCH", "/api/servers/currenttime", { json: { license: "X" } })
      expect(patched.status).toBe(200)
      expect(patched.headers.get("etag")).not.toBe(first)
      expect(yield* etag).toBe(patched.headers.get("etag") ?? "")
      const { body, headers } = yield* ask("GET", "/api/servers/currenttime")
      expect([body, headers.get("vary")]).toEqual([patched.body, "authorization, x-authorization, cookie"])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "issue 6: ratings and checked tools take no edit away and are not lost by one, but whoever reads sees them",
    () =>
      Effect.gen(function* () {
        const { ask, etag } = yield* start
        const read = yield* ask("GET", "/api/servers/currenttime")
        const old = read.headers.get("etag") ?? ""
        expect((yield* ask("POST", "/api/servers/currenttime/rate", { json: { rating: 4 } })).status).toBe(200)
        const rated = yield* etag
        yield* (yield* Registry).setTools("/currenttime", [tool("another")])
        const checked = yield* etag
        expect(new Set([old, rated, checked]).size).toBe(3)
        const cached = yield* ask("GET", "/api/servers/currenttime", { headers: { "if-none-match": old } })
        expect([cached.status, cached.body]).toMatchObject([200, { num_stars: 4, num_tools: 1 }])
        const headers = { "if-match": old }
        const put = yield* ask("PUT", "/api/servers/currenttime", {
          headers,
          json: { ...Object(read.body), description: "mine" }
        })
        expect([put.status, put.body]).toMatchObject([200, { description: "mine", num_stars: 4, num_tools: 1 }])
        // That was an edit: now the old tag is of another version.
        for (const method of ["PUT", "PATCH", "DELETE"]) {
          const late = yield* ask(method, "/api/servers/currenttime", { headers, json: { description: "late" } })
          expect(late.status).toBe(412)
        }
        const half = `"${old.slice(1, 17)}"`
        expect(
          (yield* ask("PATCH", "/api/servers/currenttime", { headers: { "if-match": half }, json: {} })).status
        ).toBe(412)
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("a document that leaves out the stars, or holds old ones, changes none; a patch that names them does", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      yield* ask("POST", "/api/servers/currenttime/rate", { json: { rating: 4 } })
      const json = { server_name: "x", proxy_pass_url: "http://10.0.0.1/" }
      const headers = { "if-match": "*" }
      for (const more of [{}, { num_stars: 1 }]) {
        const put = yield* ask("PUT", "/api/servers/currenttime", { headers, json: { ...json, ...more } })
        expect([put.status, put.body]).toMatchObject([200, { num_stars: 4 }])
      }
      const patched = yield* ask("PATCH", "/api/servers/currenttime", { json: { num_stars: 2 } })
      expect(patched.body).toMatchObject({ num_stars: 2 })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("who sees less of a server gets another tag for it", () =>
    Effect.gen(function* () {
      const { etag, plane } = yield* start
      const cookie = yield* signedIn("developer")
      const seen = yield* call(plane, "GET", "/api/servers/currenttime", { cookie })
      expect([seen.status, seen.text.includes("s3cret-value")]).toEqual([200, false])
      expect(seen.headers.get("etag")).not.toBe(yield* etag)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each(["PATCH", "PUT", "DELETE"])("%s with a tag of before: 412, and nothing changes", (method) =>
    Effect.gen(function* () {
      const { ask, etag } = yield* start
      const old = yield* etag
      yield* ask("PATCH", "/api/servers/currenttime", { json: { description: "newer" } })
      const before = yield* record
      const json = { server_name: "x", proxy_pass_url: "http://10.0.0.1/", description: "late" }
      for (const tag of [old, `W/${yield* etag}`, '"nonsense"']) {
        const late = yield* ask(method, "/api/servers/currenttime", { json, headers: { "if-match": tag } })
        expect([late.status, late.headers.get("content-type")]).toEqual([412, "application/problem+json"])
      }
      expect(yield* record).toEqual(before)
      const fits = yield* ask(method, "/api/servers/currenttime", {
        json,
        headers: { "if-match": `"x", ${yield* etag}` }
      })
      expect(fits.status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("of two changes of one version, made at once, one is refused", () =>
    Effect.gen(function* () {
      const { ask, etag } = yield* start
      const headers = { "if-match": yield* etag }
      const answers = yield* Effect.forEach(
        ["a", "b", "c", "d"],
        (description) => ask("PATCH", "/api/servers/currenttime", { headers, json: { description } }),
        { concurrency: "unbounded" }
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412])
    }).pipe(Effect.provide(layer()))
  )
})

describe("POST and PUT", () => {
  const json = { server_name: "New", path: "/new/one", proxy_pass_url: "http://10.0.0.1/" }

  it.scoped("POST: 201 with Location and ETag, 409 when it is there", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const made = yield* ask("POST", "/api/servers", { json })
      expect([made.status, made.headers.get("location")]).toEqual([201, "/api/servers/new/one"])
      expect(made.body).toMatchObject({
        service: { path: "/new/one", is_enabled: true },
        health: { status: "healthy" }
      })
      const read = yield* ask("GET", "/api/servers/new/one")
      expect(read.headers.get("etag")).toBe(made.headers.get("etag"))
      const again = yield* ask("POST", "/api/servers", { json: { ...json, path: "/NEW/one" } })
      expect([again.status, again.body]).toMatchObject([409, { title: "Conflict", status: 409 }])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("PUT makes what is not there; then it needs If-Match, and what is left out goes back to its default", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const put = (sent: Sent) => ask("PUT", "/api/servers/new/one", sent)
      const { path: _, ...without } = json
      expect((yield* put({ json: without, headers: { "if-match": "*" } })).status).toBe(412)
      const made = yield* put({ json: { ...without, tags: ["a"], license: "MIT" } })
      expect([made.status, made.body]).toMatchObject([201, { path: "/new/one", tags: ["a"] }])
      expect((yield* put({ json: without })).status).toBe(428)
      expect((yield* put({ json: without, headers: { "if-none-match": "*" } })).status).toBe(412)
      const replaced = yield* put({ json: without, headers: { "if-match": "*" } })
      expect([replaced.status, replaced.body]).toMatchObject([200, { tags: [], license: "N/A", is_enabled: true }])
      const missing = yield* put({ json: { description: "only" }, headers: { "if-match": "*" } })
      expect([missing.status, missing.body]).toMatchObject([
        400,
        { errors: [{ field: "server_name" }, { field: "proxy_pass_url" }] }
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("what was read can be sent back with one member changed, and keeps what only the registry sets", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const read = yield* ask("GET", "/api/servers/currenttime")
      const before = yield* record
      const sent = { ...Object(read.body), description: "else" }
      const headers = { "if-match": read.headers.get("etag") ?? "" }
      const answer = yield* ask("PUT", "/api/servers/currenttime", { json: sent, headers })
      expect(answer.status).toBe(200)
      const { credential_ref, headers: shown, updated_at: _, ...after } = Object(yield* record)
      const { headers: given, updated_at: _at, ...kept } = Object(before)
      expect(after).toEqual({ ...kept, description: "else" })
      // A change is what seals the secrets of an older record.
      expect([given, shown, typeof credential_ref]).toEqual([
        [{ "X-Key": "s3cret-value" }],
        [{ "X-Key": "(sealed)" }],
        "string"
      ])
    }).pipe(Effect.provide(layer()))
  )
})

describe("RFC 7396: PATCH", () => {
  it.scoped("changes what is given, null goes back to the default, and the rest stays", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const before = yield* record
      const patch = { description: null, tags: ["new"], auth_type: null, mcp_endpoint: null }
      const answer = yield* ask("PATCH", "/api/servers/currenttime", {
        body: JSON.stringify(patch),
        headers: { "content-type": "application/merge-patch+json" }
      })
      expect(answer.status).toBe(200)
      const { auth_type: _type, mcp_endpoint: _endpoint, ...kept } = before ?? {}
      expect({ ...(yield* record), updated_at: "" }).toEqual({
        ...kept,
        description: "",
        tags: ["new"],
        updated_at: ""
      })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("every wrong member is named at once, those that do not exist too; nothing changes", () =>
    Effect.gen(function* () {
      const { ask } = yield* start
      const before = yield* record
      const json = {
        server_name: null,
        tags: ["a", 1],
        nonsense: 1,
        tool_list: "x",
        headers: [{ "Bad Name": "s3cret" }],
        proxy_pass_url: "ftp://u:pw@h/",
        mcp_endpoint: "http://169.254.169.254/"
      }
      const answer = yield* ask("PATCH", "/api/servers/currenttime", { json })
      expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "application/problem+json"])
      const errors: ReadonlyArray<{ field: string }> = Object(answer.body).errors
      expect(errors.map(({ field }) => field).toSorted()).toEqual(
        ["headers", "mcp_endpoint", "nonsense", "proxy_pass_url", "server_name", "tags.1", "tool_list"].toSorted()
      )
      expect(answer.text).not.toMatch(/s3cret|pw@/)
      expect(yield* record).toEqual(before)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("to switch is not to modify: an operator switches and edits nothing else; 403 is 403", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const cookie = yield* signedIn("operator")
      const patch = (json: unknown) => call(plane, "PATCH", "/api/servers/currenttime", { cookie, json })
      expect((yield* patch({ is_enabled: false })).status).toBe(200)
      expect((yield* record)?.is_enabled).toBe(false)
      expect((yield* patch({ is_enabled: true, description: "mine" })).status).toBe(403)
      expect((yield* patch({ is_enabled: false, description: "mine" })).status).toBe(403)
      expect((yield* patch({})).status).toBe(403)
      expect((yield* record)?.is_enabled).toBe(false)
      for (const method of ["PUT", "DELETE"]) {
        const json = { server_name: "x", proxy_pass_url: "http://10.0.0.1/" }
        const headers = { "if-match": "*" }
        expect((yield* call(plane, method, "/api/servers/currenttime", { cookie, json, headers })).status).toBe(403)
      }
      expect((yield* call(plane, "GET", "/api/servers/finance/payroll", { cookie })).status).toBe(403)
    }).pipe(Effect.provide(layer()))
  )
})
