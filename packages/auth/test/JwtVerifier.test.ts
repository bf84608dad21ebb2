import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose"
import { createHmac } from "node:crypto"
import { vi } from "vitest"
import { ALGORITHMS, gateway, type JwtVerifierOptions, make, oidc } from "../src/JwtVerifier.ts"
import type { KeySource } from "../src/KeySource.ts"
import { bearer, compact, forge, GATEWAY, goodClaims, makeIssuer, outcome, type TestIssuer } from "./issuer.ts"

const ISSUER = "https://gw.example/oauth"
const IDP = "https://idp.example/realms/main"

const ours = await makeIssuer(ISSUER, "EdDSA", "k1")
const idp = await makeIssuer(IDP, "RS256", "idp-1")

const local = (issuer: TestIssuer): KeySource => ({ kind: "local", keys: () => issuer.keySet })

const gatewayVerifier = Effect.runSync(gateway({ issuer: ISSUER, audience: GATEWAY, keys: local(ours) }))

const oidcOptions = { name: "idp", issuer: IDP, audiences: ["mcp-gateway"], resource: GATEWAY, keys: local(idp) }
const oidcVerifier = Effect.runSync(oidc(oidcOptions))

const refused = (
  name: string,
  token: () => string | Promise<string>,
  reason: string,
  verifier = gatewayVerifier
): void =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const value = yield* Effect.promise(async () => token())
      expect(yield* outcome(verifier, value)).toBe(reason)
    })
  )

const without = (name: string): JWTPayload => {
  const { [name]: _, ...rest } = goodClaims(ISSUER)
  return rest
}

