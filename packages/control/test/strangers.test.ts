/** What callers nobody knows can make the record hold (S-16). */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, ROLES, signedIn } from "./support/plane.ts"

const FLOOD = 400

describe("S-16: a flood of strangers", () => {
  it.scoped(
    "can not fill the disk with refusals, on the API or at the authorization server; people's rows are all there",
    () =>
      Effect.gen(function* () {
        const plane = yield* ControlPlane.make
        yield* (yield* Accounts).put({ username: "root", groups: ROLES.admin }, "a long enough passphrase")
        const cookie = yield* signedIn("admin")
        const { read } = yield* AuditRows
        for (let i = 0; i < FLOOD; i++) {
          expect((yield* call(plane, "GET", "/api/auth/me")).status).toBe(401)
          expect((yield* call(plane, "POST", "/oauth/no-such-address")).status).toBe(404)
        }
        const flood = yield* read
        const perSecond = new Map<number, number>()
        for (const { at } of flood) {
          const second = Math.floor(at / 1000)
          perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
        }
        expect(flood.length).toBeGreaterThan(0)
        expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(100)
        for (let i = 0; i < 150; i++) yield* call(plane, "POST", "/api/tokens/generate", { cookie, json: { no: 1 } })
        expect((yield* read).length - flood.length).toBe(150)
      }).pipe(Effect.provide(layer()))
  )
})
