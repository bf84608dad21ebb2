/** Policies put together and compared: laws, for any two of them. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fromRules, type PolicyDocument } from "../src/PolicyDocument.ts"
import { mergePolicies, policyChanges } from "../src/PolicyMerge.ts"

const name = fc.constantFrom("a", "b", "c", "d/read")
const names = fc.uniqueArray(fc.constantFrom("x", "y", "z"), { maxLength: 3 })
const record = <A>(value: fc.Arbitrary<A>) => fc.dictionary(name, value, { maxKeys: 4 })
const rule = fc.record({ server: fc.constantFrom("one", "two", "*"), methods: names, tools: names })

const policy: fc.Arbitrary<PolicyDocument> = fc
  .record({
    groups: record(names),
    permissions: record(fc.record({ list_service: names })),
    scopes: record(fc.array(rule, { maxLength: 2 }))
  })
  .map((rules) => fromRules(rules))

const PARTS = ["groupMappings", "uiScopes", "scopes"] as const
const NOTHING = { added: [], changed: [], removed: [] }

describe("mergePolicies", () => {
  it("holds every entry of the second as it is, every other of the first, and nothing else", () => {
    fc.assert(
      fc.property(policy, policy, (base, over) => {
        const both = mergePolicies(base, over)
        for (const part of PARTS) {
          for (const [key, value] of over[part]) expect(both[part].get(key)).toEqual(value)
          for (const [key, value] of base[part]) if (!over[part].has(key)) expect(both[part].get(key)).toEqual(value)
          expect([...both[part].keys()].every((key) => base[part].has(key) || over[part].has(key))).toBe(true)
        }
        const { groups, permissions, scopes } = policyChanges(base, both)
        expect([groups.removed, permissions.removed, scopes.removed]).toEqual([[], [], []])
        expect(policyChanges(both, mergePolicies(both, over))).toEqual({
          groups: NOTHING,
          permissions: NOTHING,
          scopes: NOTHING
        })
      })
    )
  })
})

describe("policyChanges", () => {
  it("names what is only in one of them on its side, and what differs on both", () => {
    fc.assert(
      fc.property(policy, policy, (before, after) => {
        const [there, back] = [policyChanges(before, after), policyChanges(after, before)]
        for (const part of ["groups", "permissions", "scopes"] as const) {
          expect([...there[part].added].sort()).toEqual([...back[part].removed].sort())
          expect([...there[part].changed].sort()).toEqual([...back[part].changed].sort())
        }
        const [same] = [policyChanges(before, before)]
        expect([same?.groups, same?.permissions, same?.scopes]).toEqual([NOTHING, NOTHING, NOTHING])
      })
    )
  })
})
