/** The credential that another registry wants: sealed, sent by its name alone, shown to nobody, and gone with the import. */
import { it } from "@effect/vitest"
import { ImportChanged } from "@mcpgw/registry/import/ImportError"
import { Imports } from "@mcpgw/registry/import/Imports"
import type { SourceCredential } from "@mcpgw/registry/import/SourceFetch"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as CredentialSync from "../src/credentialSync.ts"
import { type Answer, layer } from "./support/plane.ts"
import { FROM, PATH, servers, start, stored, textOf } from "./support/registryImports.ts"

const registryFetch = (): Promise<Response> => Promise.resolve(Response.json({ servers, metadata: {} }))

describe("issue 6: credentials of imports by the API", () => {
  it.scopedLive(
    "409 for an import that another administrator turned meanwhile; of a credential for it none is kept",
    () =>
      Effect.gen(function* () {
        const imports = yield* Imports
        const late = Effect.fail(new ImportChanged({ from: FROM }))
        const given: Array<string> = []
        const resume = (_from: string, _by: string, ref = "") =>
          Effect.zipRight(
            Effect.sync(() => given.push(ref)),
            late
          )
        const send = yield* Effect.provideService(start, Imports, { ...imports, resume, cancel: () => late })
        for (const refused of [
          yield* send("POST", PATH, { from: FROM, resume: true, auth_credential: "s3cret" }),
          yield* send("DELETE", `${PATH}/one`)
        ]) {
          expect([refused.status, refused.body]).toMatchObject([409, { error: expect.stringMatching(/meanwhile/) }])
        }
        expect(given).toEqual([expect.stringMatching(/.{8}/)])
        expect((yield* stored(given[0])).problem).toMatch(/is not there/)
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
      expect((yield* stored(given.at(-1)?.ref)).headers).toEqual({ authorization: "Bearer s3cret-one" })
      says.status = 200
      const again = { from: FROM, resume: true, auth_credential: "s3cret-two", auth_header_name: "X-Key" }
      const resumed = yield* send("POST", PATH, again)
      expect(yield* over(resumed)).toMatchObject({ state: "waiting", problem: null, created: 2, has_credential: true })
      expect(resumed.body).toMatchObject({ created_by: "admin", resumed_by: "admin" })
      expect((yield* stored(given.at(-1)?.ref)).headers).toEqual({ "x-key": "s3cret-two" })
      const ended = yield* send("DELETE", `${PATH}/${textOf(resumed, "id")}`)
      expect(ended.body).toMatchObject({ state: "cancelled", has_credential: false })
      expect((yield* stored(given.at(-1)?.ref)).problem).toMatch(/is not there/)
      expect(texts.join("")).not.toMatch(/s3cret/)
    }).pipe(Effect.provide(layer({ registryFetch })))
  })

  it.scopedLive("S-01: of an import that is over, or can not go on, no credential is kept, and it says so", () => {
    const given: Array<SourceCredential | undefined> = []
    const says = { status: 200 }
    const registryFetch = (_url: string, _signal: AbortSignal, credential: SourceCredential | undefined) => {
      given.push(credential)
      return Promise.resolve(Response.json({ servers, metadata: {} }, says))
    }
    return Effect.gen(function* () {
      const send = yield* start
      for (const [state, status, more] of [
        ["finished", 200, {}],
        ["interrupted", 401, { dry_run: true }]
      ] as const) {
        says.status = status
        const begun = yield* send("POST", PATH, { from: FROM, auth_credential: "s3cret", ...more })
        let report = begun
        while (textOf(report, "state") === "running") {
          report = yield* Effect.delay(send("GET", `${PATH}/${textOf(begun, "id")}`), "5 millis")
        }
        expect(report.body).toMatchObject({ state, has_credential: false })
        const gone = Effect.repeat(Effect.delay(stored(given.at(-1)?.ref), "5 millis"), {
          until: ({ problem }) => problem !== undefined
        })
        expect((yield* Effect.timeout(gone, "5 seconds")).problem).toMatch(/is not there/)
      }
    }).pipe(Effect.provide(CredentialSync.layer), Effect.provide(layer({ registryFetch })))
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
