import { describe, expect, it } from "@effect/vitest"
import { KeyRing, type KeyRingApi, makeSigningKey } from "@mcpgw/domain/KeyRing"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { importJWK, SignJWT } from "jose"
import { refusal } from "../src/Admission.ts"
import { AuthUnavailable } from "../src/AuthError.ts"
import { AuthLayer } from "../src/AuthLayer.ts"
import { presented } from "../src/Credential.ts"
import { gateway, oidc } from "../src/JwtVerifier.ts"
import { Revocations } from "../src/Revocations.ts"
import { type Verifier, Verifiers } from "../src/Verifiers.ts"
import { bearer, forge, GATEWAY, goodClaims, makeIssuer } from "./issuer.ts"
import { type AuthLayerFixture, authLayerRefusalSuite, authLayerSuite } from "./suites/authLayerSuite.ts"
import { revocationsSuite } from "./suites/revocationsSuite.ts"

const over = (verifiers: Layer.Layer<Verifiers, unknown>) =>
  Layer.provideMerge(AuthLayer.layer, Layer.merge(verifiers, Revocations.layerMemory))

const gatewayFixture = async (): Promise<AuthLayerFixture> => {
  const issuer = "https://gw.example/oauth"
  const key = await Effect.runPromise(makeSigningKey)
  const ring: KeyRingApi = { sealing: [], signing: [key] }
  const privateKey = await importJWK({ ...key.privateJwk, kty: "OKP" }, "EdDSA")
  const sign = () =>
    new SignJWT(goodClaims(issuer)).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: key.id }).sign(privateKey)
  const keys = { keys: [{ ...key.publicJwk, kty: "OKP" }] }
  const verifiers = Layer.effect(
    Verifiers,
    Effect.all([gateway({ issuer, audience: GATEWAY, keys: { kind: "local", keys: () => keys } })])
  ).pipe(Layer.provide(KeyRing.layerOf(ring)))
  const valid = await sign()
  return {
    layer: over(verifiers),
    valid: bearer(valid),
    other: bearer(await sign()),
    forged: bearer(forge(await sign())),
    resource: GATEWAY
  }
}

const oidcFixture = async (): Promise<AuthLayerFixture> => {
  const idp = await makeIssuer("https://idp.example/realms/main", "RS256", "idp-1")
  const verifier = oidc({
    name: "idp",
    issuer: idp.issuer,
    audiences: ["mcp-gateway"],
    resource: GATEWAY,
    keys: { kind: "remote", url: "https://idp.example/certs", fetch: async () => Response.json(idp.keySet) }
  })
  const sign = () => idp.sign({ ...goodClaims(idp.issuer), aud: ["account", "mcp-gateway"], groups: ["users"] })
  return {
    layer: over(Layer.effect(Verifiers, Effect.all([verifier]))),
    valid: bearer(await sign()),
    other: bearer(await sign()),
    forged: bearer(forge(await sign())),
    resource: GATEWAY
  }
}

const alice = (tokenId: string): Claims => ({
  issuer: "static",
  subject: "alice",
  username: "alice",
  clientId: "test",
  groups: [],
  scopes: [],
  audience: [GATEWAY],
  expiresAt: 3_600,
  tokenId,
  method: "gateway_token"
})

const staticFixture = async (): Promise<AuthLayerFixture> => ({
  layer: Layer.provideMerge(
    AuthLayer.layerStatic({ "tok-alice": alice("1"), "tok-other": alice("2") }),
    Revocations.layerMemory
  ),
  valid: bearer("tok-alice"),
  other: bearer("tok-other"),
  forged: bearer("tok-forged"),
  resource: GATEWAY
})

authLayerSuite("layer over gateway tokens", gatewayFixture)
authLayerSuite("layer over an OIDC issuer", oidcFixture)
authLayerSuite("layerStatic", staticFixture)
authLayerRefusalSuite("layerReject", AuthLayer.layerReject, alice("1"))
authLayerRefusalSuite(
  "layerReject in place of the production layer",
  Layer.provide(AuthLayer.layerReject, Revocations.layerMemory),
  alice("1")
)
revocationsSuite("layerMemory", Revocations.layerMemory)

