/** Contract of `Resolver`; run over every layer. The layer knows `127.0.0.1` by `name` and does not know `unknown.invalid`. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Resolver, type ResolverApi } from "../../src/Resolver.ts"

export const resolverSuite = (title: string, name: string, layer: () => Layer.Layer<Resolver>): void => {
  const law = (what: string, body: (resolver: ResolverApi) => Promise<void>): void =>
    it.effect(what, () =>
      Effect.flatMap(Resolver, (resolver) => Effect.promise(() => body(resolver))).pipe(Effect.provide(layer()))
    )

  describe(`Resolver contract: ${title}`, () => {
    law("a name has addresses, known from then on and for a short time only", async (resolver) => {
      const now = Date.now()
      expect(resolver.known(name, now)).toBeUndefined()
      const addresses = await resolver.resolve(name)
      expect(addresses).toContain("127.0.0.1")
      expect(resolver.known(name, Date.now())).toEqual(addresses)
      expect(resolver.known(name, Date.now() + 3_600_000)).toBeUndefined()
    })

    law("an address is itself, without asking anyone", async (resolver) => {
      for (const address of ["127.0.0.1", "::1", "169.254.169.254"]) {
        expect(resolver.known(address, 0)).toEqual([address])
        expect(await resolver.resolve(address)).toEqual([address])
      }
    })

    law("a name without an address rejects, and is not remembered", async (resolver) => {
      await expect(resolver.resolve("unknown.invalid")).rejects.toThrow()
      expect(resolver.known("unknown.invalid", Date.now())).toBeUndefined()
    })
  })
}
