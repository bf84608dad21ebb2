/**
 * Bodies that are no JSON: which routes take them is what the API's description says, both ways round; and what a form may hold (contracts
 * §2.8: the replaced system's forms, as pages send them and `curl -F`).
 */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import { Tokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { MAX_BODY_BYTES } from "../src/body.ts"
import { openApiDocument } from "../src/openApi.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, type Sent, signedIn } from "./support/plane.ts"

const BOUNDARY = "----x"
const part = (name: string, text: string, file = "") =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file === "" ? "" : `; filename="${file}"`}\r\n\r\n${text}\r\n`
const multipart = (...parts: ReadonlyArray<string>): Sent => ({
  body: `${parts.join("")}--${BOUNDARY}--\r\n`,
  headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` }
})
const fields = (given: Readonly<Record<string, string>>): Sent =>
  multipart(...Object.entries(given).map(([name, text]) => part(name, text)))

/** Every operation with a body: where it is asked with things that are there, and the encodings it is said to take. */
const OPERATIONS = Object.entries(Object(openApiDocument()["paths"])).flatMap(([path, methods]) =>
  Object.entries(Object(methods)).flatMap(([method, operation]) => {
    const { requestBody } = Object(operation)
    if (requestBody === undefined) return []
    const at = path.replace("{path}", "currenttime").replaceAll(/\{\w+\}/g, "mcp-registry-user")
    return [{ at, method: method.toUpperCase(), path, takes: Object.keys(requestBody.content) }]
  })
)

const ENCODINGS: Readonly<Record<string, Sent>> = {
  "application/x-www-form-urlencoded": { form: { zz: "1" } },
  "multipart/form-data": fields({ zz: "1" })
}

const service = Effect.gen(function* () {
  const owner = { issuer: PUBLIC_URL, subject: "reports", username: "reports" }
  const asked = { owner, ownerScopes: ["mcp-registry-admin"], scopes: undefined, hours: 1, description: undefined }
  return (yield* (yield* Tokens).issue({ ...asked, clientId: "reports" })).token
})

/** Refused as what it is, before a word of it is read. */
const NO_FORM = /content-type holds|Invalid JSON in request body/

describe("issue 6: forms", () => {
  it.scoped("a route takes a form, of either encoding, when the API's description says so, and no other does", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      expect(OPERATIONS.length).toBeGreaterThan(40)
      const wrong: Array<string> = []
      for (const { at, method, path, takes } of OPERATIONS) {
        for (const [encoding, sent] of Object.entries(ENCODINGS)) {
          const who = path === "/internal/tokens" ? { bearer: yield* service } : { cookie: yield* signedIn("admin") }
          const headers = { "if-match": "*", ...sent.headers }
          const { status, text } = yield* call(plane, method, at, { ...sent, ...who, headers })
          const judged = [200, 400, 422].includes(status)
          if (!judged || takes.includes(encoding) === NO_FORM.test(text)) {
            wrong.push(`${method} ${path} ${encoding}: ${status} ${text.slice(0, 80)}`)
          }
        }
      }
      expect(wrong).toEqual([])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("contracts §2.8: multipart fields register, edit, switch and remove as a form's do", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const registry = yield* Registry
      const cookie = yield* signedIn("admin")
      const send = (path: string, given: Readonly<Record<string, string>>) =>
        Effect.map(call(plane, "POST", path, { cookie, ...fields(given) }), ({ status }) => status)
      const fresh = { name: "Fresh", description: "é", path: "/fresh", proxy_pass_url: "http://10.0.0.9/" }
      expect(yield* send("/api/register", { ...fresh, tags: "a, b", num_stars: "2", is_python: "on" })).toBe(201)
      expect(registry.get("/fresh")?.record).toMatchObject({
        description: "é",
        tags: ["a", "b"],
        num_stars: 2,
        is_python: true
      })
      expect(yield* send("/api/edit/fresh", { tags: "c" })).toBe(200)
      expect(registry.get("/fresh")?.record.tags).toEqual(["c"])
      expect(yield* send("/api/toggle/fresh", { enabled: "on" })).toBe(200)
      expect(registry.get("/fresh")?.record.is_enabled).toBe(true)
      expect(yield* send("/api/internal/toggle", { service_path: "/fresh" })).toBe(200)
      expect(registry.get("/fresh")?.record.is_enabled).toBe(false)
      expect(yield* send("/api/internal/create-group", { group_name: "eng" })).toBe(200)
      expect(yield* send("/api/internal/remove", { service_path: "/fresh" })).toBe(200)
      expect(registry.get("/fresh")).toBeUndefined()
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("a file, a body without end, one too long, and a name that may be a secret are refused in words", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      const send = (sent: Sent) => call(plane, "POST", "/api/edit/currenttime", { cookie, ...sent })
      const file = yield* send(multipart(part("description", "hush", "notes.txt")))
      expect([file.status, file.body]).toMatchObject([
        400,
        { error: "description holds a file, but it may hold text alone" }
      ])
      const odd = yield* send(multipart(part("hu sh", "x", "notes.txt")))
      expect([odd.status, odd.body]).toMatchObject([400, { field: "(hidden)" }])
      for (const { text } of [file, odd]) expect(text).not.toMatch(/hush|hu sh|notes/)
      const cut = yield* send({ ...fields({}), body: part("description", "x").slice(0, -2) })
      expect([cut.status, cut.body]).toMatchObject([400, { error: "The form could not be read" }])
      expect((yield* send(fields({ description: "x".repeat(MAX_BODY_BYTES) }))).status).toBe(413)
      expect((yield* Registry).get("/currenttime")?.record.description).toBe(CURRENTTIME.description)
    }).pipe(Effect.provide(layer()))
  )
})
