import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { AuthLayer } from "@mcpgw/auth/AuthLayer"
import { Revocations } from "@mcpgw/auth/Revocations"
import { type Verifier, Verifiers } from "@mcpgw/auth/Verifiers"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Store from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Agents } from "../src/Agents.ts"
import { MachineClients } from "../src/MachineClients.ts"
import { ofAgents, ofMachines } from "../src/MachineVerifiers.ts"
import { agentsSuite } from "./suites/agentsSuite.ts"
import { machineClientsSuite } from "./suites/machineClientsSuite.ts"

const agentsSql = Layer.provideMerge(Agents.layerSql, Store.layerMemory)
const machinesSql = Layer.provideMerge(MachineClients.layerSql, Store.layerMemory)

agentsSuite("layerMemory", Agents.layerMemory)
agentsSuite("layerSql", agentsSql)
machineClientsSuite("layerMemory", MachineClients.layerMemory)
machineClientsSuite("layerSql", machinesSql)

const GATEWAY = "https://gw.example"
const ISSUER = "https://idp.example"

type Payload = Readonly<Record<string, unknown>>

/** A token whose signature nobody looks at here. */
const tokenOf = (payload: Payload): string =>
  [{ alg: "none" }, payload, {}].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
const bearer = (payload: Payload) => ({ kind: "bearer", value: tokenOf(payload), header: "authorization" }) as const

/** Believes what it is shown. */
const believing = (claims: Partial<Claims>): Verifier => ({
  name: "believing",
  recognises: () => true,
  verify: ({ value }) => {
    const payload: Payload = JSON.parse(Buffer.from(value.split(".")[1] ?? "", "base64url").toString())
    return Effect.succeed({
      issuer: ISSUER,
      subject: String(payload["sub"]),
      username: "someone",
      clientId: String(payload["azp"] ?? payload["client_id"] ?? ""),
      groups: [],
      scopes: ["from-the-token"],
      audience: [GATEWAY],
      expiresAt: 1e9,
      issuedAt: Number(payload["iat"] ?? 0),
      tokenId: undefined,
      method: "oidc",
      ...claims
    })
  }
})

const behind = <R>(verifier: Effect.Effect<Verifier, never, R>) =>
  AuthLayer.layer.pipe(
    Layer.provide(
      Layer.effect(
        Verifiers,
        Effect.map(verifier, (one) => [one])
      )
    ),
    Layer.provide(Revocations.layerMemory)
  )

