/** When tokens are renewed: the pure parts by property, the service by the test clock, a provider's outage included. */
import { assert, describe, it } from "@effect/vitest"
import * as BunContext from "@effect/platform-bun/BunContext"
import { tempDir } from "@mcpgw/testkit/Process"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { join } from "node:path"
import { afterAll } from "vitest"
import { bufferOf, dueAt, isDue, retryAfter, sleepFor } from "../src/creds/due.ts"
import { openFolder } from "../src/creds/folder.ts"
import { GrantFailed, Grants } from "../src/creds/Grants.ts"
import {
  agentConfigFile,
  agentOf,
  agentTokenFile,
  egressFile,
  isWord,
  serverOf,
  tokenFileOf
} from "../src/creds/names.ts"
import { knownProviders, PROVIDER_NAMES } from "../src/creds/providers.ts"
import { type Outcome, pass, serve } from "../src/creds/refresh.ts"
import { ageOf, human, secondsOf } from "../src/creds/shapes.ts"
import { standard } from "../src/creds/tolerantFetch.ts"

const room = tempDir("refresh")
afterAll(() => room.remove())

const second = fc.integer({ min: 0, max: 4_000_000_000 })
const span = fc.integer({ min: 1, max: 1_000_000 })

describe("contracts §2.14: when a token is due", () => {
  it("property: never before three quarters of its life, never after its end, never later for a larger setting", () =>
    fc.assert(
      fc.property(second, span, span, span, (from, lifetime, setting, more) => {
        const age = { expiresAt: from + lifetime, lifetime }
        const at = dueAt(age, setting) ?? Number.NaN
        assert.isAtLeast(at, from + lifetime * 0.75)
        assert.isAtMost(at, from + lifetime)
        assert.isTrue(isDue(age, setting, from + lifetime))
        assert.isFalse(isDue(age, setting, from + lifetime * 0.75 - 1))
        assert.isAtMost(dueAt(age, setting + more) ?? 0, at)
        assert.strictEqual(bufferOf(setting, lifetime), Math.min(setting, lifetime / 4))
      })
    ))

  it("a token without an end is never due; one of unknown life by the setting; an unreadable end is an end", () => {
    assert.isFalse(isDue({ expiresAt: null, lifetime: undefined }, 3600, 4e9))
    assert.strictEqual(dueAt({ expiresAt: 10_000, lifetime: undefined }, 3600), 6400)
    assert.deepEqual(ageOf({ access_token: "x", expires_at: "soon" }), { expiresAt: 0, lifetime: undefined })
  })

  it("property: waits grow to an hour; a sleep is between five seconds and the interval, and ends when something is due", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.array(second),
        fc.integer({ min: 5, max: 9999 }),
        second,
        (n, moments, interval, now) => {
          assert.isAtMost(retryAfter(n), 3600)
          assert.isAtLeast(retryAfter(n + 1), retryAfter(n))
          const slept = sleepFor(moments, interval, now)
          assert.isTrue(slept >= 5 && slept <= interval)
          for (const moment of moments) assert.isTrue(slept <= Math.max(5, moment - now))
        }
      )
    ))

  it("property: times are read as they are written", () =>
    fc.assert(
      fc.property(second, (at) => {
        assert.strictEqual(secondsOf(human(at)), at)
        assert.strictEqual(secondsOf(new Date(at * 1000).toISOString()), at)
      })
    ))
})

describe("contracts §2.13: names", () => {
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}[a-z0-9]$/)

  it("property: what is made is read back, and nothing leads out of the folder", () =>
    fc.assert(
      fc.property(word, fc.option(word, { nil: undefined }), fc.string(), (provider, server, anything) => {
        const file = tokenFileOf(egressFile(provider, server))
        assert.strictEqual(file?.kind, "egress")
        if (file?.kind === "egress") assert.strictEqual(serverOf(file.stem, provider), server)
        if (isWord(anything)) assert.match(anything, /^[a-z0-9_-]+$/)
        assert.strictEqual(agentOf(agentConfigFile(provider)), provider)
        assert.deepEqual(tokenFileOf(agentTokenFile(provider)), { kind: "agent", id: provider })
      })
    ))

  it("others are no tokens", () => {
    for (const name of [
      "egress.json",
      "mcp.json",
      "agent-a-m2m.json",
      "../x-egress.json",
      "agent-../-m2m-token.json",
      ".x-egress.json"
    ]) {
      assert.isUndefined(tokenFileOf(name), name)
    }
    assert.strictEqual(serverOf("bedrock-agentcore", "bedrock-agentcore"), "sre-gateway")
  })
})

