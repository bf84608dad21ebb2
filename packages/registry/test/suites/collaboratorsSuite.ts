/** What every layer of `Collaborators` keeps to. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Collaborator, Collaborators } from "../../src/Collaborators.ts"

const one = { path: "/one", registered_at: "2026-01-01T00:00:00.000Z" }
const anew = { ...one, registered_at: "2026-01-02T00:00:00.000Z" }
const two = { path: "/two", registered_at: one.registered_at }

const ann: Collaborator = { kind: "person", name: "Ann", role: "manager" }
const bob: Collaborator = { kind: "person", name: "bob", role: "user" }
const ops: Collaborator = { kind: "group", name: "ops", role: "manager" }

const person = (account: string | undefined, ...groups: ReadonlyArray<string>) => ({ account, groups })

export const collaboratorsSuite = <E>(name: string, layer: () => Layer.Layer<Collaborators, E>): void => {
  const law = (title: string, body: (collaborators: Collaborators["Type"]) => Effect.Effect<void, unknown>) =>
    it.scoped(title, () => Effect.suspend(() => Effect.provide(Effect.flatMap(Collaborators, body), layer())))

  describe(`Collaborators contract: ${name}`, () => {
    law("nobody has a role until they are given one, and only on that server", (collaborators) =>
      Effect.gen(function* () {
        assert.isTrue(collaborators.isEmpty())
        yield* collaborators.put(one, ann, "root")
        assert.isFalse(collaborators.isEmpty())
        const revision = collaborators.revision()
        yield* collaborators.put(one, bob, "root")
        assert.isAbove(collaborators.revision(), revision)
        assert.strictEqual(collaborators.roleOf(one, person("ann")), "manager")
        assert.isUndefined(collaborators.roleOf(two, person("ann")))
        assert.isUndefined(collaborators.roleOf(one, person("ann@keycloak")))
        assert.isUndefined(collaborators.roleOf(one, person(undefined)))
      })
    )

    law("people are one in any case, groups are what they are spelt, and neither is the other", (collaborators) =>
      Effect.gen(function* () {
        yield* collaborators.set(one, [ann, ops], "root")
        yield* collaborators.put(one, { ...ann, name: "ANN", role: "user" }, "root")
        assert.strictEqual(collaborators.roleOf(one, person("aNN")), "user")
        assert.strictEqual(collaborators.roleOf(one, person(undefined, "x", "ops")), "manager")
        assert.isUndefined(collaborators.roleOf(one, person(undefined, "OPS")))
        assert.isUndefined(collaborators.roleOf(one, person("ops", "ann")))
      })
    )

    law("of several roles the higher one counts", (collaborators) =>
      Effect.gen(function* () {
        yield* collaborators.set(one, [bob, ops], "root")
        assert.strictEqual(collaborators.roleOf(one, person("bob")), "user")
        assert.strictEqual(collaborators.roleOf(one, person("bob", "ops")), "manager")
      })
    )

    law("setting replaces all, removing takes one", (collaborators) =>
      Effect.gen(function* () {
        yield* collaborators.set(one, [ops, bob, ann], "root")
        assert.deepEqual(collaborators.of(one), [ann, bob, ops])
        assert.isTrue(yield* collaborators.remove(one, { kind: "person", name: "BOB" }))
        assert.isFalse(yield* collaborators.remove(one, { kind: "person", name: "bob" }))
        assert.deepEqual(collaborators.of(one), [ann, ops])
        yield* collaborators.set(one, [bob], "root")
        assert.deepEqual(collaborators.of(one), [bob])
        yield* collaborators.set(one, [], "root")
        assert.isTrue(collaborators.isEmpty())
      })
    )

    law(
      "design §6: an account that is forgotten is on no server, in whatever case; a group of its name stays",
      (collaborators) =>
        Effect.gen(function* () {
          const group = { kind: "group", name: "ann", role: "user" } as const
          yield* collaborators.set(one, [ann, bob, group], "root")
          yield* collaborators.forget("ANN")
          assert.deepEqual(collaborators.of(one), [bob, group])
          assert.isUndefined(collaborators.roleOf(one, person("ann")))
        })
    )

    law("design §6: a server registered anew at the same path has nobody of the one before", (collaborators) =>
      Effect.gen(function* () {
        yield* collaborators.set(one, [ann, ops], "root")
        assert.isUndefined(collaborators.roleOf(anew, person("ann", "ops")))
        assert.deepEqual(collaborators.of(anew), [])
        assert.isFalse(yield* collaborators.remove(anew, ann))
        yield* collaborators.put(anew, bob, "root")
        assert.deepEqual(collaborators.of(anew), [bob])
        assert.isUndefined(collaborators.roleOf(one, person("ann", "ops")))
      })
    )
  })
}
