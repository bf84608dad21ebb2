/** Who tries to get in, or to get somebody else in, through a federated sign-in; nobody does, and no session comes of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { generateKeyPair, SignJWT } from "jose"
import { createHash } from "node:crypto"
import { Accounts } from "../src/Accounts.ts"
import { FederatedLogin } from "../src/FederatedLogin.ts"
import { makeTransactions, TRANSACTION_SECONDS } from "../src/internal/loginTransaction.ts"
import { returnPath } from "../src/internal/returnPath.ts"
import { type LoginRefusal, loginSentences } from "../src/LoginRefused.ts"
import { cookieOf, layerWith, leave, PUBLIC, signIn } from "./support/Login.ts"
import { fixture, type Mischief, type ScriptedProvider, scriptedProvider } from "./support/ScriptedProvider.ts"

type Provider = ScriptedProvider

const atOkta = <A, E>(body: (provider: Provider) => Effect.Effect<A, E, Accounts | FederatedLogin>) =>
  Effect.flatMap(
    Effect.promise(() => scriptedProvider("okta")),
    (provider) => Effect.provide(body(provider), layerWith(["okta"], provider.fetch))
  )

const finish = (name: string, query: string, cookies: string | undefined) =>
  Effect.flatMap(FederatedLogin, (login) => login.finish(name, query, { cookies }))

const refused = (name: string, query: string, cookies: string | undefined) =>
  Effect.map(Effect.flip(finish(name, query, cookies)), ({ reason }) => reason)

/** The query with some of its parameters changed; undefined takes one away. */
const changed = (query: string, change: Readonly<Record<string, string | undefined>>): string => {
  const given = new URLSearchParams(query)
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) given.delete(name)
    else given.set(name, value)
  }
  return given.toString()
}

const nobody = Effect.flatMap(Accounts, (accounts) => Effect.map(accounts.list, (all) => expect(all).toEqual([])))