describe("contracts §2.14: eleven providers", () => {
  it("are there, over https, and only Cognito's machine asks nobody", () => {
    assert.sameMembers(
      [...PROVIDER_NAMES],
      [
        "atlassian",
        "google",
        "github",
        "cognito",
        "cognito_m2m",
        "microsoft",
        "slack",
        "discord",
        "linkedin",
        "spotify",
        "twitter"
      ]
    )
    const all = [...knownProviders({ domain: "x", userPoolId: undefined, region: "us-east-1" }).values()]
    for (const { authorize, token } of all)
      for (const url of [authorize, token]) assert.match(url ?? "https:", /^https:/)
    assert.deepEqual(
      all.filter(({ authorize }) => authorize === undefined).map(({ name }) => name),
      ["cognito_m2m"]
    )
    const pool = knownProviders({ domain: undefined, userPoolId: "us-east-1_AbC", region: undefined }).get(
      "cognito_m2m"
    )
    assert.strictEqual(pool?.token, "https://us-east-1abc.auth.us-east-1.amazoncognito.com/oauth2/token")
  })

  it("what they answer becomes what RFC 6749 §5 says", () => {
    assert.deepEqual(standard({ access_token: "a", expires_in: "60", id_token: "i" }), {
      access_token: "a",
      token_type: "Bearer",
      expires_in: 60
    })
    assert.deepEqual(standard({ ok: true, authed_user: { access_token: "u", scope: "s" } }), {
      access_token: "u",
      token_type: "Bearer",
      scope: "s"
    })
    assert.notProperty(standard({ ok: false, error: "invalid_code" }), "access_token")
  })
})

