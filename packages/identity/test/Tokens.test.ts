import { describe, expect, it } from "@effect/vitest"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import type { Credential } from "@mcpgw/auth/Credential"
import { Revocations } from "@mcpgw/auth/Revocations"
import { authLayerSuite } from "@mcpgw/auth/suites/authLayerSuite"
import { KeyRing, makeSigningKey } from "@mcpgw/domain/KeyRing"
import { type Claims, Principal } from "@mcpgw/domain/Principal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as fc from "fast-check"
import { decodeJwt, decodeProtectedHeader } from "jose"
import * as IdentityVerifiers from "../src/IdentityVerifiers.ts"
import { layerMachines } from "./suites/machineLayers.ts"
import { Sessions } from "../src/Sessions.ts"
import { type TokenRequest, Tokens, type TokensOptions } from "../src/Tokens.ts"

const GATEWAY = "https://gw.example"
const options = { issuer: "https://gw.example/oauth", audience: GATEWAY }

const owner: Claims = {
  issuer: options.issuer,
  subject: "alice",
  username: "alice",
  clientId: "session",
  groups: ["mcp-registry-admin"],
  scopes: [],
  audience: [GATEWAY],
  expiresAt: 28_800,
  tokenId: "digest",
  method: "session_cookie"
}

const request: TokenRequest = {
  owner,
  ownerScopes: ["servers/read", "servers/execute"],
  scopes: undefined,
  hours: 8,
  description: undefined
}

const bearer = (value: string): Credential => ({ kind: "bearer", value, header: "x-authorization" })

const services = () => {
  const keys = KeyRing.layerEphemeral
  const sessions = Layer.merge(Sessions.layerMemory(options), layerMachines(options))
  return AuthLayer.layer.pipe(
    Layer.provide(IdentityVerifiers.layer(options)),
    Layer.provideMerge(Layer.merge(Tokens.layer(options), sessions)),
    Layer.provideMerge(Layer.merge(keys, Revocations.layerMemory))
  )
}

type Services = AuthLayer | Tokens | Sessions | Revocations

const verified = (name: string, body: () => Effect.Effect<void, unknown, Services>): void =>
  it.scoped(name, () => Effect.provide(body(), services()))

/** Nobody looks at them here: what verifies looks around every second, and a test that lets hours go by would wait for each. */
const made = (tokens: TokensOptions = options) => Layer.provide(Tokens.layer(tokens), KeyRing.layerEphemeral)

const test = (name: string, body: () => Effect.Effect<void, unknown, Tokens>, tokens?: TokensOptions): void =>
  it.scoped(name, () => Effect.provide(body(), made(tokens)))

const issue = (change: Partial<TokenRequest> = {}) =>
  Effect.flatMap(Tokens, (tokens) => tokens.issue({ ...request, ...change }))

describe("contracts §2.5, §2.7: what a token says", () => {
  test("header and claims", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const { claims, issuedAt, token } = yield* issue({ description: "CI" })
      expect(decodeProtectedHeader(token)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: expect.any(String) })
      expect(decodeJwt(token)).toEqual({
        iss: options.issuer,
        aud: GATEWAY,
        sub: "alice",
        scope: "servers/read servers/execute",
        iat: 1_000,
        exp: 1_000 + 8 * 3_600,
        jti: claims.tokenId,
        client_id: "user-generated",
        preferred_username: "alice",
        token_use: "access",
        token_type: "user_generated",
        description: "CI"
      })
      expect(issuedAt).toBe(1_000)
      expect(claims.tokenId).toMatch(/^[0-9a-f-]{36}$/)
    }))

  verified("the token verifies here, to the very claims that were returned", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const { claims, token } = yield* issue()
      expect(yield* auth.authenticate(bearer(token))).toEqual(claims)
      expect(auth.admit(claims, [GATEWAY], 0)).toBeInstanceOf(Principal)
    })
  )

  verified("least authority: an administrator's token carries scopes and no group", () =>
    Effect.gen(function* () {
      const { token } = yield* issue()
      expect(decodeJwt(token)).not.toHaveProperty("groups")
      expect(yield* Effect.flatMap(AuthLayer, (auth) => auth.authenticate(bearer(token)))).toMatchObject({ groups: [] })
    })
  )

  test("S-14: another issuer's alice does not become ours", () =>
    Effect.gen(function* () {
      const { claims } = yield* issue({ owner: { ...owner, issuer: "https://idp.example" } })
      expect(claims).toMatchObject({ subject: "https://idp.example|alice", username: "alice" })
    }))

  test("the key set is public, and names the key tokens are signed with", () =>
    Effect.gen(function* () {
      const tokens = yield* Tokens
      const { token } = yield* issue()
      const [key] = tokens.jwks().keys
      expect(Object.keys(key ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"])
      expect(decodeProtectedHeader(token).kid).toBe(key?.["kid"])
    }))
})

