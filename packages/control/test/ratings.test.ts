/** Ratings: who may rate, what they average to, and where a server's own parts are found. */
import { it } from "@effect/vitest"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, SECRET, signedIn } from "./support/plane.ts"

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const rate = (cookie: string, path: string, rating: unknown) =>
    call(plane, "POST", `/api/servers/${path}/rate`, { cookie, json: { rating } })
  return { plane, rate }
})

describe("POST /api/servers/{path}/rate", () => {
  it.scoped("one rating of each caller; the average is shown as the server's stars", () =>
    Effect.gen(function* () {
      const { plane, rate } = yield* start
      const [admin, developer] = [yield* signedIn("admin"), yield* signedIn("developer")]
      expect((yield* rate(admin, "currenttime", 1)).body).toMatchObject({ num_stars: 1, num_ratings: 1, my_rating: 1 })
      yield* rate(developer, "currenttime", 4)
      const last = yield* rate(admin, "currenttime/", 5)
      expect(last.body).toEqual({ service_path: "/currenttime", num_stars: 4.5, num_ratings: 2, my_rating: 5 })
      expect((yield* Registry).get("/currenttime")?.record.num_stars).toBe(4.5)
      const mine = yield* call(plane, "GET", "/api/servers/currenttime/rating", { cookie: yield* signedIn("operator") })
      expect(mine.body).toEqual({ service_path: "/currenttime", num_stars: 4.5, num_ratings: 2, my_rating: null })
    }).pipe(Effect.provide(layer()))
  )

  it.scoped.each([0, 6, 2.5, "5", null])("%j is no rating", (rating) =>
    Effect.gen(function* () {
      const { rate } = yield* start
      const answer = yield* rate(yield* signedIn("admin"), "currenttime", rating)
      expect([answer.status, answer.body]).toMatchObject([400, { field: "rating" }])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("whoever does not see a server can not rate it, and one that is removed loses its ratings", () =>
    Effect.gen(function* () {
      const { plane, rate } = yield* start
      expect((yield* rate(yield* signedIn("user"), "finance/payroll", 5)).status).toBe(404)
      const cookie = yield* signedIn("admin")
      expect((yield* rate(cookie, "finance/payroll", 5)).status).toBe(200)
      yield* call(plane, "DELETE", "/api/servers/finance/payroll", { cookie })
      yield* registered(SECRET)
      const { body } = yield* call(plane, "GET", "/api/servers/finance/payroll/rating", { cookie })
      expect(body).toMatchObject({ num_stars: 0, num_ratings: 0, my_rating: null })
    }).pipe(Effect.provide(layer()))
  )
})

describe("a server's path and its parts", () => {
  it.scoped("alone it may be called like one of its parts; below another it may not, and the part is the other's", () =>
    Effect.gen(function* () {
      const { plane } = yield* start
      const at = (path: string, server_name: string) => ({ server_name, path, proxy_pass_url: "http://10.0.0.1/" })
      yield* registered(at("/rating", "Alone"), at("/team", "Team"))
      const cookie = yield* signedIn("admin")
      const get = (path: string) => call(plane, "GET", `/api/servers/${path}`, { cookie })
      expect((yield* get("rating")).body).toMatchObject({ server_name: "Alone" })
      expect((yield* get("team/rating")).body).toMatchObject({ service_path: "/team" })
      const below = yield* call(plane, "POST", "/api/register", { cookie, json: at("/team/rating", "Below") })
      expect([below.status, below.body]).toMatchObject([400, { errors: [{ field: "path" }] }])
    }).pipe(Effect.provide(layer()))
  )
})
