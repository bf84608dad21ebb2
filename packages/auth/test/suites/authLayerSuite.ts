/** Contract of `AuthLayer`; run over every layer that can know somebody. Laws for a layer that knows nobody: `authLayerRefusalSuite`. */
import { describe, expect, it } from "@effect/vitest"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { AuthLayer } from "../../src/AuthLayer.ts"
import type { Credential } from "../../src/Credential.ts"
import { Revocations } from "../../src/Revocations.ts"

export interface AuthLayerFixture {
  readonly layer: Layer.Layer<AuthLayer | Revocations, unknown>
  /** Two credentials of `alice` that verify, with a token id, usable at `resource` for at least an hour from the epoch. */
  readonly valid: Credential
  readonly other: Credential
  /** Same shape as `valid`, and does not verify. */
  readonly forged: Credential
  readonly resource: string
}

const foreign: Credential = { kind: "bearer", value: "someone-elses-opaque-token", header: "authorization" }

export const authLayerSuite = (name: string, load: () => Promise<AuthLayerFixture>): void => {
  const law = (
    title: string,
    body: (fixture: AuthLayerFixture, auth: AuthLayer["Type"]) => Effect.Effect<void, unknown, Revocations>
  ): void =>
    it.scoped(title, () =>
      Effect.gen(function* () {
        const fixture = yield* Effect.promise(load)
        const context = Effect.flatMap(AuthLayer, (auth) => body(fixture, auth))
        yield* Effect.provide(context, fixture.layer)
      })
    )

  describe(`AuthLayer contract: ${name}`, () => {
    law("authenticates a valid credential", ({ valid }, auth) =>
      Effect.map(auth.authenticate(valid), (claims) => {
        expect(claims.username).toBe("alice")
        expect(claims.tokenId).toBeTypeOf("string")
      })
    )

    law("caches what it verified, and gives the same object again", ({ valid }, auth) =>
      Effect.gen(function* () {
        const claims = yield* auth.authenticate(valid)
        expect(auth.cached(valid)).toBe(claims)
        expect(yield* auth.authenticate(valid)).toBe(claims)
      })
    )

    law(
      "design §6: a fallback never produces a principal — a forged credential fails and is not cached",
      (fixture, auth) =>
        Effect.gen(function* () {
          const failure = yield* Effect.flip(auth.authenticate(fixture.forged))
          expect(failure._tag).toBe("Unauthenticated")
          expect(auth.cached(fixture.forged)).toBeUndefined()
          expect((yield* Effect.flip(auth.authenticate(fixture.forged)))._tag).toBe("Unauthenticated")
        })
    )

    law("S-01: a failure never repeats the credential", ({ forged }, auth) =>
      Effect.map(Effect.flip(auth.authenticate(forged)), (failure) => {
        const shown = `${String(failure)} ${JSON.stringify(failure)} ${failure.stack ?? ""}`
        expect(shown).not.toContain(forged.value)
        for (const part of forged.value.split(".")) expect(shown).not.toContain(part)
      })
    )

    law("refuses a credential nobody here issued", (_, auth) =>
      Effect.map(Effect.flip(auth.authenticate(foreign)), (failure) => expect(failure._tag).toBe("Unauthenticated"))
    )

    law("admits to its resource, with one principal per claims object", ({ resource, valid }, auth) =>
      Effect.gen(function* () {
        const claims = yield* auth.authenticate(valid)
        const principal = auth.admit(claims, ["https://elsewhere.example", resource], 1_000)
        expect(principal).toBeInstanceOf(Principal)
        expect(auth.admit(claims, [resource], 2_000)).toBe(principal)
      })
    )

    law("S-02: refuses at another audience, at a prefix of it, and where no audience is named", (fixture, auth) =>
      Effect.gen(function* () {
        const claims = yield* auth.authenticate(fixture.valid)
        for (const resources of [
          ["https://elsewhere.example"],
          [fixture.resource.slice(0, -1)],
          [`${fixture.resource}/x`],
          []
        ]) {
          expect(auth.admit(claims, resources, 1_000)).toMatchObject({ reason: "wrong_audience" })
        }
        expect(auth.admit({ ...claims, audience: [] }, [fixture.resource], 1_000)).toMatchObject({
          reason: "wrong_audience"
        })
      })
    )

    law("design §6: admission is not cached — expiry is exact, with no leeway", ({ resource, valid }, auth) =>
      Effect.gen(function* () {
        const claims = yield* auth.authenticate(valid)
        const end = claims.expiresAt * 1000
        expect(auth.admit(claims, [resource], end - 1)).toBeInstanceOf(Principal)
        expect(auth.admit(claims, [resource], end)).toMatchObject({ _tag: "Unauthenticated", reason: "token_expired" })
        expect(auth.admit({ ...claims, expiresAt: Number.NaN }, [resource], 0)).toMatchObject({
          reason: "token_expired"
        })
      })
    )

    law(
      "design §6: admission is not cached — a revoked token is refused at the next request, another one is not",
      (fixture, auth) =>
        Effect.gen(function* () {
          const revocations = yield* Revocations
          const claims = yield* auth.authenticate(fixture.valid)
          const other = yield* auth.authenticate(fixture.other)
          expect(auth.admit(claims, [fixture.resource], 0)).toBeInstanceOf(Principal)
          yield* revocations.revoke(claims.tokenId ?? "", claims.expiresAt)
          expect(auth.cached(fixture.valid)).toBe(claims)
          expect(auth.admit(claims, [fixture.resource], 0)).toMatchObject({ reason: "token_revoked" })
          expect(auth.admit(other, [fixture.resource], 0)).toBeInstanceOf(Principal)
        })
    )

    law(
      "design §6: what is open goes on past its token's end, and not past its revocation or its subject's",
      (fixture, auth) =>
        Effect.gen(function* () {
          const revocations = yield* Revocations
          const claims = yield* auth.authenticate(fixture.valid)
          const other = yield* auth.authenticate(fixture.other)
          expect(auth.holds(claims)).toBe(true)
          expect(auth.holds({ ...claims, expiresAt: 1 })).toBe(true)
          yield* revocations.revoke(claims.tokenId ?? "", claims.expiresAt)
          expect([auth.holds(claims), auth.holds(other)]).toEqual([false, true])
          yield* revocations.revokeSubject(other.issuer, other.subject, 1e12)
          expect(auth.holds(other)).toBe(false)
        })
    )

    law("A-10: knows its own bearer values, verified yet or not, and leaves a stranger's alone", ({ valid }, auth) =>
      Effect.gen(function* () {
        expect(auth.isOurs(valid.value)).toBe(true)
        yield* auth.authenticate(valid)
        expect(auth.isOurs(valid.value)).toBe(true)
        expect(auth.isOurs(foreign.value)).toBe(false)
        expect(auth.isOurs("")).toBe(false)
      })
    )
  })
}

/** What holds for a layer that knows nobody. */
export const authLayerRefusalSuite = (name: string, layer: Layer.Layer<AuthLayer, unknown>, claims: Claims): void => {
  describe(`AuthLayer contract, knowing nobody: ${name}`, () => {
    it.scoped("authenticates nobody, caches nobody, admits nobody", () =>
      Effect.gen(function* () {
        const auth = yield* AuthLayer
        const cookie: Credential = { kind: "cookie", value: "x" }
        for (const credential of [foreign, cookie]) {
          expect((yield* Effect.flip(auth.authenticate(credential)))._tag).toBe("Unauthenticated")
          expect(auth.cached(credential)).toBeUndefined()
        }
        expect(auth.admit(claims, claims.audience, 0)).toMatchObject({ _tag: "Unauthenticated" })
        expect(auth.holds(claims)).toBe(false)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("lets no bearer value travel on", () =>
      Effect.gen(function* () {
        expect((yield* AuthLayer).isOurs(foreign.value)).toBe(true)
      }).pipe(Effect.provide(layer))
    )
  })
}