describe("machines of an identity provider", () => {
  const stores = Layer.merge(MachineClients.layerMemory, Agents.layerMemory)
  const services = behind(ofMachines(believing({}))).pipe(Layer.provideMerge(stores))
  const given = Effect.flatMap(MachineClients, (machines) =>
    machines.put({ issuer: ISSUER, clientId: "billing", groups: ["billing"] })
  )
  const groupsOf = (payload: Payload) =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const { groups, scopes } = yield* auth.authenticate(bearer(payload))
      return [groups, scopes]
    })

  const MACHINES: ReadonlyArray<readonly [string, Payload]> = [
    ["RFC 9068, Cognito, Okta: sub is the client", { sub: "billing", client_id: "billing" }],
    ["Auth0", { sub: "billing@clients", azp: "billing", gty: "client-credentials" }],
    ["Entra", { sub: "8a7b", azp: "billing", idtyp: "app" }],
    ["Keycloak", { sub: "8a7b", azp: "billing", client_id: "billing", preferred_username: "service-account-billing" }]
  ]
  for (const [name, payload] of MACHINES) {
    it.scoped(`${name}: the groups given here, instead of the token's scopes`, () =>
      Effect.gen(function* () {
        yield* given
        expect(yield* groupsOf(payload)).toEqual([["billing"], []])
      }).pipe(Effect.provide(services))
    )
  }

  const OTHERS: ReadonlyArray<readonly [string, Payload]> = [
    ["a person who came through the same client", { sub: "alice", azp: "billing" }],
    [
      "a person called like the client's service account",
      { sub: "alice", azp: "billing", preferred_username: "service-account-billing" }
    ],
    ["a machine that says its groups itself", { sub: "billing", client_id: "billing", groups: [] }],
    [
      "a machine of Cognito that says its groups itself",
      { sub: "billing", client_id: "billing", "cognito:groups": ["x"] }
    ],
    ["another machine", { sub: "reports", client_id: "reports" }],
    ["no client at all", { sub: "", idtyp: "app" }]
  ]
  for (const [name, payload] of OTHERS) {
    it.scoped(`least authority: ${name} gets nothing of it`, () =>
      Effect.gen(function* () {
        yield* given
        expect(yield* groupsOf(payload)).toEqual([[], ["from-the-token"]])
      }).pipe(Effect.provide(services))
    )
  }

  it.scoped("least authority: groups that the provider's mapping found under another name stay as they are", () =>
    Effect.gen(function* () {
      yield* given
      expect((yield* groupsOf({ sub: "billing", client_id: "billing" }))[0]).toEqual(["its-own"])
    }).pipe(
      Effect.provide(
        behind(ofMachines(believing({ groups: ["its-own"], scopes: [] }))).pipe(Layer.provideMerge(stores))
      )
    )
  )

  it.scoped(
    "an agent disabled here is refused with its client's token too, from the next request on; its streams end",
    () =>
      Effect.gen(function* () {
        const auth = yield* AuthLayer
        const agents = yield* Agents
        for (const name of ["ci", "other"]) yield* agents.create({ name, description: "", groups: [] })
        const through = (client: string) => bearer({ sub: "8a7b", azp: client, client_id: client, groups: ["a"] })
        const claims = yield* auth.authenticate(through("agent-ci-m2m"))
        const others = ["agent-other-m2m", "agent-of-there-m2m", "agent-ci", "page"].map(through)
        const going = yield* Effect.forEach(others, auth.authenticate)
        expect(auth.cached(through("agent-ci-m2m")), "no look at the store for a while").toBe(claims)
        yield* agents.update("ci", { disabled: true })
        expect(auth.cached(through("agent-ci-m2m"))).toBeUndefined()
        const refused = yield* Effect.flip(auth.authenticate(through("agent-ci-m2m")))
        expect(refused).toMatchObject({ _tag: "Unauthenticated", reason: "account_disabled" })
        for (const held of [claims, ...going]) auth.holds(held)
        yield* TestClock.adjust("1 millis")
        expect([claims, ...going].map(auth.holds)).toEqual([false, true, true, true, true])
        for (const token of others) expect((yield* auth.authenticate(token)).groups).toEqual([])
        yield* agents.update("ci", { disabled: false })
        yield* TestClock.adjust("10 seconds")
        expect((yield* auth.authenticate(through("agent-ci-m2m"))).clientId).toBe("agent-ci-m2m")
      }).pipe(Effect.provide(services))
  )

  it.scoped("given, changed or taken away, it counts at the next request; other tokens stay remembered", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const machines = yield* MachineClients
      const machine = bearer({ sub: "billing", client_id: "billing" })
      const person = bearer({ sub: "alice", azp: "billing" })
      const before = yield* auth.authenticate(machine)
      const someone = yield* auth.authenticate(person)
      expect(before.groups).toEqual([])
      expect(auth.cached(machine)).toBe(before)
      yield* given
      expect(auth.cached(machine)).toBeUndefined()
      expect((yield* auth.authenticate(machine)).groups).toEqual(["billing"])
      yield* machines.remove(ISSUER, "billing")
      expect(auth.cached(machine)).toBeUndefined()
      expect(yield* groupsOf({ sub: "billing", client_id: "billing" })).toEqual([[], ["from-the-token"]])
      expect(auth.cached(person)).toBe(someone)
    }).pipe(Effect.provide(services))
  )
})

