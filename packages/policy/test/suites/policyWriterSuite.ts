/** What every layer of `PolicyWriter` keeps to. Each is run over a writer that begins with `SUITE_TEXT`, and the policy that reads the same place. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { addServer, createGroup } from "../../src/GroupEdits.ts"
import { PolicyWriter } from "../../src/PolicyWriter.ts"
import { ScopePolicy } from "../../src/ScopePolicy.ts"
import { principal } from "./scopePolicySuite.ts"

export const SUITE_TEXT = `# Who may do what.
group_mappings:
  g: [s] # the first group
s:
  - server: one
    methods: [tools/list]
    tools: [alpha] # only this
`

const alpha = { server: "/two", method: "tools/call", tool: "beta" }

export const policyWriterSuite = <E>(name: string, layer: () => Layer.Layer<PolicyWriter | ScopePolicy, E>) => {
  const run = <A, F>(body: Effect.Effect<A, F, PolicyWriter | ScopePolicy>) =>
    Effect.suspend(() => Effect.provide(body, layer()))

  describe(`PolicyWriter contract: ${name}`, () => {
    it.scoped("a change holds for the next decision, and leaves comments and the rest of the text as they were", () =>
      run(
        Effect.gen(function* () {
          const writer = yield* PolicyWriter
          const policy = yield* ScopePolicy
          const may = () => policy.decide(principal(["team"]), alpha)._tag === "AuthorizedCall"
          assert.isFalse(may())
          const opened = { tools: { all: false, names: ["beta"] } }
          yield* writer.change("ann", (document) =>
            Effect.succeed(addServer(createGroup(document, "team"), "team", "/two", opened))
          )
          assert.isTrue(may())
          const { text } = yield* writer.read
          for (const line of SUITE_TEXT.trimEnd().split("\n")) assert.include(text.split("\n"), line)
        })
      )
    )

    it.scoped("a text that is no policy is refused by its field, and nothing changes", () =>
      run(
        Effect.gen(function* () {
          const writer = yield* PolicyWriter
          const policy = yield* ScopePolicy
          const { revision, text } = yield* writer.read
          const error = yield* Effect.flip(writer.write("s: [{ server: one, tool: [x] }]", { by: "ann", revision }))
          assert.include(error.message, "s[0]: has no key 'tool'")
          assert.deepEqual(yield* writer.read, { text, revision })
          assert.strictEqual(policy.status().revision, 1)
        })
      )
    )

    it.scoped("a write over a revision that is no more is refused, and the newer text stays", () =>
      run(
        Effect.gen(function* () {
          const writer = yield* PolicyWriter
          const { revision } = yield* writer.read
          const next = yield* writer.write("s: []\n", { by: "ann", revision })
          assert.notStrictEqual(next, revision)
          const error = yield* Effect.flip(writer.write("t: []\n", { by: "bob", revision }))
          assert.strictEqual(error._tag, "PolicyChanged")
          assert.deepEqual(yield* writer.read, { text: "s: []\n", revision: next })
        })
      )
    )

    it.scoped("thirty changes at once all hold", () =>
      run(
        Effect.gen(function* () {
          const writer = yield* PolicyWriter
          const names = Array.from({ length: 30 }, (_, i) => `team-${i}`)
          yield* Effect.forEach(
            names,
            (group) => writer.change("ann", (document) => Effect.succeed(createGroup(document, group))),
            { concurrency: "unbounded", discard: true }
          )
          const { groupMappings } = yield* writer.document
          assert.deepEqual([...groupMappings.keys()], ["g", ...names])
          const policy = yield* ScopePolicy
          assert.isTrue(policy.current().mapsGroup("team-29"))
        })
      )
    )

    it.scoped("a change that changes nothing, or fails, writes nothing", () =>
      run(
        Effect.gen(function* () {
          const writer = yield* PolicyWriter
          const { revision } = yield* writer.read
          yield* writer.change("ann", Effect.succeed)
          assert.strictEqual(yield* Effect.flip(writer.change("ann", () => Effect.fail("no"))), "no")
          assert.strictEqual((yield* writer.read).revision, revision)
        })
      )
    )
  })
}