describe("contracts §2.7: what is refused", () => {
  for (const hours of [0, -1, 25, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`expires_in_hours ${hours}`, () =>
      Effect.map(Effect.flip(issue({ hours })), (failure) => {
        expect(failure._tag).toBe("InvalidTokenRequest")
        expect(failure.message).toBe("expires_in_hours must be an integer between 1 and 24")
      }))
  }

  test("scopes the owner does not have, each named", () =>
    Effect.map(Effect.flip(issue({ scopes: ["servers/read", "root", "sudo"] })), (failure) => {
      expect(failure).toMatchObject({ _tag: "ScopesExceeded", invalid: ["root", "sudo"] })
      expect(failure.message).toBe('Requested scopes exceed user permissions. Invalid scopes: ["root","sudo"]')
    }))

  test("a scope name with a space does not split into two scopes", () =>
    Effect.gen(function* () {
      const ownerScopes = ["a root", "b"]
      expect((yield* issue({ ownerScopes })).claims.scopes).toEqual(["b"])
      expect((yield* Effect.flip(issue({ ownerScopes, scopes: ["a root"] })))._tag).toBe("ScopesExceeded")
    }))

  test("a description beyond 256 characters", () =>
    Effect.map(Effect.flip(issue({ description: "x".repeat(257) })), (failure) =>
      expect(failure._tag).toBe("InvalidTokenRequest")
    ))

  for (const description of ["a\nb", "\u0000", "a\u2028b", "evil\u202Etxt", "\uD800", "\u001b[2J"]) {
    test(`a description that is no line of text: ${JSON.stringify(description)}`, () =>
      Effect.map(Effect.flip(issue({ description })), (failure) => {
        expect(failure.message).toBe("description must not hold control characters")
      }))
  }

  test("a description is a text whatever it looks like: it can not add a claim", () =>
    Effect.gen(function* () {
      const description = '","scope":"root","x":"'
      const { token } = yield* issue({ description })
      expect(decodeJwt(token)).toMatchObject({ description, scope: "servers/read servers/execute" })
    }))

  test(
    "hours beyond the configured bound, which the message names; the configured default holds when none are asked for",
    () =>
      Effect.gen(function* () {
        expect((yield* issue({ hours: 48 })).claims.expiresAt).toBe(48 * 3_600)
        expect((yield* issue({ hours: undefined })).claims.expiresAt).toBe(2 * 3_600)
        const failure = yield* Effect.flip(issue({ hours: 49 }))
        expect(failure.message).toBe("expires_in_hours must be an integer between 1 and 48")
      }),
    { ...options, maxHours: 48, defaultHours: 2 }
  )

  test("a token does not outlive what its maker came with, and says who had it made", () =>
    Effect.gen(function* () {
      const actor = { issuer: "https://idp.example", subject: "service" }
      const { claims, token } = yield* issue({ notAfter: 300.5, clientId: "internal", actor })
      expect(claims).toMatchObject({ expiresAt: 300, clientId: "internal" })
      expect(decodeJwt(token)).toMatchObject({
        exp: 300,
        client_id: "internal",
        act: { iss: "https://idp.example", sub: "service" }
      })
      expect((yield* issue({ notAfter: 1_000_000 })).claims.expiresAt).toBe(28_800)
    }))

  test(
    "each purpose has its own count",
    () =>
      Effect.gen(function* () {
        yield* issue({ clientId: "internal" })
        yield* Effect.flip(issue({ clientId: "internal" }))
        yield* issue()
      }),
    { ...options, perHour: 1 }
  )

  test(
    "more tokens than the hour allows, per owner; refused requests do not count; the next clock hour begins anew",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_800_000)
        yield* Effect.flip(issue({ scopes: ["root"] }))
        yield* issue()
        yield* issue()
        expect(yield* Effect.flip(issue())).toMatchObject({ _tag: "TooManyTokens", limit: 2, retryAfterSeconds: 1_800 })
        yield* issue({ owner: { ...owner, subject: "bob" } })
        yield* TestClock.adjust("30 minutes")
        yield* issue()
      }),
    { ...options, perHour: 2 }
  )

  it.scoped("a key ring without a usable signing key stops the start, and its key is not shown", () =>
    Effect.gen(function* () {
      const build = (signing: Parameters<typeof KeyRing.layerOf>[0]["signing"]) =>
        Effect.flip(Layer.build(Layer.provide(Tokens.layer(options), KeyRing.layerOf({ sealing: [], signing }))))
      expect((yield* build([]))._tag).toBe("SigningKeyUnusable")
      const key = yield* makeSigningKey
      const failure = yield* build([{ ...key, privateJwk: { d: "c2VjcmV0LXNlY3JldC1zZWNyZXQ", crv: "Ed25519" } }])
      expect(failure._tag).toBe("SigningKeyUnusable")
      expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain("c2VjcmV0")
    })
  )
})

