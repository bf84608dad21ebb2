import { it as effect } from "@effect/vitest"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { CredentialProblem, Credentials } from "../src/Credentials.ts"
import { RequestHeaders } from "../src/RequestHeaders.ts"
import { credentialsSuite } from "./suites/credentialsSuite.ts"
import { alice, serverOf } from "./support/Call.ts"

credentialsSuite("layerNone", false, Credentials.layerNone)
credentialsSuite("layerClient", true, Credentials.layerClient)

const FIXED = { authorization: "Bearer everybody's" }
credentialsSuite("layerShared", false, Credentials.layerShared(FIXED), FIXED)

const overVault = Credentials.layerVault.pipe(
  Layer.provideMerge(Vault.layerMemory()),
  Layer.provide(KeyRing.layerEphemeral),
  Layer.orDie
)
credentialsSuite("layerVault, nothing stored", true, overVault)

describe("Credentials.layerVault, S-01", () => {
  effect.effect("what is stored goes in place of the caller's own, and is shared; `client` is the caller's alone", () =>
    Effect.gen(function* () {
      const vault = yield* Vault
      const { headersFor, isShared } = yield* Credentials
      const headers = [["Authorization", "Basic stored"]] as const
      const origins = [new URL(serverOf("/time").record.proxy_pass_url).origin]
      const credential_ref = yield* vault.put("/time", { credential: "s3cret", headers, origins, references: false })
      const sent = (more: object, own?: string) =>
        headersFor(serverOf("/time", { credential_ref, ...more }), alice, own)
      const shared = (more: object, own?: string) =>
        isShared(serverOf("/time", { credential_ref, ...more }), alice, own)
      for (const own of [undefined, "Bearer own"]) {
        expect(sent({ auth_scheme: "bearer" }, own)).toEqual({ authorization: "Bearer s3cret" })
        expect(sent({ auth_scheme: "api_key" }, own)).toEqual({ authorization: "Basic stored", "x-api-key": "s3cret" })
        expect(sent({ auth_scheme: "none" }, own)).toEqual({ authorization: "Basic stored" })
        expect(sent({}, own)).toEqual({ authorization: "Basic stored" })
        for (const scheme of ["bearer", "api_key", "none"]) expect(shared({ auth_scheme: scheme }, own)).toBe(true)
      }
      expect(sent({ auth_scheme: "client" }, "Bearer own")).toEqual({ authorization: "Bearer own" })
      expect(sent({ auth_scheme: "client" })).toEqual({})
      expect(headersFor(serverOf("/time", { auth_scheme: "none" }), alice, "Bearer own")).toEqual({})
      expect(isShared(serverOf("/time", { auth_scheme: "client" }), alice, "Bearer own")).toBe(false)
      expect(isShared(serverOf("/time", { auth_scheme: "client" }), alice, undefined)).toBe(true)
    }).pipe(Effect.provide(overVault))
  )

  effect.effect("what should be sent and is not there is a problem, never nothing", () =>
    Effect.gen(function* () {
      const { headersFor } = yield* Credentials
      for (const more of [{ auth_scheme: "bearer" }, { credential_ref: "gone" }] as const) {
        const sent = headersFor(serverOf("/time", more), alice, "Bearer own")
        expect(sent).toBeInstanceOf(CredentialProblem)
      }
    }).pipe(Effect.provide(overVault))
  )

  effect("a caller's header in another spelling of a stored one is dropped", () => {
    const identity = {
      claims: alice.claims,
      scopes: "",
      serverName: "time",
      toolName: "now",
      originalUrl: "http://gw/time/mcp",
      remote: "192.0.2.1",
      proto: "http"
    } as const
    const client = { "x-api-key": "a", x_api_key: "b", "x_api-key": "c", "x.api.key": "d", x_other: "kept" }
    const built = new RequestHeaders().build(client, identity, { "X-Api-Key": "stored" }, undefined)
    expect(Object.entries(built).filter(([name]) => /api/i.test(name))).toEqual([["x-api-key", "stored"]])
    expect(built["x_other"]).toBe("kept")
  })
})