describe("tokens of agents", () => {
  const services = behind(ofAgents(believing({ method: "gateway_token" }))).pipe(Layer.provideMerge(agentsSql))
  const token = (iat: number, name = "ci") => bearer({ sub: `agent:${name}`, iat })
  const outcome = (credential: ReturnType<typeof bearer>) =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      return yield* auth.authenticate(credential).pipe(
        Effect.as("good"),
        Effect.catchTag("Unauthenticated", ({ reason }) => Effect.succeed(reason))
      )
    })

  it.scoped("die with the agent, at the next request", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const agents = yield* Agents
      yield* TestClock.adjust("100 seconds")
      yield* agents.create({ name: "ci", description: "", groups: [] })
      expect(yield* outcome(token(99))).toBe("token_revoked")
      const good = token(100)
      expect(yield* outcome(good)).toBe("good")
      expect(auth.cached(good)).toBeDefined()
      yield* agents.update("ci", { disabled: true })
      expect(auth.cached(good)).toBeUndefined()
      expect(yield* outcome(good)).toBe("account_disabled")
      yield* agents.update("ci", { disabled: false })
      yield* TestClock.adjust("10 seconds")
      expect(yield* outcome(good)).toBe("token_revoked")
      expect(yield* outcome(token(101))).toBe("good")
      yield* agents.remove("ci")
      expect(auth.cached(token(101))).toBeUndefined()
      expect(yield* outcome(token(101))).toBe("account_disabled")
    }).pipe(Effect.provide(services))
  )

  it.scoped("a change made by another process counts within seconds; people's tokens are not looked at again", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const agents = yield* Agents
      const sql = yield* SqlClient.SqlClient
      yield* agents.create({ name: "ci", description: "", groups: [] })
      const person = bearer({ sub: "alice" })
      const claims = yield* auth.authenticate(person)
      expect(yield* outcome(token(1))).toBe("good")
      yield* sql`UPDATE agents SET disabled = 1`
      expect(auth.cached(token(1))).toBeDefined()
      yield* TestClock.adjust("3 seconds")
      expect(auth.cached(token(1))).toBeUndefined()
      expect(yield* outcome(token(1))).toBe("account_disabled")
      expect(auth.cached(person)).toBe(claims)
    }).pipe(Effect.provide(services))
  )

  it.scoped("streams that are open with one end with the agent, and not for want of a fresh look", () =>
    Effect.gen(function* () {
      const auth = yield* AuthLayer
      const agents = yield* Agents
      yield* agents.create({ name: "ci", description: "", groups: ["a"] })
      const claims = yield* auth.authenticate(token(1))
      const ask = Effect.zipRight(
        Effect.sync(() => auth.holds(claims)),
        Effect.zipRight(
          TestClock.adjust("1 millis"),
          Effect.sync(() => auth.holds(claims))
        )
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* ask).toBe(true)
      yield* agents.create({ name: "other", description: "", groups: [] })
      yield* agents.update("ci", { description: "builds", groups: ["a", "b"] })
      expect(yield* ask).toBe(true)
      yield* agents.update("ci", { groups: ["b"] })
      expect(yield* ask).toBe(false)
    }).pipe(Effect.provide(services))
  )

  it.scoped(
    "a client that is its own subject is the agent; a person of that name, through another client, is not",
    () =>
      Effect.gen(function* () {
        yield* (yield* Agents).create({ name: "ci", description: "", groups: [] })
        const asked = [
          { sub: "agent-ci", client_id: "agent-ci" },
          { sub: "agent-no", client_id: "agent-no" },
          { sub: "agent-no", client_id: "user-generated" }
        ]
        const outcomes = yield* Effect.forEach(asked, (payload) => outcome(bearer(payload)))
        expect(outcomes).toEqual(["good", "account_disabled", "good"])
        const auth = yield* AuthLayer
        for (const payload of [{ sub: "agent-ci", client_id: "agent-ci" }, { sub: "agent:ci" }]) {
          const { subject, username } = yield* auth.authenticate(bearer(payload))
          expect([subject, username]).toEqual(["agent:ci", "agent:ci"])
        }
      }).pipe(Effect.provide(services))
  )

  it.scoped("the store holds digests of secrets alone", () =>
    Effect.gen(function* () {
      const agents = yield* Agents
      yield* agents.create({ name: "ci", description: "", groups: [] })
      const made = yield* agents.addSecret("ci", {})
      const rows = JSON.stringify(
        yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT * FROM client_secrets`)
      )
      expect(rows).toContain(made?.secret.id)
      expect(rows).not.toContain(made?.text.slice(13))
    }).pipe(Effect.provide(agentsSql))
  )
})
