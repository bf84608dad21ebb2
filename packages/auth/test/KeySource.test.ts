import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { vi } from "vitest"
import { gateway, oidc } from "../src/JwtVerifier.ts"
import { COOLDOWN_MILLIS, type KeySource, MAX_OUTAGE_MILLIS, RETRY_MILLIS } from "../src/KeySource.ts"
import { forge, GATEWAY, goodClaims, makeIssuer, outcome } from "./issuer.ts"

const ISSUER = "https://gw.example/oauth"
const IDP = "https://idp.example/realms/main"

const ours = await makeIssuer(ISSUER, "EdDSA", "k1")
const idp = await makeIssuer(IDP, "RS256", "idp-1")

/** An IdP over a scripted fetch. Only `Date` is faked: jose keeps time by it. */
const remote = (answer: (call: number) => Response | Promise<Response>) => {
  const calls: Array<string> = []
  const source: KeySource = {
    kind: "remote",
    url: "https://idp.example/certs",
    fetch: async (url) => {
      calls.push(url)
      return answer(calls.length)
    }
  }
  const verifier = Effect.runSync(
    oidc({ name: "idp", issuer: IDP, audiences: ["mcp-gateway"], resource: GATEWAY, keys: source })
  )
  return { calls, verifier }
}

const withClock = <A, E>(body: (advance: (millis: number) => void) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] })),
    () => body((millis) => vi.setSystemTime(Date.now() + millis)),
    () => Effect.sync(() => vi.useRealTimers())
  )

