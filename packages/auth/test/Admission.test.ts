import { describe, expect, it } from "@effect/vitest"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { makeAdmit } from "../src/Admission.ts"
import type { RevocationsApi } from "../src/Revocations.ts"
import { RevokedSubjects } from "../src/RevokedSubjects.ts"

const claims: Claims = {
  issuer: "i",
  subject: "s",
  username: "u",
  clientId: "c",
  groups: [],
  scopes: [],
  audience: ["https://gw.example"],
  expiresAt: 100,
  tokenId: "t",
  method: "gateway_token"
}

const NOTHING: RevocationsApi = {
  has: () => false,
  revoke: () => Effect.void,
  hasSubject: () => false,
  revokeSubject: () => Effect.void
}

const revoking = (...ids: ReadonlyArray<string>) => makeAdmit({ ...NOTHING, has: (id) => ids.includes(id) })

describe("admission", () => {
  it("a session says session_expired, whether it ran out or was ended", () => {
    const session: Claims = { ...claims, method: "session_cookie" }
    expect(revoking()(session, claims.audience, 100_000)).toMatchObject({ reason: "session_expired" })
    expect(revoking("t")(session, claims.audience, 0)).toMatchObject({ reason: "session_expired" })
  })

  it("S-08: a revoked subject is refused whatever it comes with, once it was issued up to then; nobody else is", () => {
    const subjects = new RevokedSubjects()
    const admit = makeAdmit({ ...NOTHING, hasSubject: (...asked) => subjects.has(...asked) })
    const reasonOf = (more: Partial<Claims>) => {
      const admitted = admit({ ...claims, ...more }, claims.audience, 0)
      return admitted instanceof Principal ? "admitted" : admitted.reason
    }
    expect(reasonOf({})).toBe("admitted")
    subjects.revoke("i", "s", 50.5)
    expect(reasonOf({ issuedAt: 50 })).toBe("token_revoked")
    expect(reasonOf({ issuedAt: 50.5, method: "session_cookie" })).toBe("session_expired")
    expect(reasonOf({ issuedAt: 50.501, method: "session_cookie" })).toBe("admitted")
    expect(reasonOf({ issuedAt: 51 })).toBe("admitted")
    for (const unknown of [undefined, Number.NaN]) expect(reasonOf({ issuedAt: unknown })).toBe("token_revoked")
    expect(reasonOf({ issuedAt: 50, subject: "S" })).toBe("admitted")
    expect(reasonOf({ issuedAt: 50, issuer: "j" })).toBe("admitted")
    expect(reasonOf({ issuedAt: 50, issuer: "", subject: "i s" })).toBe("admitted")
  })

  it("equal claims of two credentials are two principals", () => {
    const admit = revoking()
    const one = admit(claims, claims.audience, 0)
    expect(one).toBeInstanceOf(Principal)
    expect(admit({ ...claims }, claims.audience, 0)).not.toBe(one)
  })

  it("property: a principal only for living, unrevoked claims whose audience is asked for", () => {
    const names = fc.constantFrom("a", "b", "c", "d")
    fc.assert(
      fc.property(
        fc.array(names),
        fc.array(names),
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.boolean(),
        (audience, resources, expiresAt, now, revoked) => {
          const admitted = revoking(...(revoked ? ["t"] : []))({ ...claims, audience, expiresAt }, resources, now)
          const may = now < expiresAt * 1000 && !revoked && audience.some((name) => resources.includes(name))
          expect(admitted instanceof Principal).toBe(may)
        }
      )
    )
  })
})
