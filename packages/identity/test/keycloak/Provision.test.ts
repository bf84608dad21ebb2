/** Setting a Keycloak up, as far as it can be seen without one; `apps/gateway/test/identity/keycloak.test.ts` has the real one. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import { AGENT_NAME, agentClient, agentOf, machineClient, webClient } from "../../src/keycloak/Blueprint.ts"
import { clientCredentials } from "../../src/keycloak/ClientCredentials.ts"
import { KeycloakAdmin } from "../../src/keycloak/KeycloakAdmin.ts"
import { addAgent, init, type Step } from "../../src/keycloak/Provision.ts"
import * as Schema from "effect/Schema"

/** A Keycloak that answers GET as told, by path, and keeps what was written. */
const keycloak = (held: Readonly<Record<string, unknown>>) => {
  const written: Array<string> = []
  const write = (path: string) => Effect.sync(() => void written.push(path))
  const layer = Layer.succeed(KeycloakAdmin, {
    url: "http://keycloak.test",
    get: (path, schema) => {
      const found = held[path.split("?")[0] ?? ""]
      return found === undefined ? Effect.succeed(undefined) : Effect.orDie(Schema.decodeUnknown(schema)(found))
    },
    post: write,
    put: write,
    remove: () => Effect.succeed(false)
  })
  return { layer, written }
}

const collecting = () => {
  const steps: Array<Step> = []
  return { steps, onStep: (step: Step) => Effect.sync(() => void steps.push(step)) }
}

const base = { realm: "one", publicUrl: "https://gw.example", m2mGroups: [], testUsers: Option.some(new Map()) }

describe("init", () => {
  it.effect("a dry run over an empty server writes nothing and makes up no password", () => {
    const { layer, written } = keycloak({})
    const { onStep, steps } = collecting()
    return Effect.gen(function* () {
      const { users } = yield* init({ ...base, dryRun: true, onStep })
      assert.deepEqual(written, [])
      assert.deepEqual(users, [])
      assert.isTrue(steps.every(({ change }) => change === "created"))
      assert.includeMembers(
        steps.map(({ what }) => what),
        [
          "realm one",
          "client mcp-gateway-web",
          "mapper groups of mcp-gateway-m2m",
          "testuser in group mcp-registry-user"
        ]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("what was made and can not be found again is an error, not a success", () => {
    const { layer } = keycloak({})
    return Effect.gen(function* () {
      const failed = yield* Effect.flip(init({ ...base, dryRun: false, onStep: () => Effect.void }))
      assert.include(failed.message, "the making of group mcp-registry-admin")
    }).pipe(Effect.provide(layer))
  })

  it.effect("someone who is there already gets no group: the name says nothing about who it is", () => {
    const { layer, written } = keycloak({ "/one/users": [{ id: "u-1", username: "admin" }] })
    const { onStep, steps } = collecting()
    return Effect.gen(function* () {
      yield* init({ ...base, dryRun: true, onStep })
      assert.deepInclude(steps, { change: "unchanged", what: "user admin" })
      assert.notDeepInclude(steps, { change: "created", what: "admin in group mcp-registry-admin" })
      assert.deepEqual(written, [])
    }).pipe(Effect.provide(layer))
  })
})

describe("addAgent", () => {
  const agent = { realm: "one", agent: "a", groups: ["g"], dryRun: false, onStep: () => Effect.void }

  it.effect("in a realm that is not there makes nothing", () => {
    const { layer, written } = keycloak({})
    return Effect.gen(function* () {
      const failed = yield* Effect.flip(addAgent(agent))
      assert.include(failed.message, "realm one is not in Keycloak; init makes it")
      assert.deepEqual(written, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("in a group that is not there makes nothing, though a subgroup is called so", () => {
    const { layer, written } = keycloak({ "/one": { realm: "one" }, "/one/groups": [{ id: "p", name: "parent" }] })
    return Effect.gen(function* () {
      const failed = yield* Effect.flip(addAgent(agent))
      assert.include(failed.message, `group "g" of realm one is not in Keycloak`)
      assert.deepEqual(written, [])
    }).pipe(Effect.provide(layer))
  })
})

describe("names of agents", () => {
  it("come back out of their clients, and no name is a path", () => {
    fc.assert(
      fc.property(fc.stringMatching(AGENT_NAME), (name) => {
        assert.strictEqual(agentOf(agentClient(name)), name)
      }),
      { numRuns: 30 }
    )
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const found = agentOf(agentClient(name))
        if (found !== undefined) assert.match(found, /^[A-Za-z0-9._-]+$/)
      })
    )
    for (const name of ["../../x", "a/b", ".", "a\nb", ""]) assert.isUndefined(agentOf(agentClient(name)), name)
  })

  it.effect("a client with a path for a name is nobody's credential", () => {
    const flags = { ...machineClient("agent-../../x-m2m", "x"), id: "c-1" }
    const { layer } = keycloak({ "/one/clients": [flags], "/one/clients/c-1/client-secret": { value: "s" } })
    return Effect.gen(function* () {
      assert.deepEqual(yield* clientCredentials("one"), [])
    }).pipe(Effect.provide(layer))
  })
})

describe("clients", () => {
  it("RFC 9700: never the password grant, the implicit flow or an open redirect; PKCE for people", () => {
    for (const client of [webClient("https://gw.example"), machineClient("m", "m")]) {
      assert.deepInclude(client, { directAccessGrantsEnabled: false, implicitFlowEnabled: false, publicClient: false })
      assert.isFalse(client.redirectUris.some((uri) => uri.includes("*")))
    }
    const { attributes, redirectUris } = webClient("https://gw.example")
    assert.deepEqual(redirectUris, ["https://gw.example/oauth2/callback/keycloak"])
    assert.strictEqual(attributes["pkce.code.challenge.method"], "S256")
  })
})