describe("gateway tokens", () => {
  it.effect("contracts §2.5: an at+jwt of ours gives its claims", () =>
    Effect.gen(function* () {
      const token = yield* Effect.promise(() => ours.sign({ ...goodClaims(ISSUER), jti: "id-1" }))
      expect(gatewayVerifier.recognises(bearer(token))).toBe(true)
      expect(yield* outcome(gatewayVerifier, token)).toEqual({
        issuer: ISSUER,
        subject: "alice",
        username: "alice",
        clientId: "user-generated",
        groups: [],
        scopes: ["servers/read", "servers/execute"],
        audience: [GATEWAY],
        expiresAt: 3_600,
        issuedAt: 0,
        tokenId: "id-1",
        method: "gateway_token"
      })
    })
  )

  it.effect("groups in a gateway token count for nothing", () =>
    Effect.gen(function* () {
      const token = yield* Effect.promise(() => ours.sign({ ...goodClaims(ISSUER), groups: ["mcp-registry-admin"] }))
      expect(yield* outcome(gatewayVerifier, token)).toMatchObject({ groups: [] })
    })
  )

  refused("S-02: alg none", () => new UnsecuredJWT(goodClaims(ISSUER)).encode(), "bad_algorithm")
  refused(
    "S-02: alg None, with a signature of something else",
    () => compact({ alg: "None", typ: "at+jwt", kid: "k1" }, goodClaims(ISSUER), "AAAA"),
    "bad_algorithm"
  )
  refused(
    "A-07: HS256 with the public key as the secret",
    () => {
      const unsigned = compact({ alg: "HS256", typ: "at+jwt", kid: "k1" }, goodClaims(ISSUER))
      const secret = JSON.stringify(ours.keySet.keys[0])
      return unsigned + createHmac("sha256", secret).update(unsigned.slice(0, -1)).digest("base64url")
    },
    "bad_algorithm"
  )
  refused(
    "A-07: another asymmetric algorithm than the pinned one",
    () => idp.sign(goodClaims(ISSUER), { typ: "at+jwt" }),
    "bad_algorithm"
  )
  refused(
    "A-07: a key the header brings along is not used",
    async () => {
      const stranger = await makeIssuer(ISSUER, "EdDSA", "evil")
      return stranger.sign(goodClaims(ISSUER), { jwk: stranger.keySet.keys[0] })
    },
    "unknown_key"
  )
  refused(
    "A-07: signed by a stranger under our kid",
    async () => {
      const stranger = await makeIssuer(ISSUER, "EdDSA", "k1")
      return stranger.sign(goodClaims(ISSUER))
    },
    "bad_signature"
  )
  refused("A-07: altered signature", async () => forge(await ours.sign(goodClaims(ISSUER))), "bad_signature")
  refused(
    "A-07: altered payload",
    async () => {
      const [header, , signature] = (await ours.sign(goodClaims(ISSUER))).split(".")
      const payload = Buffer.from(JSON.stringify({ ...goodClaims(ISSUER), sub: "root" })).toString("base64url")
      return [header, payload, signature].join(".")
    },
    "bad_signature"
  )
  refused("S-14: another iss", () => ours.sign(goodClaims("https://other.example")), "unknown_issuer")
  refused("S-14: iss differs by a trailing slash", () => ours.sign(goodClaims(`${ISSUER}/`)), "unknown_issuer")
  refused("A-07: no iss", () => ours.sign(without("iss")), "unknown_issuer")
  refused(
    "A-06: another aud",
    () => ours.sign({ ...goodClaims(ISSUER), aud: "https://other.example" }),
    "wrong_audience"
  )
  refused(
    "A-06: an aud our URL is only a text prefix of",
    () => ours.sign({ ...goodClaims(ISSUER), aud: `${GATEWAY}.evil.example` }),
    "wrong_audience"
  )
  refused("A-06: no aud", () => ours.sign(without("aud")), "wrong_audience")
  refused(
    "A-06: an aud that is not text",
    async () => {
      const claims: Record<string, unknown> = { ...goodClaims(ISSUER), aud: [GATEWAY, 7] }
      return ours.sign(claims)
    },
    "wrong_audience"
  )
  refused("A-07: expired", () => ours.sign({ ...goodClaims(ISSUER), exp: -1 }), "token_expired")
  refused(
    "A-07: expired this second, within the skew of 30 s",
    () => ours.sign({ ...goodClaims(ISSUER), exp: 0 }),
    "token_expired"
  )
  refused("A-07: nbf beyond the skew", () => ours.sign({ ...goodClaims(ISSUER), nbf: 31 }), "token_not_yet_valid")
  refused("A-07: iat beyond the skew", () => ours.sign({ ...goodClaims(ISSUER), iat: 31 }), "token_not_yet_valid")
  refused("A-07: no exp", () => ours.sign(without("exp")), "bad_claims")
  refused(
    "A-07: exp is text",
    async () => {
      const claims: Record<string, unknown> = { ...goodClaims(ISSUER), exp: "3600" }
      return ours.sign(claims)
    },
    "bad_claims"
  )
  refused("A-07: no sub", () => ours.sign(without("sub")), "bad_claims")
  refused("A-07: empty sub", () => ours.sign({ ...goodClaims(ISSUER), sub: "" }), "bad_claims")
  refused("A-07: typ JWT where at+jwt is required", () => ours.sign(goodClaims(ISSUER), { typ: "JWT" }), "bad_claims")
  refused("A-07: no token_use", () => ours.sign(without("token_use")), "bad_claims")
  refused("A-07: unknown kid", () => ours.sign(goodClaims(ISSUER), { kid: "k2" }), "unknown_key")
  refused(
    "A-07: crit header nobody here understands",
    () => {
      return compact({ alg: "EdDSA", typ: "at+jwt", kid: "k1", crit: ["exp"], exp: 1 }, goodClaims(ISSUER), "AAAA")
    },
    "malformed"
  )
  refused(
    "A-07: unencoded payload (b64)",
    () => compact({ alg: "EdDSA", kid: "k1", b64: false, crit: ["b64"] }, goodClaims(ISSUER), "AAAA"),
    "malformed"
  )
  refused("A-07: JWE", () => `${compact({ alg: "dir", enc: "A256GCM" }, {}, "AAAA")}.AAAA.AAAA`, "malformed")
  refused(
    "A-07: nested token",
    async () => {
      const inner = await ours.sign(goodClaims(ISSUER))
      const header = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: "k1", cty: "JWT" })).toString("base64url")
      return `${header}.${Buffer.from(inner).toString("base64url")}.AAAA`
    },
    "malformed"
  )
  refused("S-16: 100 kB", () => ours.sign({ ...goodClaims(ISSUER), padding: "x".repeat(100_000) }), "malformed")
  for (const text of ["", ".", "..", "...", "a.b.c", "ey.ey.ey", "\u0000", "🔑.🔑.🔑"]) {
    refused(`not a token: ${JSON.stringify(text)}`, () => text, "malformed")
  }

  it.effect("nbf and iat within the skew are accepted", () =>
    Effect.gen(function* () {
      const token = yield* Effect.promise(() => ours.sign({ ...goodClaims(ISSUER), nbf: 30, iat: 30 }))
      expect(yield* outcome(gatewayVerifier, token)).toMatchObject({ username: "alice" })
    })
  )

  it.effect("A-06: a token for one route verifies and names that route alone", () =>
    Effect.gen(function* () {
      const token = yield* Effect.promise(() => ours.sign({ ...goodClaims(ISSUER), aud: `${GATEWAY}/time/mcp` }))
      expect(yield* outcome(gatewayVerifier, token)).toMatchObject({ audience: [`${GATEWAY}/time/mcp`] })
    })
  )

  it("never recognises a cookie or another issuer's token", async () => {
    const theirs = await idp.sign(goodClaims(IDP))
    expect(gatewayVerifier.recognises({ kind: "cookie", value: await ours.sign(goodClaims(ISSUER)) })).toBe(false)
    expect(gatewayVerifier.recognises(bearer(theirs))).toBe(false)
    expect(oidcVerifier.recognises(bearer(theirs))).toBe(true)
  })
})

