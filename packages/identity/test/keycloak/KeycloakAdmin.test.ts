/** The admin client from outside: when it signs in, what it makes of answers, and what never shows in an error. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { KeycloakAdmin } from "../../src/keycloak/KeycloakAdmin.ts"

const PASSWORD = "correct horse battery 9"
const TOKEN = "token-0123456789"

interface Asked {
  readonly url: string
  readonly init: RequestInit
}

type Answer = (asked: Asked) => Response | Promise<Response>

const token = (): Response => Response.json({ access_token: TOKEN, expires_in: 60 })

/** Answers the token endpoint, and everything else as told. */
const server = (answer: Answer = () => Response.json({ realm: "one" })) => {
  const asked: Array<Asked> = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    asked.push({ url, init })
    return url.endsWith("/token") ? token() : answer({ url, init })
  }
  return { asked, fetch, signIns: () => asked.filter(({ url }) => url.endsWith("/token")).length }
}

const over = (fetch: (url: string, init: RequestInit) => Promise<Response>) =>
  KeycloakAdmin.layer({ url: "http://keycloak.test/", username: "root", password: Redacted.make(PASSWORD), fetch })

const Realm = Schema.Struct({ realm: Schema.String })

const getRealm = Effect.flatMap(KeycloakAdmin, (admin) => admin.get("/one", Realm))

/** The message of what went wrong. */
const failure = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.either(effect), (result) => (result._tag === "Left" ? result.left.message : "nothing went wrong"))

describe("signing in", () => {
  it.effect("once for many requests, and again before the token ends", () => {
    const { fetch, signIns } = server()
    return Effect.gen(function* () {
      yield* getRealm
      yield* getRealm
      assert.strictEqual(signIns(), 1)
      yield* TestClock.adjust(Duration.seconds(51))
      yield* getRealm
      assert.strictEqual(signIns(), 2)
    }).pipe(Effect.provide(over(fetch)))
  })

  it.effect("is told apart when it is refused, in Keycloak's words and without the password", () =>
    Effect.gen(function* () {
      const refused = async () =>
        Response.json(
          { error: "invalid_grant", error_description: "Invalid \u001b[31muser\u0007 credentials" },
          { status: 401 }
        )
      const message = yield* failure(Effect.provide(getRealm, over(refused)))
      assert.include(message, `does not let "root" in (realm master)`)
      assert.include(message, "user  credentials")
      assert.notMatch(message, /\p{Cc}/u)
      assert.notInclude(message, PASSWORD)
    })
  )

  it.effect("somewhere that is no Keycloak says so", () =>
    Effect.gen(function* () {
      const message = yield* failure(
        Effect.provide(
          getRealm,
          over(async () => new Response("no", { status: 404 }))
        )
      )
      assert.include(message, "there is no Keycloak at http://keycloak.test, or it has no realm master")
    })
  )

  it.effect("a page with status 200 is no sign-in", () =>
    Effect.gen(function* () {
      const message = yield* failure(
        Effect.provide(
          getRealm,
          over(async () => new Response("<html>"))
        )
      )
      assert.include(message, "Keycloak answered POST /realms/master/protocol/openid-connect/token with 200")
    })
  )
})

describe("answers", () => {
  it.effect("404 is nothing there", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* getRealm)
    }).pipe(Effect.provide(over(server(() => new Response(null, { status: 404 })).fetch)))
  )

  const cases: ReadonlyArray<readonly [string, Answer, string]> = [
    ["403", () => new Response(null, { status: 403 }), `"root" may not do this in Keycloak: POST /one`],
    ["409", () => Response.json({ errorMessage: "exists" }, { status: 409 }), "POST /one is taken: exists"],
    ["500", () => new Response("boom", { status: 500 }), "Keycloak answered POST /one with 500"]
  ]
  for (const [name, answer, words] of cases) {
    it.effect(`${name} is worded`, () =>
      Effect.gen(function* () {
        const admin = yield* KeycloakAdmin
        assert.include(yield* failure(admin.post("/one", {})), words)
      }).pipe(Effect.provide(over(server(answer).fetch)))
    )
  }

  it.effect("a redirect is not followed: the token goes no further", () => {
    const { asked, fetch } = server(() => Response.redirect("https://attacker.example/x", 302))
    return Effect.gen(function* () {
      const message = yield* failure(getRealm)
      assert.include(message, "a redirect, which is not followed, to https://attacker.example/x")
      assert.isTrue(
        asked.every(({ url, init }) => url.startsWith("http://keycloak.test/") && init.redirect === "manual")
      )
    }).pipe(Effect.provide(over(fetch)))
  })

  it.effect("an answer that can not be read is not repeated: it may hold secrets", () =>
    Effect.gen(function* () {
      const message = yield* failure(getRealm)
      assert.include(message, "Keycloak answered GET /one with something this version can not read")
      assert.notInclude(message, "s3cret")
    }).pipe(Effect.provide(over(server(() => Response.json({ secret: "s3cret" })).fetch)))
  )
})

describe("what does not answer", () => {
  it.effect("is told with the runtime's code", () =>
    Effect.gen(function* () {
      const refuse = async (): Promise<Response> => {
        throw Object.assign(new Error("long words"), { code: "ECONNREFUSED" })
      }
      const message = yield* failure(Effect.provide(getRealm, over(refuse)))
      assert.include(message, "Keycloak can not be reached at http://keycloak.test: ECONNREFUSED")
    })
  )

  it.effect("is given up after 30 seconds, and the request with it", () => {
    let aborted = false
    const hang = (_url: string, { signal }: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          aborted = true
          reject(new Error("aborted"))
        })
      })
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.exit(Effect.provide(getRealm, over(hang))))
      yield* TestClock.adjust(Duration.seconds(29))
      assert.isFalse(aborted)
      yield* TestClock.adjust(Duration.seconds(2))
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.isTrue(aborted)
    })
  })
})
