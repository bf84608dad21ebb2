/** While the place where the policy is kept is away: what is read of it says so, and that it was a read; what it decides goes on. */
import { it } from "@effect/vitest"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { makeWriter, PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { PolicyUnavailable } from "@mcpgw/policy/PolicyWriteError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, policyOver, registered, signedIn } from "./support/plane.ts"

const away = Effect.fail(new PolicyUnavailable({ source: "The stored policy", problem: "can not be reached" }))
const backend = { source: "The stored policy", read: away, replace: () => away }
const policy = Layer.effect(PolicyWriter, makeWriter(backend)).pipe(Layer.provideMerge(policyOver(DEFAULT_SCOPES)))

describe("issue 5: the store of the policy is away", () => {
  it.scoped("reads and changes of it are 503 in their own words; servers are listed by the policy in force", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      yield* registered(CURRENTTIME)
      const cookie = yield* signedIn("admin")
      for (const path of ["/api/groups", "/api/groups/mcp-registry-user", "/api/policy"]) {
        const refused = yield* call(plane, "GET", path, { cookie })
        expect([path, refused.status, refused.body]).toMatchObject([
          path,
          503,
          { error: "The policy can not be read now" }
        ])
      }
      const changed = yield* call(plane, "POST", "/api/groups", { cookie, json: { name: "eng" } })
      expect([changed.status, changed.body]).toMatchObject([503, { error: "The policy can not be changed now" }])
      expect((yield* call(plane, "GET", "/api/servers", { cookie: yield* signedIn("user") })).text).toContain(
        "/currenttime"
      )
    }).pipe(Effect.provide(layer({ policy })))
  )
})