describe("tokens never exceed their owner", () => {
  it.scoped("property: for any scopes asked and held", () =>
    Effect.gen(function* () {
      const tokens = yield* Tokens
      const names = fc.array(fc.constantFrom<string>("a", "b", "c", "a b", "", "d/execute"))
      const check = fc.asyncProperty(names, fc.option(names, { nil: undefined }), async (ownerScopes, scopes) => {
        const result = await Effect.runPromise(Effect.either(tokens.issue({ ...request, ownerScopes, scopes })))
        const asked = scopes ?? []
        if (result._tag === "Left") return asked.some((scope) => !ownerScopes.includes(scope) || !/^\S+$/.test(scope))
        const said = String(decodeJwt(result.right.token)["scope"])
          .split(" ")
          .filter((scope) => scope !== "")
        return said.every((scope) => ownerScopes.includes(scope) && (asked.length === 0 || asked.includes(scope)))
      })
      yield* Effect.promise(() => fc.assert(check, { numRuns: 100 }))
    }).pipe(Effect.provide(made({ ...options, perHour: 1_000 })))
  )
})

describe("design §6: verification is cached, admission is not", () => {
  verified("a session that is ended is refused at the very next request", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const sessions = yield* Sessions
      const value = yield* sessions.create({ username: "alice", groups: ["users"] })
      const cookie: Credential = { kind: "cookie", value }
      const claims = yield* auth.authenticate(cookie)
      expect(auth.admit(claims, [GATEWAY], 0)).toBeInstanceOf(Principal)
      yield* sessions.end(value)
      expect(auth.cached(cookie)).toBe(claims)
      expect(auth.admit(claims, [GATEWAY], 0)).toMatchObject({ _tag: "Unauthenticated", reason: "session_expired" })
    })
  )

  verified("a token that is revoked is refused at the very next request", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const { token } = yield* issue()
      const claims = yield* auth.authenticate(bearer(token))
      expect(auth.admit(claims, [GATEWAY], 0)).toBeInstanceOf(Principal)
      yield* Effect.flatMap(Revocations, (all) => all.revoke(claims.tokenId ?? "", claims.expiresAt))
      expect(auth.admit(claims, [GATEWAY], 0)).toMatchObject({ _tag: "Unauthenticated", reason: "token_revoked" })
    })
  )

  verified("a session's value is no token, a token is no session, and neither travels on", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const { token } = yield* issue()
      const value = yield* Effect.flatMap(Sessions, (sessions) => sessions.create({ username: "alice", groups: [] }))
      expect((yield* Effect.flip(auth.authenticate(bearer(value))))._tag).toBe("Unauthenticated")
      expect((yield* Effect.flip(auth.authenticate({ kind: "cookie", value: token })))._tag).toBe("Unauthenticated")
      expect(auth.isOurs(token)).toBe(true)
      yield* auth.authenticate({ kind: "cookie", value })
      expect(auth.isOurs(value)).toBe(true)
    })
  )

  test("A-07: a token signed with an older key of the ring still verifies", () =>
    Effect.gen(function* () {
      const [older, newer] = yield* Effect.all([makeSigningKey, makeSigningKey])
      const { token } = yield* issue().pipe(
        Effect.provide(Layer.provide(Tokens.layer(options), KeyRing.layerOf({ sealing: [], signing: [older] })))
      )
      const verifier = yield* IdentityVerifiers.gatewayTokens(options).pipe(
        Effect.provide(KeyRing.layerOf({ sealing: [], signing: [newer, older] }))
      )
      expect((yield* verifier.verify(bearer(token))).username).toBe("alice")
    }))
})

authLayerSuite("layer over this package's verifiers", async () => {
  const key = await Effect.runPromise(makeSigningKey)
  const ring = KeyRing.layerOf({ sealing: [], signing: [key] })
  // Under a clock at the epoch, as the suite's: a token of today would not be valid yet.
  const mint = issue().pipe(
    Effect.map(({ token }) => token),
    Effect.provide(Layer.provide(Tokens.layer(options), ring)),
    Effect.provide(TestContext.TestContext)
  )
  const valid = await Effect.runPromise(mint)
  return {
    layer: AuthLayer.layer.pipe(
      Layer.provide(IdentityVerifiers.layer(options)),
      Layer.provide(Layer.mergeAll(ring, Sessions.layerMemory(options), layerMachines(options))),
      Layer.provideMerge(Revocations.layerMemory)
    ),
    valid: bearer(valid),
    other: bearer(await Effect.runPromise(mint)),
    forged: bearer(`${valid.slice(0, -4)}AAAA`),
    resource: GATEWAY
  }
})
