/**
 * Contract of `Credentials`; run over every layer. `passes`: does the caller's own `Authorization` go to the server? `fixed`: what
 * everybody sends.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Credentials, type CredentialsApi } from "../../src/Credentials.ts"
import { alice, bob, serverOf } from "../support/Call.ts"

export const credentialsSuite = (
  title: string,
  passes: boolean,
  layer: Layer.Layer<Credentials>,
  fixed: Readonly<Record<string, string>> = {}
): void => {
  const law = (what: string, body: (credentials: CredentialsApi) => void): void =>
    it.effect(what, () => Effect.map(Credentials, body).pipe(Effect.provide(layer)))

  describe(`Credentials contract: ${title}`, () => {
    law(
      "A-10, S-01: a caller who gives nothing for the server sends nothing of theirs, whoever they are",
      (credentials) => {
        for (const caller of [alice, bob]) {
          for (const path of ["/time", "/other"]) {
            expect(credentials.headersFor(serverOf(path), caller, undefined)).toEqual(fixed)
          }
        }
      }
    )

    law("contracts §2.2: the caller's own Authorization goes to the server as it is, or not at all", (credentials) => {
      const sent = credentials.headersFor(serverOf("/time"), alice, "Basic dXNlcjpwYXNz")
      expect(sent).toEqual(passes ? { authorization: "Basic dXNlcjpwYXNz" } : fixed)
    })

    law("one caller's credential is never another's, nor kept for the next call", (credentials) => {
      credentials.headersFor(serverOf("/time"), alice, "Bearer alices")
      expect(JSON.stringify(credentials.headersFor(serverOf("/time"), bob, "Bearer bobs"))).not.toContain("alices")
      expect(credentials.headersFor(serverOf("/time"), alice, undefined)).toEqual(fixed)
    })

    law("S-09: shared, unless the caller's own goes to a server that asks its callers who they are", (credentials) => {
      const asking = [
        { auth_type: "oauth" },
        { auth_provider: "keycloak" },
        { auth_type: "oauth", auth_provider: "none" }
      ]
      const others = [{}, { auth_type: "none" }, { auth_type: " None " }, { auth_type: "", auth_provider: "keycloak" }]
      for (const more of [...asking, ...others]) {
        expect(credentials.isShared(serverOf("/time", more), alice, undefined)).toBe(true)
      }
      for (const more of asking) {
        expect(credentials.isShared(serverOf("/time", more), alice, "Bearer alices")).toBe(!passes)
      }
      for (const more of others) {
        expect(credentials.isShared(serverOf("/time", more), alice, "Bearer made-up")).toBe(true)
      }
    })
  })
}