describe("design §5: an issuer is swapped by a layer", () => {
  /** Product code: knows the port, and nothing of issuers. */
  const whoCalls = (headers: Headers) =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const credential = presented(headers.toJSON(), ["mcp_gateway_session"])
      if (credential === undefined || credential === "malformed") return "nobody"
      const claims = auth.cached(credential) ?? (yield* auth.authenticate(credential))
      const admitted = auth.admit(claims, [GATEWAY], 0)
      return admitted instanceof Principal ? `${admitted.username} by ${admitted.claims.method}` : "nobody"
    })

  it.scoped("the same code serves gateway tokens, an OIDC issuer and fixed tokens", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      for (const load of [gatewayFixture, oidcFixture, staticFixture]) {
        const { layer, valid } = yield* Effect.promise(load)
        const headers = new Headers({ "X-Authorization": `Bearer ${valid.value}` })
        seen.push(yield* Effect.provide(whoCalls(headers), layer))
      }
      expect(seen).toEqual(["alice by gateway_token", "alice by oidc", "alice by gateway_token"])
    })
  )
})

/** A verifier that counts, and waits for a gate when there is one. */
const scripted = (
  verify: (value: string, calls: number) => ReturnType<Verifier["verify"]>,
  options: Parameters<typeof AuthLayer.layerWith>[0] = {}
) =>
  Effect.map(Ref.make(0), (calls) => {
    const verifier: Verifier = {
      name: "scripted",
      recognises: () => true,
      verify: ({ value }) =>
        Effect.flatMap(
          Ref.updateAndGet(calls, (n) => n + 1),
          (n) => verify(value, n)
        )
    }
    const layer = AuthLayer.layerWith(options).pipe(
      Layer.provide(Layer.merge(Layer.succeed(Verifiers, [verifier]), Revocations.layerMemory))
    )
    return { calls, layer }
  })