describe("issue 6.8: the refresh service", () => {
  const settings = ConfigProvider.fromMap(
    new Map([
      ["KEYCLOAK_URL", "https://kc.example.com"],
      ["KEYCLOAK_M2M_CLIENT_ID", "m2m"],
      ["KEYCLOAK_M2M_CLIENT_SECRET", "s3cret"]
    ])
  )

  const yields: Effect.Effect<void> = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

  /** Until the service sleeps: what it does before is real input and output. */
  const asleep = Effect.gen(function* () {
    while ([...(yield* TestClock.sleeps())].length === 0) yield* yields
  })

  const run = (name: string, answer: (asked: number) => "down" | number) =>
    Effect.gen(function* () {
      const folder = yield* openFolder(join(room.path, name))
      const asked = yield* Ref.make(0)
      const passes = yield* Queue.unbounded<ReadonlyArray<Outcome>>()
      const grants = Grants.layerOf(({ provider }) =>
        Effect.flatMap(
          Ref.updateAndGet(asked, (n) => n + 1),
          (n) => {
            const lifetime = answer(n)
            if (lifetime === "down") return new GrantFailed({ provider, problem: "answered with status 503" })
            return Effect.succeed({
              accessToken: Redacted.make(`t${n}`),
              refreshToken: undefined,
              expiresIn: lifetime,
              scope: undefined
            })
          }
        )
      )
      yield* folder.write("ingress.json", `{"access_token":"old","expires_at":-1,"kept":true}`)
      const options = { folder, buffer: 3600, interval: 300, force: false, agentId: undefined, servers: undefined }
      const fiber = yield* Effect.fork(
        serve(options, (outcomes) => Queue.offer(passes, outcomes), Effect.never).pipe(Effect.provide(grants))
      )
      /** Lets time pass, pass by pass. */
      const step = (seconds: number) =>
        Effect.zipRight(asleep, Effect.zipRight(TestClock.adjust(`${seconds} seconds`), Queue.take(passes)))
      return { asked: Ref.get(asked), first: Queue.take(passes), step, folder, end: Fiber.interrupt(fiber) }
    })

  const needs = Layer.mergeAll(BunContext.layer, Layer.setConfigProvider(settings))

  it.effect("renews at three quarters of a short life, not before, and keeps fields it does not know", () =>
    Effect.gen(function* () {
      const { asked, end, first, folder, step } = yield* run("quarters", () => 1000)
      assert.deepInclude((yield* first)[0], { name: "ingress.json", result: "refreshed", next: 750 })
      assert.deepInclude(yield* folder.token("ingress.json"), { access_token: "t1", kept: true, expires_at: 1000 })
      for (const _ of [300, 600]) assert.strictEqual((yield* step(300))[0]?.result, "fresh")
      assert.strictEqual(yield* asked, 1)
      assert.deepInclude((yield* step(150))[0], { result: "refreshed" })
      assert.strictEqual(yield* asked, 2)
      yield* end
    }).pipe(Effect.provide(needs))
  )

  it.effect(
    "an outage: asked again after 30, 60, 120 seconds, never more often; heals, and the old token stays until then",
    () =>
      Effect.gen(function* () {
        const { asked, end, first, folder, step } = yield* run("outage", (n) => (n <= 3 ? "down" : 1000))
        assert.deepInclude((yield* first)[0], {
          result: "failed",
          next: 30,
          problem: "keycloak_m2m: answered with status 503"
        })
        assert.deepInclude((yield* step(30))[0], { result: "failed", next: 90 })
        assert.deepInclude((yield* step(60))[0], { result: "failed", next: 210 })
        assert.strictEqual((yield* folder.token("ingress.json"))?.access_token, "old")
        assert.strictEqual(yield* asked, 3)
        assert.deepInclude((yield* step(120))[0], { result: "refreshed" })
        assert.strictEqual((yield* folder.token("ingress.json"))?.access_token, "t4")
        yield* end
      }).pipe(Effect.provide(needs))
  )

  it.live(
    "what somebody else put there goes into the IDE files; a registry that does not answer takes nothing out",
    () =>
      Effect.gen(function* () {
        const folder = yield* openFolder(join(room.path, "by-hand"))
        const options = {
          folder,
          buffer: 3600,
          interval: 300,
          force: false,
          agentId: undefined,
          servers: "registry"
        }
        const token = (name: string) => JSON.stringify({ access_token: name, provider: name, expires_at: null })
        const free = { type: "sse", url: "x", headers: { "X-Authorization": "Bearer old" }, disabled: false }
        yield* folder.write("mcp.json", JSON.stringify({ mcpServers: { "team/clock": free } }))
        yield* folder.write(
          "ingress.json",
          JSON.stringify({ access_token: "in", provider: "mcpgw_m2m", expires_at: null })
        )
        yield* folder.write("github-egress.json", token("github"))
        const grants = Grants.layerOf(({ provider }) => new GrantFailed({ provider, problem: "not asked" }))
        const outcomes = yield* Effect.provide(pass(options, new Map()), grants)
        for (const { result } of outcomes) assert.strictEqual(result, "fresh")
        const { mcpServers } = JSON.parse((yield* folder.text("mcp.json")) ?? "")
        assert.deepEqual(mcpServers["team/clock"], {
          type: "sse",
          url: "http://127.0.0.1:9/team/clock/mcp",
          headers: { "X-Authorization": "Bearer in" },
          disabled: false,
          alwaysAllow: []
        })
        assert.strictEqual(mcpServers.github.headers.Authorization, "Bearer github")
        for (const name of ["vscode_mcp.json", "vscode-mcp.json"])
          assert.hasAllKeys(JSON.parse((yield* folder.text(name)) ?? "").mcp.servers, ["github", "team/clock"])
      }).pipe(
        Effect.provide(
          Layer.merge(
            BunContext.layer,
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["REGISTRY_URL", "http://127.0.0.1:9"]])))
          )
        )
      )
  )
})