describe("OIDC tokens", () => {
  const signed = (claims: JWTPayload, header?: Readonly<Record<string, unknown>>) =>
    Effect.promise(() => idp.sign({ iss: IDP, sub: "u-1", aud: "mcp-gateway", exp: 3_600, ...claims }, header))

  const maps = (
    name: string,
    claims: JWTPayload,
    expected: string | object,
    options: Partial<JwtVerifierOptions> = {}
  ): void =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const verifier = yield* oidc({ ...oidcOptions, ...options })
        const result = yield* outcome(verifier, yield* signed(claims))
        if (typeof expected === "string") expect(result).toBe(expected)
        else expect(result).toMatchObject(expected)
      })
    )

  maps(
    "A-06: a configured audience admits to the gateway",
    { aud: ["account", "mcp-gateway"] },
    { audience: ["account", "mcp-gateway", GATEWAY] }
  )
  maps("A-06: account alone does not", { aud: "account" }, "wrong_audience")
  maps(
    "A-06: a client_id does not stand for aud unless configured",
    { aud: [], client_id: "mcp-gateway" },
    "wrong_audience"
  )
  maps(
    "contracts §2.5: Keycloak names",
    { preferred_username: "alice", azp: "cli", groups: ["/a", "b"] },
    { username: "alice", clientId: "cli", groups: ["/a", "b"], method: "oidc" }
  )
  maps(
    "contracts §2.5: Cognito names",
    { username: "bob", client_id: "app", token_use: "access", "cognito:groups": ["g"] },
    { username: "bob", clientId: "app", groups: ["g"] }
  )
  maps("without a name the subject stands for it", {}, { username: "u-1", clientId: "", groups: [], scopes: [] })
  maps("email before subject", { email: "a@example.org" }, { username: "a@example.org" })
  maps("scopes count when there is no groups claim", { scope: "a  b" }, { scopes: ["a", "b"], groups: [] })
  maps("scopes may be a list", { scope: ["a", "b"] }, { scopes: ["a", "b"] })
  maps(
    "least authority: scopes do not count beside groups",
    { scope: "admin", groups: ["users"] },
    { scopes: [], groups: ["users"] }
  )
  maps("least authority: nor beside an empty groups claim", { scope: "admin", groups: [] }, { scopes: [], groups: [] })
  maps("a groups claim that is not a list of text refuses the token", { groups: [{ name: "a" }] }, "bad_claims")
  maps("a null groups claim is not an absent one", { groups: null, scope: "admin" }, "bad_claims")
  maps("A-07: Cognito id token", { token_use: "id" }, "bad_claims")
  maps("A-07: Keycloak id token", { typ: "ID" }, "bad_claims")
  maps("A-07: Keycloak refresh token", { typ: "Refresh" }, "bad_claims")
  maps("A-07: OIDC Core id token", { at_hash: "x" }, "bad_claims")
  maps("no jti: nothing to revoke by", {}, { tokenId: undefined })
  maps(
    "an alias of the issuer is the issuer",
    { iss: "http://keycloak:8080/realms/main" },
    { issuer: IDP },
    { aliases: ["http://keycloak:8080/realms/main"] }
  )

  it.effect("contracts §2.5: a Cognito access token has client_id for aud, when so configured", () =>
    Effect.gen(function* () {
      const verifier = yield* oidc({ ...oidcOptions, audienceFallback: "client_id" })
      const claims = { iss: IDP, sub: "u-1", exp: 3_600, client_id: "mcp-gateway" }
      const token = yield* Effect.promise(() => idp.sign(claims))
      expect(yield* outcome(verifier, token)).toMatchObject({ audience: ["mcp-gateway", GATEWAY] })
      const other = yield* Effect.promise(() => idp.sign({ ...claims, client_id: "other" }))
      expect(yield* outcome(verifier, other)).toBe("wrong_audience")
    })
  )

  it.effect("A-07: logout tokens are refused by their header type", () =>
    Effect.gen(function* () {
      expect(yield* outcome(oidcVerifier, yield* signed({}, { typ: "logout+jwt" }))).toBe("bad_claims")
      expect(yield* outcome(oidcVerifier, yield* signed({}, { typ: "application/at+JWT" }))).toMatchObject({
        subject: "u-1"
      })
    })
  )
})

