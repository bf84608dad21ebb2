/** Contract of the `MachineClients` port; run over every layer of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { MachineClients, type MachineClientsApi } from "../../src/MachineClients.ts"

const ISSUER = "https://idp.example"
const billing = { issuer: ISSUER, clientId: "billing", groups: ["billing"] }

export const machineClientsSuite = (name: string, layer: Layer.Layer<MachineClients, unknown>): void => {
  const law = (title: string, body: (machines: MachineClientsApi) => Effect.Effect<void, unknown>): void =>
    it.scoped(title, () => Effect.provide(Effect.flatMap(MachineClients, body), layer))

  describe(`MachineClients contract: ${name}`, () => {
    law("put, replaced, listed, removed", (machines) =>
      Effect.gen(function* () {
        yield* machines.put({ ...billing, groups: [] })
        yield* machines.put(billing)
        yield* machines.put({ ...billing, clientId: "a" })
        yield* machines.put({ ...billing, issuer: "https://a.example" })
        expect((yield* machines.list).map(({ clientId, issuer }) => `${issuer} ${clientId}`)).toEqual([
          "https://a.example billing",
          "https://idp.example a",
          "https://idp.example billing"
        ])
        expect(machines.groupsOf(ISSUER, "billing")).toEqual(["billing"])
        expect(yield* machines.remove(ISSUER, "billing")).toBe(true)
        expect(yield* machines.remove(ISSUER, "billing")).toBe(false)
        expect(machines.groupsOf(ISSUER, "billing")).toBeUndefined()
        expect(machines.groupsOf("https://a.example", "billing")).toEqual(["billing"])
      })
    )

    law("known by issuer and client id, both exact", (machines) =>
      Effect.gen(function* () {
        yield* machines.put(billing)
        for (const [issuer, clientId] of [
          [`${ISSUER}/`, "billing"],
          ["https://IDP.example", "billing"],
          [ISSUER, "Billing"],
          [ISSUER, ""],
          [`${ISSUER}","billing`, ""]
        ] as const) {
          expect(machines.groupsOf(issuer, clientId)).toBeUndefined()
        }
      })
    )

    law("groups are the same object until they change", (machines) =>
      Effect.gen(function* () {
        yield* machines.put(billing)
        const before = machines.groupsOf(ISSUER, "billing")
        yield* machines.put({ ...billing, clientId: "other" })
        expect(machines.groupsOf(ISSUER, "billing")).toBe(before)
        yield* machines.put({ ...billing, groups: ["billing", "more"] })
        expect(machines.groupsOf(ISSUER, "billing")).not.toBe(before)
      })
    )
  })
}