describe("A-07: remote keys", () => {
  const token = (kid: string) =>
    Effect.promise(() => idp.sign({ iss: IDP, sub: "u-1", aud: "mcp-gateway", exp: 3_600 }, { kid }))

  it.effect("are fetched once and kept", () =>
    Effect.gen(function* () {
      const { calls, verifier } = remote(() => Response.json(idp.keySet))
      const good = yield* token("idp-1")
      yield* Effect.all([outcome(verifier, good), outcome(verifier, good)], { concurrency: "unbounded" })
      expect(yield* outcome(verifier, good)).toMatchObject({ subject: "u-1" })
      expect(calls).toEqual(["https://idp.example/certs"])
    })
  )

  it.effect("an unknown kid fetches again, at most once in 30 s", () =>
    withClock((advance) =>
      Effect.gen(function* () {
        const { calls, verifier } = remote(() => Response.json(idp.keySet))
        yield* outcome(verifier, yield* token("idp-1"))
        expect(yield* outcome(verifier, yield* token("nope"))).toBe("unknown_key")
        expect(calls.length).toBe(1)
        advance(COOLDOWN_MILLIS + 1)
        expect(yield* outcome(verifier, yield* token("nope"))).toBe("unknown_key")
        expect(yield* outcome(verifier, yield* token("nope-2"))).toBe("unknown_key")
        expect(calls.length).toBe(2)
      })
    )
  )

  it.effect("a rotated key counts after the cooldown", () =>
    withClock((advance) =>
      Effect.gen(function* () {
        const next = yield* Effect.promise(() => makeIssuer(IDP, "RS256", "idp-2"))
        const { verifier } = remote((call) => Response.json(call === 1 ? idp.keySet : next.keySet))
        yield* outcome(verifier, yield* token("idp-1"))
        advance(COOLDOWN_MILLIS + 1)
        const rotated = yield* Effect.promise(() => next.sign({ iss: IDP, sub: "u-2", aud: "mcp-gateway", exp: 3_600 }))
        expect(yield* outcome(verifier, rotated)).toMatchObject({ subject: "u-2" })
      })
    )
  )

  const down = (name: string, answer: () => Response | Promise<Response>, problem: string): void =>
    it.effect(`503, never 401 and never a pass: ${name}`, () =>
      Effect.gen(function* () {
        const { verifier } = remote(answer)
        expect(yield* outcome(verifier, yield* token("idp-1"))).toBe(`unavailable: ${problem}`)
      })
    )
  down("status 500", () => new Response("", { status: 500 }), "key set not reachable")
  down("a redirect", () => Response.redirect("https://elsewhere.example"), "key set not reachable")
  down("connection refused", () => Promise.reject(new Error("refused")), "key set not reachable")
  down("timeout", () => Promise.reject(new DOMException("late", "TimeoutError")), "key set timed out")
  down("not JSON", () => new Response("<html>"), "key set not readable")
  down("JSON that is no key set", () => Response.json({ keys: "x" }), "key set not readable")

  it.effect("an issuer that is down is asked again after 5 s, not at every request", () =>
    withClock((advance) =>
      Effect.gen(function* () {
        const { calls, verifier } = remote((call) =>
          call === 1 ? new Response("", { status: 502 }) : Response.json(idp.keySet)
        )
        const good = yield* token("idp-1")
        for (let i = 0; i < 5; i++) expect(yield* outcome(verifier, good)).toMatch(/^unavailable/)
        expect(calls.length).toBe(1)
        advance(RETRY_MILLIS)
        expect(yield* outcome(verifier, good)).toMatchObject({ subject: "u-1" })
      })
    )
  )

  it.effect(
    "outage: known keys go on verifying for a day, a new one is 503, and the issuer is not asked at every request",
    () =>
      withClock((advance) =>
        Effect.gen(function* () {
          const next = yield* Effect.promise(() => makeIssuer(IDP, "RS256", "idp-2"))
          let state: "up" | "down" | "rotated" = "up"
          const { calls, verifier } = remote(() =>
            state === "down"
              ? new Response("", { status: 502 })
              : Response.json(state === "up" ? idp.keySet : next.keySet)
          )
          const good = yield* token("idp-1")
          const rotated = yield* Effect.promise(() =>
            next.sign({ iss: IDP, sub: "u-2", aud: "mcp-gateway", exp: 3_600 })
          )
          yield* outcome(verifier, good)
          state = "down"
          advance(3_600_000)
          for (let i = 0; i < 5; i++) expect(yield* outcome(verifier, good)).toMatchObject({ subject: "u-1" })
          expect(yield* outcome(verifier, forge(good))).toBe("bad_signature")
          expect(yield* outcome(verifier, rotated)).toMatch(/^unavailable/)
          expect(calls.length).toBe(2)
          advance(MAX_OUTAGE_MILLIS)
          expect(yield* outcome(verifier, good)).toMatch(/^unavailable/)
          state = "rotated"
          advance(RETRY_MILLIS)
          expect(yield* outcome(verifier, rotated)).toMatchObject({ subject: "u-2" })
          expect(yield* outcome(verifier, good)).toBe("unknown_key")
        })
      )
  )

  it.effect("a set whose place has to be found: 503 while it can not be, and followed when it moves", () =>
    Effect.gen(function* () {
      const next = yield* Effect.promise(() => makeIssuer(IDP, "RS256", "idp-2"))
      let place: string | undefined
      const verifier = yield* oidc({
        name: "idp",
        issuer: IDP,
        audiences: ["mcp-gateway"],
        resource: GATEWAY,
        keys: {
          kind: "discovered",
          url: async () => place ?? Promise.reject(new Error("no discovery document")),
          fetch: async (url) => Response.json(url.endsWith("/2") ? next.keySet : idp.keySet)
        }
      })
      const good = yield* token("idp-1")
      expect(yield* outcome(verifier, good)).toBe("unavailable: key set not reachable")
      place = "https://idp.example/certs/1"
      expect(yield* outcome(verifier, good)).toMatchObject({ subject: "u-1" })
      place = "https://idp.example/certs/2"
      const rotated = yield* Effect.promise(() => next.sign({ iss: IDP, sub: "u-2", aud: "mcp-gateway", exp: 3_600 }))
      expect(yield* outcome(verifier, rotated)).toMatchObject({ subject: "u-2" })
    })
  )

  it.effect("local keys may rotate: a new set counts at once", () =>
    Effect.gen(function* () {
      let current = ours
      const verifier = yield* gateway({
        issuer: ISSUER,
        audience: GATEWAY,
        keys: { kind: "local", keys: () => current.keySet }
      })
      const next = yield* Effect.promise(() => makeIssuer(ISSUER, "EdDSA", "k2"))
      const token = yield* Effect.promise(() => next.sign(goodClaims(ISSUER)))
      expect(yield* outcome(verifier, token)).toBe("unknown_key")
      current = next
      expect(yield* outcome(verifier, token)).toMatchObject({ username: "alice" })
    })
  )

  it.effect("time is the clock service's: a token expires under the test clock", () =>
    Effect.gen(function* () {
      const verifier = yield* gateway({
        issuer: ISSUER,
        audience: GATEWAY,
        keys: { kind: "local", keys: () => ours.keySet }
      })
      const token = yield* Effect.promise(() => ours.sign(goodClaims(ISSUER)))
      expect(yield* outcome(verifier, token)).toMatchObject({ username: "alice" })
      yield* TestClock.adjust("1 hour")
      expect(yield* outcome(verifier, token)).toBe("token_expired")
    })
  )
})