describe("design §6: a misconfigured issuer stops the start", () => {
  const base: JwtVerifierOptions = {
    ...oidcOptions,
    algorithms: ["RS256"],
    method: "oidc",
    type: "jwt",
    claims: () => undefined
  }
  const problem = (name: string, options: Partial<JwtVerifierOptions>, text: RegExp): void =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip(make({ ...base, ...options }))
        expect(failure._tag).toBe("IssuerMisconfigured")
        expect(failure.problem).toMatch(text)
      })
    )
  problem("no audience", { audiences: [] }, /audience/)
  problem("an empty audience", { audiences: ["a", ""] }, /audience/)
  problem("no issuer", { issuer: "" }, /issuer/)
  problem("a resource that is no URL", { resource: "gateway" }, /resource/)
  problem("no algorithm", { algorithms: [] }, /algorithm/)
  problem("a key set that is not at a URL", { keys: { kind: "remote", url: "certs" } }, /key set/)
  problem("a key set in a file", { keys: { kind: "remote", url: "file:///etc/keys" } }, /key set/)

  it("A-07: no HMAC can be pinned", () => {
    expect(ALGORITHMS.filter((algorithm) => algorithm.startsWith("HS"))).toEqual([])
  })
})

describe("HS256 can not even be signed for", () => {
  refused(
    "an HS256 token with a guessed secret",
    () =>
      new SignJWT(goodClaims(IDP))
        .setProtectedHeader({ alg: "HS256", kid: "idp-1" })
        .sign(new TextEncoder().encode("x".repeat(32))),
    "bad_algorithm",
    oidcVerifier
  )
})

describe("S-16: distinct new tokens", () => {
  const tokens = (count: number): Promise<ReadonlyArray<string>> =>
    Promise.all(Array.from({ length: count }, (_, i) => ours.sign({ ...goodClaims(ISSUER), jti: `id-${i}` })))

  it.effect("have their signatures checked one at a time", () =>
    Effect.gen(function* () {
      const { subtle } = crypto
      let now = 0
      let most = 0
      const verify = subtle.verify.bind(subtle)
      const counting = vi.spyOn(subtle, "verify").mockImplementation(async (...args) => {
        most = Math.max(most, ++now)
        return verify(...args).finally(() => now--)
      })
      const all = yield* Effect.promise(() => tokens(20))
      const outcomes = yield* Effect.forEach(all, (token) => outcome(gatewayVerifier, token), {
        concurrency: "unbounded"
      }).pipe(Effect.ensuring(Effect.sync(() => counting.mockRestore())))
      expect(outcomes.every((one) => typeof one === "object")).toBe(true)
      expect(most).toBe(1)
    })
  )

  it.effect("that wait for their issuer's keys are in nobody's way", () =>
    Effect.gen(function* () {
      const keys: KeySource = { kind: "remote", url: "https://idp.example/certs", fetch: () => new Promise(() => {}) }
      const silent = yield* oidc({ ...oidcOptions, keys })
      const stranger = yield* Effect.promise(() => idp.sign(goodClaims(IDP)))
      const waiting = yield* Effect.fork(Effect.replicateEffect(outcome(silent, stranger), 10, { concurrency: 10 }))
      const [good = ""] = yield* Effect.promise(() => tokens(1))
      expect(yield* outcome(gatewayVerifier, good)).toMatchObject({ subject: "alice" })
      expect(waiting.unsafePoll()).toBe(null)
      yield* Fiber.interruptFork(waiting)
    })
  )
})