describe("what the browser brings back (contracts §2.6, A-27, S-05)", () => {
  it("says the contract's words", () => {
    expect(loginSentences).toMatchObject({
      missing_parameters: "Missing required OAuth2 parameters",
      bad_transaction: "Invalid or expired OAuth2 session",
      bad_state: "Invalid state parameter",
      provider_mismatch: "Provider mismatch"
    })
  })

  it.live(
    "a code or a state that is missing, empty or of another sign-in; a cookie that is missing, planted or not ours",
    () =>
      atOkta((provider) =>
        Effect.gen(function* () {
          const { cookies, query } = yield* leave(provider, "okta")
          const other = yield* leave(provider, "okta")
          const rows: ReadonlyArray<readonly [string, string | undefined, LoginRefusal]> = [
            [changed(query, { code: undefined }), cookies, "missing_parameters"],
            [changed(query, { state: undefined }), cookies, "missing_parameters"],
            [changed(query, { state: "" }), cookies, "missing_parameters"],
            ["", cookies, "missing_parameters"],
            [query, undefined, "bad_transaction"],
            [query, "__Host-mcpgw_login=", "bad_transaction"],
            [query, "mcpgw_login=planted", "bad_transaction"],
            [query, `${cookies}; ${cookies}`, "bad_transaction"],
            [query, `${cookies}x`, "bad_transaction"],
            [query, cookies.slice(0, -2), "bad_transaction"],
            [changed(query, { state: "x" }), cookies, "bad_state"],
            [other.query, cookies, "bad_state"],
            [query, other.cookies, "bad_state"]
          ]
          for (const [given, cookie, reason] of rows) expect(yield* refused("okta", given, cookie)).toBe(reason)
          expect(provider.asked.filter((url) => url.endsWith("/token"))).toEqual([])
          yield* nobody
        })
      )
  )

  it.live("S-05: the same answer a second time, also when the first one failed, and two at once", () =>
    atOkta((provider) =>
      Effect.gen(function* () {
        const first = yield* leave(provider, "okta")
        yield* finish("okta", first.query, first.cookies)
        expect(yield* refused("okta", first.query, first.cookies)).toBe("bad_transaction")
        const second = yield* leave(provider, "okta")
        expect(yield* refused("okta", changed(second.query, { code: "wrong" }), second.cookies)).toBe("provider_error")
        expect(yield* refused("okta", second.query, second.cookies)).toBe("bad_transaction")
        const third = yield* leave(provider, "okta")
        const both = yield* Effect.all(
          [1, 2].map(() => Effect.either(finish("okta", third.query, third.cookies))),
          { concurrency: "unbounded" }
        )
        expect(both.map(({ _tag }) => _tag).toSorted()).toEqual(["Left", "Right"])
      })
    )
  )

  it.live("code injection: a code of another's sign-in does not fit this one's verifier", () =>
    atOkta((provider) =>
      Effect.gen(function* () {
        const victim = yield* leave(provider, "okta")
        const attacker = yield* leave(provider, "okta")
        const stolen = new URLSearchParams(victim.query).get("code") ?? ""
        expect(yield* refused("okta", changed(attacker.query, { code: stolen }), attacker.cookies)).toBe(
          "provider_error"
        )
        yield* nobody
      })
    )
  )

  it.live("S-14: an answer handed in at another provider's callback", () =>
    Effect.gen(function* () {
      const okta = yield* Effect.promise(() => scriptedProvider("okta"))
      const google = yield* Effect.promise(() => scriptedProvider("google"))
      const fetch: Provider["fetch"] = (url, init) => (url.includes("google") ? google : okta).fetch(url, init)
      yield* Effect.gen(function* () {
        const { cookies, query } = yield* leave(okta, "okta")
        expect(yield* refused("google", query, cookies)).toBe("provider_mismatch")
        expect(google.asked).toEqual([])
        expect(yield* refused("nowhere", query, cookies)).toBe("unknown_provider")
        yield* nobody
      }).pipe(Effect.provide(layerWith(["okta", "google"], fetch)))
    })
  )

  it.live("A-24: an iss that is another's, missing where it is promised, or sent twice; also with an error", () =>
    Effect.gen(function* () {
      const provider = yield* Effect.promise(() => scriptedProvider("okta"))
      const promising = { ...fixture("okta", "discovery"), authorization_response_iss_parameter_supported: true }
      const iss = "https://dev-1234567.okta.example/oauth2/default"
      provider.mischief = { answer: (url) => (url.includes(".well-known") ? Response.json(promising) : undefined) }
      yield* Effect.gen(function* () {
        const attempt = (change: Readonly<Record<string, string | undefined>>, tail = "") =>
          Effect.flatMap(leave(provider, "okta"), ({ cookies, query }) =>
            refused("okta", changed(query, { iss, ...change }) + tail, cookies)
          )
        expect(yield* attempt({ iss: "https://evil.example" })).toBe("not_proven")
        expect(yield* attempt({ iss: "https://dev-1234567.okta.example/oauth2/default/" })).toBe("not_proven")
        expect(yield* attempt({ iss: "https://evil.example", code: undefined, error: "access_denied" })).toBe(
          "not_proven"
        )
        expect(yield* attempt({}, "&iss=a&iss=b")).toBe("not_proven")
        expect(yield* attempt({ iss: undefined })).toBe("not_proven")
        expect(provider.asked.filter((url) => url.endsWith("/token"))).toEqual([])
        expect(yield* attempt({ code: undefined, error: "access_denied" })).toBe("denied")
        expect(yield* attempt({ code: undefined, error: "server_error" })).toBe("provider_error")
        yield* nobody
      }).pipe(Effect.provide(layerWith(["okta"], provider.fetch)))
    })
  )

  it.live("nothing a provider or a stranger writes into the answer is shown or logged", () =>
    atOkta((provider) =>
      Effect.gen(function* () {
        const { cookies, query } = yield* leave(provider, "okta")
        const words = "Call +1-555-0100 to unlock <script>"
        const given = changed(query, { code: undefined, error: words, error_description: words })
        const failure = yield* Effect.flip(finish("okta", given, cookies))
        expect(JSON.stringify(failure)).not.toContain("555")
      })
    )
  )
})

describe("the transaction", () => {
  const ring = { sealing: [{ id: "a", bytes: new Uint8Array(32).fill(1) }], signing: [] }
  const transaction = { id: "t", provider: "okta", issuer: null, state: "s", nonce: "n", verifier: "v", returnTo: "/" }

  it("A-27: opens for ten minutes, with a key of the ring, and not a second longer", async () => {
    const transactions = makeTransactions(ring)
    const value = await transactions.seal(transaction, 0)
    expect(await transactions.open(value, (TRANSACTION_SECONDS - 1) * 1000)).toEqual(transaction)
    expect(await transactions.open(value, (TRANSACTION_SECONDS + 1) * 1000)).toBeUndefined()
    const rotated = { ...ring, sealing: [{ id: "b", bytes: new Uint8Array(32).fill(2) }, ...ring.sealing] }
    expect(await makeTransactions(rotated).open(value, 0)).toEqual(transaction)
    const foreign = { ...ring, sealing: [{ id: "a", bytes: new Uint8Array(32).fill(3) }] }
    expect(await makeTransactions(foreign).open(value, 0)).toBeUndefined()
    expect(value).not.toContain(Buffer.from('"verifier"').toString("base64url"))
  })

  it("is used once, and remembered as long as it could be used again", async () => {
    const transactions = makeTransactions(ring)
    const value = await transactions.seal(transaction, 0)
    expect([transactions.use(transaction, 0), transactions.use(transaction, 1)]).toEqual([true, false])
    for (let i = 0; i < 2_000; i++) transactions.use({ ...transaction, id: `other-${i}` }, 500_000)
    expect(await transactions.open(value, 599_000)).toBeUndefined()
  })
})

