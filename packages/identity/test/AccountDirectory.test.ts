/** People and agents of a provider: the laws of every layer, and what a scripted Keycloak's troubles look like. A real one: apps/gateway/test/identity. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { AccountDirectory } from "../src/AccountDirectory.ts"
import type { DirectoryFailure, DirectoryRefused } from "../src/DirectoryError.ts"
import { layerKeycloak } from "../src/keycloak/KeycloakAccounts.ts"
import { KeycloakAdmin, makeAdmin } from "../src/keycloak/KeycloakAdmin.ts"
import { addAgent } from "../src/keycloak/Provision.ts"
import { type Asked, ScriptedKeycloak } from "./support/ScriptedKeycloak.ts"

const PASSWORD = Redacted.make("correct horse battery 7")

const keycloak = (groups: ReadonlyArray<string> = ["eng", "ops"]) => {
  const server = new ScriptedKeycloak(groups)
  const admin = {
    url: "http://keycloak.test/",
    realm: "mcp",
    fetch: server.fetch,
    clientId: "mcp-gateway-m2m",
    clientSecret: Redacted.make("hidden-secret")
  }
  const layer = layerKeycloak({
    admin,
    realm: "mcp",
    publicUrl: "https://sso.example.com/",
    manages: (group) => group === "eng" || group === "ops"
  })
  return { admin, server, layer }
}

const suite = (name: string, layer: () => Layer.Layer<AccountDirectory>) =>
  describe(`AccountDirectory contract: ${name}`, () => {
    it.effect("a person is made once, in groups that are there, moved, and removed", () =>
      Effect.gen(function* () {
        const directory = yield* AccountDirectory
        const ada = { username: "ada", email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" }
        const made = yield* directory.createPerson({ ...ada, groups: ["eng"] }, PASSWORD)
        assert.deepInclude(made, { username: "ada", email: "ada@example.com", displayName: "Ada Lovelace" })
        const again = yield* Effect.flip(directory.createPerson({ username: "ada", groups: [] }, PASSWORD))
        assert.deepInclude(again, { _tag: "DirectoryRefused", reason: "taken", field: "username" })
        const lost = yield* Effect.flip(directory.createPerson({ username: "eve", groups: ["eng", "nope"] }, PASSWORD))
        assert.deepInclude(lost, { reason: "invalid", field: "groups.1" })
        assert.deepEqual(
          (yield* directory.people).map(({ groups, id, username }) => ({ groups, id, username })),
          [{ groups: ["eng"], id: made.id, username: "ada" }]
        )
        yield* directory.setPersonGroups(made.id, ["ops"])
        assert.deepEqual((yield* directory.people)[0]?.groups, ["ops"])
        assert.strictEqual((yield* Effect.flip(directory.setPersonGroups("nobody", ["ops"])))._tag, "DirectoryRefused")
        assert.deepEqual(
          [yield* directory.removePerson(made.id), yield* directory.removePerson(made.id)],
          [true, false]
        )
        assert.deepEqual(yield* directory.people, [])
      }).pipe(Effect.provide(layer()))
    )

    it.effect(
      "an agent is made once with its credential, moved, shut out, and removed; its tokens' subject is told",
      () =>
        Effect.gen(function* () {
          const directory = yield* AccountDirectory
          const { clientId, secret } = yield* directory.createAgent({ name: "robot", groups: ["eng"] })
          assert.strictEqual(clientId, "agent-robot-m2m")
          assert.isNotEmpty(Redacted.value(secret))
          assert.deepEqual(yield* directory.agents, [{ name: "robot", clientId, groups: ["eng"] }])
          const again = yield* Effect.flip(directory.createAgent({ name: "robot", groups: [] }))
          assert.deepInclude(again, { reason: "taken", field: "name" })
          const lost = yield* Effect.flip(directory.createAgent({ name: "other", groups: ["nope"] }))
          assert.deepInclude(lost, { reason: "invalid", field: "groups.0" })
          const subject = yield* directory.changeAgent("robot", { groups: ["ops"], disabled: true })
          assert.isString(subject)
          assert.deepEqual((yield* directory.agents)[0]?.groups, ["ops"])
          assert.isUndefined(yield* directory.changeAgent("other", { disabled: true }))
          assert.deepEqual(
            [yield* directory.changeAgent("robot", {}), yield* directory.changeAgent("other", {})],
            [subject, undefined],
            "a change of nothing is a look"
          )
          assert.strictEqual(yield* directory.removeAgent("robot"), subject)
          assert.isUndefined(yield* directory.removeAgent("robot"))
          assert.deepEqual(yield* directory.agents, [])
        }).pipe(Effect.provide(layer()))
    )
  })

suite("layerMemory", () => AccountDirectory.layerMemory({ groups: ["eng", "ops"] }))
suite("layerKeycloak", () => keycloak().layer)

const unavailable = () => new Response(null, { status: 500 })
const on = (method: string, path: RegExp) => (asked: Asked) =>
  asked.method === method && path.test(asked.path) ? unavailable() : undefined

describe("layerKeycloak", () => {
  it.effect("a person comes to be in one request, with password and groups, and can sign in at once", () => {
    const { layer, server } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      yield* directory.createPerson({ username: "Ada", email: "ada@example.com", groups: ["eng", "ops"] }, PASSWORD)
      const writes = server.asked.filter(({ method }) => method !== "GET")
      assert.lengthOf(writes, 1)
      assert.deepInclude(writes[0]?.body, {
        enabled: true,
        emailVerified: true,
        groups: ["/eng", "/ops"],
        credentials: [{ type: "password", value: "correct horse battery 7", temporary: false }]
      })
      assert.deepEqual(server.groupsOf("ada"), ["eng", "ops"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("its own rules are told in its words, and no password is", () => {
    const { layer, server } = keycloak()
    const words = { error: "invalidPasswordMinLengthMessage", error_description: "minimum length 40" }
    server.broken = ({ method }) => (method === "POST" ? Response.json(words, { status: 400 }) : undefined)
    return Effect.gen(function* () {
      const refused = yield* Effect.flip(
        (yield* AccountDirectory).createPerson({ username: "ada", groups: [] }, PASSWORD)
      )
      assert.deepInclude(refused, { _tag: "DirectoryRefused", reason: "invalid" })
      assert.include(refused.message, "minimum length 40")
      assert.notInclude(JSON.stringify(refused), "correct horse")
    }).pipe(Effect.provide(layer))
  })

  it.effect("away and refusing are told apart, and a person who was made unseen is named", () => {
    const { layer, server } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      server.broken = () => {
        throw new Error("ECONNREFUSED")
      }
      const away = yield* Effect.flip(directory.people)
      assert.deepInclude(away, { _tag: "DirectoryFailure", away: true })
      server.broken = () => new Response(null, { status: 403 })
      const refused = yield* Effect.flip(directory.people)
      assert.deepInclude(refused, { away: false })
      assert.include(refused.message, "manage-users")
      server.broken = on("GET", /^\/users$/)
      const unseen = yield* Effect.flip(directory.createPerson({ username: "ada", groups: [] }, PASSWORD))
      assert.include(unseen.message, "remove them there before you try again")
    }).pipe(Effect.provide(layer))
  })

  it.effect("an agent that can not be made whole is not left over, and when it is the failure names it", () => {
    const { layer, server } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      const creating = directory.createAgent({ name: "robot", groups: ["eng"] })
      for (const path of [/protocol-mappers/, /^\/users\/.*\/groups/, /client-secret/]) {
        server.broken = (asked) => on("POST", path)(asked) ?? on("PUT", path)(asked) ?? on("GET", path)(asked)
        assert.strictEqual((yield* Effect.flip(creating))._tag, "DirectoryFailure")
        assert.isUndefined(server.client("agent-robot-m2m"), String(path))
      }
      server.broken = (asked) => on("GET", /client-secret/)(asked) ?? on("DELETE", /clients/)(asked)
      assert.include((yield* Effect.flip(creating)).message, "half made: remove it in Keycloak")
      assert.isDefined(server.client("agent-robot-m2m"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("a client of another kind is no agent: not listed, not taken, not removed", () => {
    const { layer, server } = keycloak()
    server.addClient({ clientId: "agent-page-m2m", publicClient: true })
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      assert.deepEqual(yield* directory.agents, [])
      for (const act of [directory.removeAgent("page"), directory.changeAgent("page", { disabled: true })]) {
        assert.deepInclude(yield* Effect.flip(act), { reason: "taken", field: "name" })
      }
      assert.isDefined(server.client("agent-page-m2m"))
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "a client that was not made from here is no agent of ours: its groups, switch and life stay as they are until it is taken over",
    () => {
      const { admin, layer, server } = keycloak()
      server.addClient({ clientId: "agent-billing-m2m", serviceAccountsEnabled: true })
      server.join("service-account-agent-billing-m2m", "eng")
      return Effect.gen(function* () {
        const directory = yield* AccountDirectory
        for (const act of [
          directory.removeAgent("billing"),
          directory.changeAgent("billing", { disabled: true }),
          directory.changeAgent("billing", { groups: ["ops"] })
        ]) {
          const refused = yield* Effect.flip<unknown, DirectoryFailure | DirectoryRefused, never>(act)
          assert.deepInclude(refused, { reason: "taken", field: "name" })
          assert.include(refused.message, "keycloak add-agent --agent billing")
        }
        assert.strictEqual(server.client("agent-billing-m2m")?.body["enabled"], true)
        assert.deepEqual(server.groupsOf("service-account-agent-billing-m2m"), ["eng"])
        yield* addAgent({ realm: "mcp", agent: "billing", groups: [], dryRun: false, onStep: () => Effect.void }).pipe(
          Effect.provideServiceEffect(KeycloakAdmin, makeAdmin(admin))
        )
        assert.deepEqual((yield* directory.agents)[0]?.groups, ["eng"])
        assert.isDefined(yield* directory.removeAgent("billing"), "taken over, it is ours")
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("shutting an agent out switches its client off; changing its groups touches no other switch", () => {
    const { layer, server } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      yield* directory.createAgent({ name: "robot", groups: ["eng"] })
      yield* directory.changeAgent("robot", { disabled: true })
      assert.strictEqual(server.client("agent-robot-m2m")?.body["enabled"], false)
      yield* directory.changeAgent("robot", { groups: ["ops"] })
      assert.strictEqual(server.client("agent-robot-m2m")?.body["enabled"], false)
      assert.deepEqual(server.groupsOf("service-account-agent-robot-m2m"), ["ops"])
      yield* directory.changeAgent("robot", { disabled: false })
      assert.strictEqual(server.client("agent-robot-m2m")?.body["enabled"], true)
    }).pipe(Effect.provide(layer))
  })

  it.effect("groups are taken away first: cut off half way somebody has less, and the failure says so", () => {
    const { layer, server } = keycloak()
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      const { id } = yield* directory.createPerson({ username: "ada", groups: ["eng"] }, PASSWORD)
      server.broken = on("PUT", /\/groups\//)
      const failure = yield* Effect.flip(directory.setPersonGroups(id, ["ops"]))
      assert.include(failure.message, "ops and those after it are not joined")
      assert.deepEqual(server.groupsOf("ada"), [])
      server.broken = () => undefined
      yield* directory.setPersonGroups(id, ["ops"])
      assert.deepEqual(server.groupsOf("ada"), ["ops"])
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "a group that is not ours is neither given nor taken, whoever is in it, and the refusal says what may be",
    () => {
      const { layer, server } = keycloak(["eng", "ops", "payroll", "realm-admins"])
      return Effect.gen(function* () {
        const directory = yield* AccountDirectory
        const ada = { username: "ada", groups: ["eng"] }
        const { id } = yield* directory.createPerson(ada, PASSWORD)
        yield* directory.createAgent({ name: "robot", groups: ["eng"] })
        for (const username of ["ada", "service-account-agent-robot-m2m"]) server.join(username, "payroll")
        const foreign = ["ops", "realm-admins"]
        for (const act of [
          directory.createPerson({ username: "eve", groups: foreign }, PASSWORD),
          directory.setPersonGroups(id, foreign),
          directory.createAgent({ name: "other", groups: foreign }),
          directory.changeAgent("robot", { groups: foreign })
        ]) {
          const refused = yield* Effect.flip<unknown, DirectoryFailure | DirectoryRefused, never>(act)
          assert.deepInclude(refused, { _tag: "DirectoryRefused", reason: "invalid", field: "groups.1" })
          assert.include(refused.message, 'is "realm-admins", which the policy maps to nothing: it may be a group')
        }
        assert.deepEqual(server.groupsOf("ada"), ["eng", "payroll"])
        yield* directory.setPersonGroups(id, ["ops"])
        yield* directory.changeAgent("robot", { groups: [] })
        assert.deepEqual(server.groupsOf("ada"), ["ops", "payroll"])
        assert.deepEqual(server.groupsOf("service-account-agent-robot-m2m"), ["payroll"])
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect("reads every page of people and of members, and says so when there are too many", () => {
    const { layer, server } = keycloak(["eng"])
    for (let i = 0; i < 450; i++) server.addUser({ username: `person-${i}`, groups: ["/eng"] })
    return Effect.gen(function* () {
      const directory = yield* AccountDirectory
      const people = yield* directory.people
      assert.lengthOf(people, 450)
      assert.isTrue(people.every(({ groups }) => groups.length === 1))
      for (let i = 0; i < 5_000; i++) server.addUser({ username: `more-${i}` })
      assert.include((yield* Effect.flip(directory.people)).message, "more than 5000 entries")
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells programs the address they reach it at", () => {
    const { layer } = keycloak()
    return Effect.gen(function* () {
      const { tokenUrl } = yield* (yield* AccountDirectory).createAgent({ name: "robot", groups: [] })
      assert.strictEqual(tokenUrl, "https://sso.example.com/realms/mcp/protocol/openid-connect/token")
    }).pipe(Effect.provide(layer))
  })
})

describe("layerNone", () => {
  it.effect("fails in words", () =>
    Effect.gen(function* () {
      const directory = yield* AccountDirectory
      assert.isUndefined(directory.name)
      assert.include((yield* Effect.flip(directory.removePerson("x"))).message, "No identity provider")
    }).pipe(Effect.provide(AccountDirectory.layerNone))
  )
})
