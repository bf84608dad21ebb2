/** The import of the replaced system's files over HTTP: JSON and multipart, who may, what is reported. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, ROLES, type Sent, signedIn } from "./support/plane.ts"

const FILE = {
  server_name: "Atlassian",
  description: "d",
  path: "/atlassian/",
  proxy_pass_url: "http://10.0.0.5:8005/",
  auth_type: "api-key",
  headers: [{ Authorization: "Bearer $ATLASSIAN_AUTH_TOKEN" }],
  tool_list: [{ name: "t", parsed_description: { main: "T" }, schema: {} }],
  secret_extra: "kept"
}

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookie = yield* signedIn("admin")
  const send = (sent: Sent) => call(plane, "POST", "/api/import/servers", { cookie, ...sent })
  return { plane, send }
})

/** A form as curl -F sends it. */
const multipart = (
  parts: ReadonlyArray<readonly [name: string, filename: string | undefined, text: string]>
): Sent => ({
  headers: { "content-type": "multipart/form-data; boundary=XX" },
  body: `${parts
    .map(
      ([name, filename, text]) =>
        `--XX\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n${text}\r\n`
    )
    .join("")}--XX--\r\n`
})

describe("POST /api/import/servers", () => {
  it.scoped("JSON: dry run, then for good, then nothing left to do", () =>
    Effect.gen(function* () {
      const { plane, send } = yield* start
      const body = { servers: { "atlassian.json": FILE }, server_state: { "/atlassian": true } }
      const dry = yield* send({ json: { ...body, dry_run: true } })
      expect(dry.body).toMatchObject({ dry_run: true, created: 1, scopes: null })
      expect((yield* Registry).get("/atlassian")).toBeUndefined()
      const done = yield* send({ json: body })
      expect(done.body).toMatchObject({
        created: 1,
        refused: 0,
        items: [{ file: "atlassian.json", path: "/atlassian", result: "created", errors: [] }]
      })
      expect((yield* send({ json: body })).body).toMatchObject({ created: 0, unchanged: 1 })
      expect((yield* send({ json: [FILE] })).body).toMatchObject({ unchanged: 1, items: [{ file: "servers.0" }] })
      const admin = yield* call(plane, "GET", "/api/servers/atlassian", { cookie: yield* signedIn("admin") })
      expect(admin.body).toMatchObject({ is_enabled: true, other_fields: { secret_extra: "kept" } })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "multipart: the folder's files as they are, with scopes.yml told about; what is wrong is refused by name",
    () =>
      Effect.gen(function* () {
        const { send } = yield* start
        const answer = yield* send(
          multipart([
            ["f", "atlassian.json", JSON.stringify(FILE)],
            ["f", "broken.json", "{"],
            [
              "f",
              "bad.json",
              JSON.stringify({ path: "/x", proxy_pass_url: "http://169.254.169.254/", server_name: "x" })
            ],
            ["f", "server_state.json", '{"/atlassian/": true, "/gone": false}'],
            ["f", "service_index_metadata.json", "{}"],
            ["scopes", "scopes.yml", DEFAULT_SCOPES],
            ["dry_run", undefined, "false"]
          ])
        )
        expect(answer.body).toMatchObject({
          dry_run: false,
          created: 1,
          refused: 2,
          items: [
            { result: "created" },
            { result: "refused", errors: [{ field: "file" }] },
            { result: "refused", errors: [{ field: "proxy_pass_url", expected: expect.stringMatching(/link-local/) }] }
          ],
          scopes: { valid: true, problem: null },
          notes: [expect.stringMatching(/service_index_metadata/), expect.stringMatching(/\/gone/)]
        })
        expect((yield* Registry).get("/atlassian")?.record).toMatchObject({ is_enabled: true, trusted_address: true })
        const bad = yield* send(multipart([["scopes", "scopes.yml", "group_mappings: [x]"]]))
        expect(bad.body).toMatchObject({ scopes: { valid: false, problem: expect.stringMatching(/group_mappings/) } })
        const state = yield* send(multipart([["f", "server_state.json", '{"/a": "on"}']]))
        expect(state.status).toBe(400)
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("nobody but administrators, by Basic too; the UI permissions decide item by item", () =>
    Effect.gen(function* () {
      const { plane, send } = yield* start
      expect((yield* send({ json: [FILE], cookie: yield* signedIn("developer") })).status).toBe(403)
      expect((yield* call(plane, "POST", "/api/import/servers", { json: [FILE] })).status).toBe(401)
      const refused = yield* send({ json: [FILE] })
      expect(refused.body).toMatchObject({ refused: 1, items: [{ errors: [{ field: "server_name" }] }] })
      yield* (yield* Accounts).put({ username: "root", groups: ROLES.admin }, "correct horse battery")
      const headers = { authorization: `Basic ${btoa("root:correct horse battery")}` }
      const basic = yield* call(plane, "POST", "/api/import/servers", { json: [], headers })
      expect([basic.status, basic.body]).toMatchObject([200, { items: [] }])
    }).pipe(
      Effect.provide(
        layer({
          scopes: `
group_mappings: {mcp-registry-admin: [mcp-registry-admin]}
UI-Scopes: {mcp-registry-admin: {list_service: [all], register_service: [other]}}
`
        })
      )
    )
  )

  it.scoped.each(["{", '"x"', "{}", '{"servers": 1}', '{"servers": [], "server_state": {"/a": "on"}}'])(
    "%s: 400",
    (body) =>
      Effect.gen(function* () {
        const { send } = yield* start
        expect((yield* send({ body })).status).toBe(400)
      }).pipe(Effect.provide(layer()))
  )
})