/** Made before a sign-in waits for it. */
const stranger = generateKeyPair("RS256")

describe("the ID token (A-07, S-02)", () => {
  const attempt = (name: string, mischief: (provider: Provider) => Mischief | Promise<Mischief>): void =>
    it.live(`refuses ${name}`, () =>
      atOkta((provider) =>
        Effect.gen(function* () {
          provider.mischief = yield* Effect.promise(async () => mischief(provider))
          expect((yield* Effect.flip(signIn(provider, "okta"))).reason).toBe("not_proven")
          yield* nobody
        })
      )
    )
  const now = Math.floor(Date.now() / 1000)
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

  attempt("another nonce", () => ({ idToken: { nonce: "another" } }))
  attempt("no nonce", () => ({ idToken: { nonce: undefined } }))
  attempt("another issuer", () => ({ idToken: { iss: "https://evil.example" } }))
  attempt("another client's", () => ({ idToken: { aud: "another-client" } }))
  attempt("one for several, issued to another", () => ({ idToken: { aud: ["0oabucvyc38HLL1ef0h7", "x"], azp: "x" } }))
  attempt("an expired one", () => ({ idToken: { exp: now - 120 } }))
  attempt("one without a subject", () => ({ idToken: { sub: undefined } }))
  attempt("one that belongs to another access token", () => ({ atHash: "AAAAAAAAAAAAAAAAAAAAAA" }))
  attempt("alg none", () => ({
    sign: async (payload) => `${encode({ alg: "none" })}.${encode(payload)}.`
  }))
  attempt("HS256 with the public key for a secret", (provider) => ({
    sign: (payload) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: "HS256", kid: "okta-1" })
        .sign(new TextEncoder().encode(JSON.stringify(provider.keys.keys[0])))
  }))
  attempt("HS256 with the client's secret", () => ({
    sign: (payload) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: "HS256" })
        .sign(createHash("sha256").update("okta-secret").digest())
  }))
  attempt("a stranger's signature under a known key id", () => ({
    sign: async (payload) =>
      new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: "okta-1" }).sign((await stranger).privateKey)
  }))
  attempt("a signature cut off", (provider) => ({
    sign: async (payload) => (await provider.sign(payload)).replace(/\.[^.]*$/, ".AAAA")
  }))
})

describe("where a sign-in leads (S-12: no open redirect)", () => {
  const elsewhere = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a//evil.example",
    " /console",
    "console",
    "",
    "javascript:alert(1)",
    "/x\u0000",
    "/ünïcode",
    `/${"x".repeat(3_000)}`
  ]

  it.live("a return path that leads elsewhere, or may, is refused before anybody leaves", () =>
    atOkta((provider) =>
      Effect.gen(function* () {
        const login = yield* FederatedLogin
        for (const path of elsewhere) {
          expect((yield* Effect.flip(login.begin("okta", path))).reason).toBe("bad_return_path")
        }
        expect(provider.asked).toEqual([])
        const sent = yield* login.begin("okta", "/oauth/interaction/abc?x=1#y")
        expect(cookieOf(sent.cookies)).toContain("__Host-mcpgw_login=")
      })
    )
  )

  it("property: what passes is a path of our own origin, for a browser too", () => {
    const tricky = fc.array(
      fc.constantFrom("/", "\\", ".", "..", "%2f", "%5c", "@", ":", "?", "#", "evil.example", "\t", "a"),
      {
        maxLength: 8
      }
    )
    fc.assert(
      fc.property(tricky, fc.string(), (parts, text) => {
        for (const candidate of [parts.join(""), `/${parts.join("")}`, text, `/${text}`]) {
          const path = returnPath(PUBLIC, candidate)
          if (path === undefined) continue
          expect(new URL(path, `${PUBLIC}/oauth2/callback/okta?code=1`).origin).toBe(PUBLIC)
          expect(new URL(`${PUBLIC}${path}`).origin).toBe(PUBLIC)
        }
      }),
      { numRuns: 2_000 }
    )
  })
})