describe("AuthLayer.layer: bounds", () => {
  it.scoped("verifies once for many callers at the same time", () =>
    Effect.gen(function* () {
      const open = yield* Deferred.make<void>()
      const { calls, layer } = yield* scripted(() => Effect.as(Deferred.await(open), alice("1")))
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () =>
          Effect.fork(auth.authenticate(bearer("t")))
        )
        yield* Effect.yieldNow()
        yield* Deferred.succeed(open, undefined)
        const all = yield* Fiber.joinAll(fibers)
        expect(new Set(all).size).toBe(1)
        expect(yield* Ref.get(calls)).toBe(1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("a caller who leaves does not take the verification from the others", () =>
    Effect.gen(function* () {
      const open = yield* Deferred.make<void>()
      const { calls, layer } = yield* scripted(() => Effect.as(Deferred.await(open), alice("1")))
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        const first = yield* Effect.fork(auth.authenticate(bearer("t")))
        yield* Effect.yieldNow()
        const second = yield* Effect.fork(auth.authenticate(bearer("t")))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(first)
        yield* Deferred.succeed(open, undefined)
        expect((yield* Fiber.join(second)).username).toBe("alice")
        expect(yield* Ref.get(calls)).toBe(1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("a refusal is remembered for ten seconds, not longer", () =>
    Effect.gen(function* () {
      const { calls, layer } = yield* scripted((_, n) =>
        n === 1 ? Effect.fail(refusal("unknown_key")) : Effect.succeed(alice("1"))
      )
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        yield* Effect.flip(auth.authenticate(bearer("t")))
        expect((yield* Effect.flip(auth.authenticate(bearer("t"))))._tag).toBe("Unauthenticated")
        expect(yield* Ref.get(calls)).toBe(1)
        yield* TestClock.adjust("11 seconds")
        expect((yield* auth.authenticate(bearer("t"))).username).toBe("alice")
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("AuthUnavailable is never remembered, and never becomes a pass", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted((_, n) =>
        n === 1 ? Effect.fail(new AuthUnavailable({ issuer: "i", problem: "p" })) : Effect.succeed(alice("1"))
      )
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        expect((yield* Effect.flip(auth.authenticate(bearer("t"))))._tag).toBe("AuthUnavailable")
        expect(auth.cached(bearer("t"))).toBeUndefined()
        expect((yield* auth.authenticate(bearer("t"))).username).toBe("alice")
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped(
    "design §6: remembered claims that their verifier says hold no more are verified again, and then refused or new",
    () =>
      Effect.gen(function* () {
        let current = alice("1")
        const verifier: Verifier = {
          name: "changing",
          recognises: () => true,
          verify: () => (current.groups.length === 0 ? Effect.succeed(current) : Effect.fail(refusal("token_revoked"))),
          holds: (claims) => claims === current
        }
        const layer = AuthLayer.layer.pipe(
          Layer.provide(Layer.merge(Layer.succeed(Verifiers, [verifier]), Revocations.layerMemory))
        )
        yield* Effect.gen(function* () {
          const auth = yield* AuthLayer
          const first = yield* auth.authenticate(bearer("t"))
          expect(auth.cached(bearer("t"))).toBe(first)
          current = alice("2")
          expect(auth.cached(bearer("t"))).toBeUndefined()
          expect(auth.isOurs("t")).toBe(true)
          expect(yield* auth.authenticate(bearer("t"))).toBe(current)
          expect(auth.cached(bearer("t"))).toBe(current)
          current = { ...current, groups: ["refuse"] }
          expect(auth.cached(bearer("t"))).toBeUndefined()
          expect(yield* Effect.flip(auth.authenticate(bearer("t")))).toMatchObject({ reason: "token_revoked" })
          expect(auth.cached(bearer("t"))).toBeUndefined()
        }).pipe(Effect.provide(layer))
      })
  )

  /** Claims whose verifier wants to look before it says that they still hold, and a way to tell what it finds. */
  const doubted = (stillHolds: Verifier["stillHolds"]) => {
    const state = { fresh: true, looks: 0 }
    const verifier: Verifier = {
      name: "doubting",
      recognises: () => true,
      verify: (credential) => Effect.succeed(alice(credential.value)),
      holds: () => state.fresh,
      ...(stillHolds === undefined
        ? {}
        : {
            stillHolds: (claims) =>
              Effect.zipRight(
                Effect.sync(() => state.looks++),
                stillHolds(claims)
              )
          })
    }
    const layer = AuthLayer.layer.pipe(
      Layer.provide(Layer.merge(Layer.succeed(Verifiers, [verifier]), Revocations.layerMemory))
    )
    return { state, layer }
  }

  it.scoped(
    "open streams of claims in doubt go on while their verifier looks, once at a time, and end by its word",
    () =>
      Effect.gen(function* () {
        const found = yield* Deferred.make<boolean>()
        const { layer, state } = doubted(() => Deferred.await(found))
        yield* Effect.gen(function* () {
          const auth = yield* AuthLayer
          const claims = yield* auth.authenticate(bearer("t"))
          expect(auth.holds(claims)).toBe(true)
          expect(state.looks).toBe(0)
          state.fresh = false
          for (let i = 0; i < 3; i++) expect(auth.holds(claims)).toBe(true)
          yield* Effect.yieldNow()
          expect(state.looks).toBe(1)
          yield* Deferred.succeed(found, false)
          yield* Effect.yieldNow()
          state.fresh = true
          for (let i = 0; i < 3; i++) expect(auth.holds(claims)).toBe(false)
          expect(state.looks).toBe(1)
        }).pipe(Effect.provide(layer))
      })
  )

  it.scoped(
    "a store that can not be asked ends no stream, and is asked again; a verifier that never looks has said it",
    () =>
      Effect.gen(function* () {
        const down = doubted(() => Effect.fail(new AuthUnavailable({ issuer: "keys", problem: "store not reachable" })))
        yield* Effect.gen(function* () {
          const auth = yield* AuthLayer
          const claims = yield* auth.authenticate(bearer("t"))
          down.state.fresh = false
          for (let i = 1; i <= 3; i++) {
            expect(auth.holds(claims)).toBe(true)
            yield* TestClock.adjust("1 millis")
            expect(down.state.looks).toBe(i)
          }
        }).pipe(Effect.provide(down.layer))
        const final = doubted(undefined)
        yield* Effect.gen(function* () {
          const auth = yield* AuthLayer
          const claims = yield* auth.authenticate(bearer("t"))
          final.state.fresh = false
          expect(auth.holds(claims)).toBe(false)
        }).pipe(Effect.provide(final.layer))
      })
  )

  it.scoped("the cache evicts the oldest beyond its capacity", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted((value) => Effect.succeed(alice(value)), { capacity: 2 })
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        for (const value of ["a", "b", "c"]) yield* auth.authenticate(bearer(value))
        expect(["a", "b", "c"].map((value) => auth.cached(bearer(value))?.tokenId)).toEqual([undefined, "b", "c"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("a flood of credentials that come once does not push out those in use", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted((value) => Effect.succeed(alice(value)), { capacity: 4 })
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        yield* auth.authenticate(bearer("known"))
        for (let i = 0; i < 20; i++) {
          expect(auth.cached(bearer("known"))).toBeDefined()
          yield* auth.authenticate(bearer(`once-${i}`))
        }
        expect(auth.cached(bearer("once-0"))).toBeUndefined()
        expect(auth.cached(bearer("once-19"))).toBeDefined()
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("S-16: a crowd of tokens leaves the places of keys and cookies alone", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted(
        (value) => (value.startsWith("ey") ? Effect.never : Effect.succeed(alice(value))),
        { places: 2, deadline: "1 hour" }
      )
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        for (const value of ["ey-1", "ey-2"]) yield* Effect.fork(auth.authenticate(bearer(value)))
        yield* Effect.yieldNow()
        expect(auth.busy(bearer("ey-3"))?._tag).toBe("AuthBusy")
        expect(auth.busy(bearer("mcpgw_key"))).toBeUndefined()
        expect((yield* auth.authenticate(bearer("mcpgw_key"))).tokenId).toBe("mcpgw_key")
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("who is known is verified again when their time has come, be it that strangers are turned away", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { layer } = yield* scripted(
        (value) =>
          value.startsWith("slow") ? Effect.as(Deferred.await(gate), alice(value)) : Effect.succeed(alice(value)),
        { places: 2, deadline: "1 hour" }
      )
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        yield* auth.authenticate(bearer("known"))
        expect(auth.cached(bearer("known"))).toBeDefined()
        yield* auth.authenticate(bearer("seen once"))
        yield* TestClock.adjust("11 minutes")
        expect(auth.cached(bearer("known"))).toBeUndefined()
        for (const value of ["slow-1", "slow-2"]) yield* Effect.fork(auth.authenticate(bearer(value)))
        yield* Effect.yieldNow()
        const turned = yield* Effect.flip(auth.authenticate(bearer("stranger")))
        expect(turned._tag).toBe("AuthBusy")
        expect(auth.busy(bearer("stranger"))).toBe(turned)
        expect(auth.busy(bearer("seen once"))?._tag).toBe("AuthBusy")
        expect(auth.busy(bearer("slow-1"))).toBeUndefined()
        expect(auth.busy(bearer("known"))).toBeUndefined()
        expect((yield* auth.authenticate(bearer("known"))).tokenId).toBe("known")
        yield* Deferred.succeed(gate, undefined)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("claims past their expiry are dropped, and a credential is verified again after ten minutes", () =>
    Effect.gen(function* () {
      const { calls, layer } = yield* scripted((value) =>
        Effect.succeed({ ...alice(value), expiresAt: value === "short" ? 30 : 36_000 })
      )
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        yield* auth.authenticate(bearer("short"))
        yield* auth.authenticate(bearer("long"))
        yield* TestClock.adjust("61 seconds")
        expect(auth.cached(bearer("short"))).toBeUndefined()
        expect(auth.cached(bearer("long"))).toBeDefined()
        yield* TestClock.adjust("10 minutes")
        expect(auth.cached(bearer("long"))).toBeUndefined()
        yield* auth.authenticate(bearer("long"))
        expect(yield* Ref.get(calls)).toBe(3)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("S-16: beyond its places a verification is refused as busy, and who is known is let in; waiting ends", () =>
    Effect.gen(function* () {
      const { calls, layer } = yield* scripted((_, n) => (n === 1 ? Effect.succeed(alice("1")) : Effect.never), {
        places: 3,
        deadline: "10 seconds"
      })
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        const known = yield* auth.authenticate(bearer("known"))
        const fibers = yield* Effect.forEach(["a", "b", "c"], (value) =>
          Effect.fork(Effect.flip(auth.authenticate(bearer(value))))
        )
        yield* Effect.yieldNow()
        const busy = yield* Effect.flip(auth.authenticate(bearer("d")))
        expect(busy).toMatchObject({ _tag: "AuthBusy", retryAfterSeconds: 1 })
        expect(auth.cached(bearer("known"))).toBe(known)
        expect(yield* auth.authenticate(bearer("known"))).toBe(known)
        yield* TestClock.adjust("10 seconds")
        const failures = yield* Fiber.joinAll(fibers)
        expect(failures.map((failure) => failure._tag)).toEqual(Array.from({ length: 3 }, () => "AuthUnavailable"))
        expect(yield* Ref.get(calls)).toBe(4)
      }).pipe(Effect.provide(layer))
    })
  )

  it.scoped("a cookie's value sent as a bearer token is another credential, and still ours", () =>
    Effect.gen(function* () {
      const verifier: Verifier = {
        name: "cookies",
        recognises: (credential) => credential.kind === "cookie",
        verify: () => Effect.succeed(alice("1"))
      }
      const layer = Layer.provide(AuthLayer.layer, [Layer.succeed(Verifiers, [verifier]), Revocations.layerMemory])
      yield* Effect.gen(function* () {
        const auth = yield* AuthLayer
        yield* auth.authenticate({ kind: "cookie", value: "v" })
        expect(auth.cached(bearer("v"))).toBeUndefined()
        expect((yield* Effect.flip(auth.authenticate(bearer("v"))))._tag).toBe("Unauthenticated")
        expect(auth.isOurs("v")).toBe(true)
        expect(auth.isOurs("x, v")).toBe(true)
      }).pipe(Effect.provide(layer))
    })
  )
})
