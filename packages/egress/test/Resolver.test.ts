import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Resolver } from "../src/Resolver.ts"
import { resolverSuite } from "./suites/resolverSuite.ts"

resolverSuite("layer", "localhost", () => Resolver.layer)
resolverSuite("layerOf", "a.example", () => Resolver.layerOf((host) => (host === "a.example" ? ["127.0.0.1"] : [])))

describe("Resolver", () => {
  it.effect("asked many times at once, it looks up once", () => {
    let asked = 0
    const layer = Resolver.layerOf(() => {
      asked++
      return ["127.0.0.1"]
    })
    return Effect.gen(function* () {
      const resolver = yield* Resolver
      yield* Effect.promise(() => Promise.all(Array.from({ length: 50 }, () => resolver.resolve("a.example"))))
      expect(asked).toBe(1)
      yield* Effect.promise(() => resolver.resolve("b.example"))
      expect(asked).toBe(2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a failed look-up is tried again by the next caller", () => {
    let asked = 0
    const layer = Resolver.layerOf(() => (asked++ === 0 ? [] : ["127.0.0.1"]))
    return Effect.gen(function* () {
      const resolver = yield* Resolver
      yield* Effect.promise(() => expect(resolver.resolve("a.example")).rejects.toThrow())
      expect(yield* Effect.promise(() => resolver.resolve("a.example"))).toEqual(["127.0.0.1"])
    }).pipe(Effect.provide(layer))
  })
})
