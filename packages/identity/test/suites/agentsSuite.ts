/** Contract of the `Agents` port; run over every layer of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { AgentClients } from "../../src/AgentClients.ts"
import { Agents, type AgentsApi } from "../../src/Agents.ts"
import { MAX_SECRETS } from "../../src/ClientSecrets.ts"

const ci = { name: "ci", description: "builds", groups: ["builders"] }
const HOUR = 3_600_000

export const agentsSuite = (name: string, layer: Layer.Layer<Agents, unknown>): void => {
  const law = (title: string, body: (agents: AgentsApi) => Effect.Effect<void, unknown, Agents>): void =>
    it.scoped(title, () => Effect.provide(Effect.flatMap(Agents, body), layer))
  const secretOf = (agents: AgentsApi, wanted: Parameters<AgentsApi["addSecret"]>[1] = {}) =>
    Effect.map(agents.addSecret("ci", wanted), (made) => ({ id: made?.secret.id ?? "", text: made?.text ?? "" }))

  describe(`Agents contract: ${name}`, () => {
    law("made, shown, changed, removed; a name is taken once", (agents) =>
      Effect.gen(function* () {
        expect(yield* agents.get("ci")).toBeUndefined()
        const made = yield* agents.create(ci)
        expect(made).toEqual({ ...ci, disabled: false, createdAt: 0, tokensFrom: 0, secrets: [] })
        expect(yield* agents.get("ci")).toEqual(made)
        expect((yield* Effect.flip(agents.create({ ...ci, groups: [] })))._tag).toBe("AgentExists")
        yield* agents.create({ ...ci, name: "a.b-c_1" })
        expect((yield* agents.list).map((agent) => agent.name)).toEqual(["a.b-c_1", "ci"])
        expect(yield* agents.update("ci", { description: "tests" })).toEqual({ ...made, description: "tests" })
        expect(yield* agents.update("nobody", {})).toBeUndefined()
        expect(yield* agents.remove("ci")).toBe(true)
        expect(yield* agents.remove("ci")).toBe(false)
        expect((yield* agents.list).map((agent) => agent.name)).toEqual(["a.b-c_1"])
      })
    )

    law(
      "two secrets live at once, each is shown by its beginning and last use, and one is taken away alone",
      (agents) =>
        Effect.gen(function* () {
          yield* agents.create(ci)
          const first = yield* secretOf(agents)
          yield* TestClock.adjust("1 minute")
          const second = yield* secretOf(agents, { expiresAt: HOUR })
          expect(first.text).toMatch(/^mcpgws_[A-Za-z0-9]{55}$/)
          const matches = () => Effect.forEach([first, second], ({ text }) => agents.secretMatches("ci", text))
          expect(yield* matches()).toEqual([true, true])
          const shown = (yield* agents.get("ci"))?.secrets
          expect(shown).toEqual([
            { id: first.id, prefix: first.text.slice(0, 13), createdAt: 0, expiresAt: undefined, lastUsedAt: 60_000 },
            { id: second.id, prefix: second.text.slice(0, 13), createdAt: 60_000, expiresAt: HOUR, lastUsedAt: 60_000 }
          ])
          expect(yield* agents.removeSecret("ci", first.id)).toBe(true)
          expect(yield* agents.removeSecret("ci", first.id)).toBe(false)
          expect(yield* agents.removeSecret("other", second.id)).toBe(false)
          expect(yield* matches()).toEqual([false, true])
          yield* TestClock.adjust("1 hour")
          expect(yield* matches()).toEqual([false, false])
        })
    )

    law("rotated: the old secrets end after the grace period, and none is given a longer life", (agents) =>
      Effect.gen(function* () {
        yield* agents.create(ci)
        const old = yield* secretOf(agents)
        const short = yield* secretOf(agents, { expiresAt: 1_000 })
        const fresh = yield* secretOf(agents, { othersEndAt: HOUR })
        const alive = Effect.forEach([old, short, fresh], ({ text }) => agents.secretMatches("ci", text))
        expect(yield* alive).toEqual([true, true, true])
        yield* TestClock.adjust("1 seconds")
        expect(yield* alive).toEqual([true, false, true])
        yield* TestClock.adjust("1 hour")
        expect(yield* alive).toEqual([false, false, true])
      })
    )

    law(
      "nothing else is a secret: another agent's, a changed one, an empty one, one of who is disabled or gone",
      (agents) =>
        Effect.gen(function* () {
          yield* agents.create(ci)
          yield* agents.create({ ...ci, name: "other" })
          const { text } = yield* secretOf(agents)
          for (const candidate of ["", "x", `${text} `, text.toLowerCase(), `${text.slice(0, -1)}!`]) {
            expect(yield* agents.secretMatches("ci", candidate)).toBe(false)
          }
          expect(yield* agents.secretMatches("other", text)).toBe(false)
          yield* agents.update("ci", { disabled: true })
          expect(yield* agents.secretMatches("ci", text)).toBe(false)
          yield* agents.update("ci", { disabled: false })
          expect(yield* agents.secretMatches("ci", text)).toBe(true)
          yield* agents.remove("ci")
          yield* agents.create(ci)
          expect(yield* agents.secretMatches("ci", text)).toBe(false)
        })
    )

    law("five living secrets are the most; expired ones do not count", (agents) =>
      Effect.gen(function* () {
        yield* agents.create(ci)
        yield* Effect.replicateEffect(agents.addSecret("ci", { expiresAt: 1_000 }), MAX_SECRETS)
        expect((yield* Effect.flip(agents.addSecret("ci", {})))._tag).toBe("TooManySecrets")
        yield* TestClock.adjust("1 seconds")
        expect((yield* secretOf(agents)).text).not.toBe("")
        expect(yield* agents.addSecret("nobody", {})).toBeUndefined()
        expect((yield* Effect.flip(agents.addSecret("ci", { expiresAt: 1_000 })))._tag).toBe("InvalidSecret")
      })
    )

    law(
      "tokens from before a secret, a group or all was taken away are too old; from before a gain they are not",
      (agents) =>
        Effect.gen(function* () {
          const from = Effect.map(agents.get("ci"), (agent) => agent?.tokensFrom)
          yield* agents.create(ci)
          yield* TestClock.adjust("1500 millis")
          yield* agents.update("ci", { groups: ["builders", "more"], description: "" })
          expect(yield* from).toBe(0)
          yield* agents.update("ci", { groups: ["more"] })
          expect(yield* from).toBe(2_000)
          yield* TestClock.adjust("1 second")
          const { id } = yield* secretOf(agents)
          yield* agents.removeSecret("ci", id)
          expect(yield* from).toBe(3_000)
          yield* TestClock.adjust("1 second")
          yield* agents.update("ci", { disabled: true })
          expect(yield* from).toBe(4_000)
        })
    )

    law("every change that counts moves the revision", (agents) =>
      Effect.gen(function* () {
        const moves = <E>(change: Effect.Effect<unknown, E>) =>
          Effect.gen(function* () {
            const before = agents.revision()
            yield* change
            return agents.revision() > before
          })
        expect(yield* moves(agents.create(ci))).toBe(true)
        expect(yield* moves(agents.get("ci"))).toBe(false)
        const { id } = yield* secretOf(agents)
        expect(yield* moves(agents.removeSecret("ci", id))).toBe(true)
        expect(yield* moves(agents.update("ci", { disabled: true }))).toBe(true)
        expect(yield* moves(agents.remove("ci"))).toBe(true)
      })
    )

    law("refused by its field", (agents) =>
      Effect.gen(function* () {
        const rows = [
          ["name", { ...ci, name: "" }],
          ["name", { ...ci, name: "CI" }],
          ["name", { ...ci, name: "a/b" }],
          ["name", { ...ci, name: "a:b" }],
          ["name", { ...ci, name: "x".repeat(64) }],
          ["description", { ...ci, description: "x".repeat(257) }],
          ["groups", { ...ci, groups: Array.from({ length: 65 }, (_, i) => `g${i}`) }],
          ["groups.1", { ...ci, groups: ["g", ""] }]
        ] as const
        for (const [field, agent] of rows) {
          expect(yield* Effect.flip(agents.create(agent))).toMatchObject({ _tag: "InvalidAgent", field })
        }
        yield* agents.create(ci)
        expect(yield* Effect.flip(agents.update("ci", { groups: [""] }))).toMatchObject({ field: "groups.0" })
      })
    )

    law("as OAuth clients: agent-{name}, with groups and a way to check a secret; a disabled one is none", (agents) =>
      Effect.gen(function* () {
        yield* agents.create(ci)
        const { text } = yield* secretOf(agents)
        const clients = yield* AgentClients
        const client = yield* clients.find("agent-ci")
        expect(client).toMatchObject({ clientId: "agent-ci", name: "ci", subject: "agent:ci", groups: ["builders"] })
        expect(JSON.stringify(client)).not.toContain("digest")
        expect(yield* client?.secretMatches(text) ?? Effect.succeed(false)).toBe(true)
        expect(yield* client?.secretMatches("no") ?? Effect.succeed(true)).toBe(false)
        for (const other of ["ci", "agent-", "agent-no", "Agent-ci", "agent-CI", ""]) {
          expect(yield* clients.find(other)).toBeUndefined()
        }
        yield* agents.update("ci", { disabled: true })
        expect(yield* clients.find("agent-ci")).toBeUndefined()
      }).pipe(Effect.provide(AgentClients.layer))
    )
  })
}
