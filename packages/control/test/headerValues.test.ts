import { it } from "@effect/vitest"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, signedIn } from "./support/plane.ts"

describe("header values of a record", () => {
  it.scoped.each([
    ["a text", "Bearer S3CRET"],
    ["a text in a list", ["Authorization: Bearer S3CRET"]],
    ["a line for a name", [{ "Authorization: Bearer S3CRET": 5 }]],
    ["a line for a name, with a text", [{ "Authorization: Bearer S3CRET": "" }]],
    ["a number", [{ Authorization: 5309117 }]],
    ["a value in a value", [{ Authorization: { token: "S3CRET" } }]],
    ["a value that breaks lines", [{ Authorization: "S3CRET\r\nX: 1" }]]
  ])(
    "SECURITY: %s in headers is refused without repeating it, by json and form, in answer, log and audit",
    ([, headers]) => {
      const lines: Array<string> = []
      const logger = Logger.make((entry) => lines.push(Logger.stringLogger.log(entry)))
      return Effect.gen(function* () {
        const plane = yield* ControlPlane.make
        yield* registered(CURRENTTIME)
        const cookie = yield* signedIn("admin")
        const fields = { name: "x", path: "/x", proxy_pass_url: "http://a/" }
        const form = typeof headers === "string" ? headers : JSON.stringify(headers)
        const answers = [
          yield* call(plane, "POST", "/api/register", { cookie, json: { ...fields, headers } }),
          yield* call(plane, "POST", "/api/register", { cookie, form: { ...fields, headers: form } }),
          yield* call(plane, "POST", "/api/edit/currenttime", { cookie, json: { headers } })
        ]
        for (const { body, status, text } of answers) {
          expect([status, body]).toMatchObject([400, { field: expect.stringMatching(/^headers/), held: "(hidden)" }])
          expect(text).not.toMatch(/S3CRET|5309117/)
        }
        const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
        expect(`${lines.join("\n")}${JSON.stringify(rows)}`).not.toMatch(/S3CRET|5309117/)
      }).pipe(
        Effect.provide(layer()),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.All)
      )
    }
  )

  it.scoped("a parameter that can not be read is named and not repeated", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const cookie = yield* signedIn("admin")
      const answer = yield* call(plane, "GET", "/api/servers?query=S3CRET&query=S3CRET", { cookie })
      expect([answer.status, answer.body]).toMatchObject([400, { field: "query", expected: "it must be a text" }])
      expect(answer.text).not.toContain("S3CRET")
    }).pipe(Effect.provide(layer()))
  )
})
