/** contracts §2.8, §2.14: people and agents made over the API are made at an identity provider that is administered from here, or nowhere. */
import { it } from "@effect/vitest"
import { RevocationNotStored, Revocations } from "@mcpgw/auth/Revocations"
import { AccountDirectory } from "@mcpgw/identity/AccountDirectory"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Agents } from "@mcpgw/identity/Agents"
import { removeAgentThere } from "@mcpgw/identity/directoryAccounts"
import { environmentProviders } from "@mcpgw/identity/ProvidersEnvironment"
import { Sessions } from "@mcpgw/identity/Sessions"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, type Sent, signedIn } from "./support/plane.ts"

const GROUPS = ["mcp-registry-user", "mcp-registry-developer"]

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookie = yield* signedIn("admin")
  return {
    plane,
    admin: (method: string, path: string, sent: Sent = {}) => call(plane, method, path, { cookie, ...sent })
  }
})

const directory = (failing: () => string | undefined = () => undefined) =>
  AccountDirectory.layerMemory({ groups: GROUPS, failing })

const ADA = {
  username: "ada",
  email: "ada@example.com",
  first_name: "Ada",
  last_name: "Lovelace",
  groups: ["mcp-registry-user"]
}

describe("people at the provider", () => {
  it.scoped("made there with a password told once, known here from the start, moved and removed in both", () =>
    Effect.gen(function* () {
      const { admin, plane } = yield* start
      const there = yield* AccountDirectory
      const accounts = yield* Accounts
      const made = yield* admin("POST", "/api/users", { json: ADA })
      expect([made.status, made.body]).toMatchObject([
        201,
        { username: "ada", provider: "keycloak", email: "ada@example.com", display_name: "Ada Lovelace" }
      ])
      expect(Reflect.get(Object(made.body), "password")).toMatch(/^[\w-]{24}$/)
      const [person] = yield* there.people
      expect((yield* accounts.get("ada"))?.subject, "the account is that person's, by subject").toBe(person?.id)
      expect((yield* admin("POST", "/api/users", { json: ADA })).status).toBe(409)
      const arrived = yield* accounts.signIn("keycloak", {
        ...ADA,
        subject: person?.id ?? "",
        displayName: undefined,
        groups: ADA.groups
      })
      expect([arrived.created, arrived.account.username]).toEqual([false, "ada"])

      const cookie = yield* (yield* Sessions).create({ username: "ada", groups: ADA.groups })
      const moved = yield* admin("PATCH", "/api/accounts/ada", { json: { groups: ["mcp-registry-developer"] } })
      expect([moved.status, moved.body]).toMatchObject([200, { groups: ["mcp-registry-developer"] }])
      expect((yield* there.people)[0]?.groups).toEqual(["mcp-registry-developer"])
      expect((yield* call(plane, "GET", "/api/auth/me", { cookie })).status).toBe(401)

      const gone = yield* admin("DELETE", "/api/users/ada?delete_from_keycloak=true")
      expect([gone.status, gone.body]).toEqual([200, { success: true, deleted_from_keycloak: true }])
      expect([yield* there.people, yield* accounts.get("ada")]).toEqual([[], undefined])
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      const managed = rows.filter(({ rule }) => rule?.startsWith("api:manage_users"))
      expect(managed.map(({ decision, rule }) => `${decision} ${rule}`)).toEqual(
        ["ada", "ada", "ada"].map((name) => `allow api:manage_users:${name}`)
      )
    }).pipe(Effect.provide(layer({ accountDirectory: directory() })))
  )

  it.scoped(
    "what can not be done there is not done here: unknown groups 400, away 503; shutting out waits for nobody",
    () => {
      let down: string | undefined
      return Effect.gen(function* () {
        const { admin } = yield* start
        const accounts = yield* Accounts
        const there = yield* AccountDirectory
        const lost = yield* admin("POST", "/api/users", { json: { ...ADA, groups: ["nope"] } })
        expect([lost.status, lost.body]).toMatchObject([400, { field: "groups.0" }])
        expect((yield* admin("POST", "/api/users", { json: { ...ADA, password: "short" } })).status).toBe(400)
        down = "Keycloak can not be reached at http://keycloak.test"
        const away = yield* admin("POST", "/api/users", { json: ADA })
        expect([away.status, away.headers.get("content-type"), away.headers.get("retry-after")]).toEqual([
          503,
          "application/problem+json",
          "5"
        ])
        expect(away.body).toMatchObject({ error: "keycloak can not be reached now", detail: down })
        expect(yield* accounts.get("ada")).toBe(undefined)
        down = undefined
        expect((yield* admin("POST", "/api/users", { json: ADA })).status).toBe(201)
        down = "away"
        expect((yield* admin("PATCH", "/api/accounts/ada", { json: { groups: [] } })).status).toBe(503)
        expect((yield* accounts.get("ada"))?.groups).toEqual(ADA.groups)
        expect((yield* admin("DELETE", "/api/users/ada?delete_from_keycloak=true")).status).toBe(503)
        expect((yield* accounts.get("ada"))?.disabled).toBe(false)
        expect((yield* admin("PATCH", "/api/accounts/ada", { json: { disabled: true, groups: [] } })).status).toBe(503)
        expect((yield* accounts.get("ada"))?.disabled, "shut out all the same").toBe(true)
        const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
        expect(
          rows.filter(({ http_method }) => http_method !== "POST").map(({ decision, status }) => [decision, status]),
          "what was done in part is on record as allowed"
        ).toEqual(Array.from({ length: 3 }, () => ["allow", 503]))
        const here = yield* admin("DELETE", "/api/users/ada?delete_from_keycloak=false")
        expect([here.status, here.body]).toEqual([200, { success: true, deleted_from_keycloak: false }])
        expect(yield* accounts.get("ada")).toBe(undefined)
        down = undefined
        expect(yield* there.people).toHaveLength(1)
      }).pipe(Effect.provide(layer({ accountDirectory: directory(() => down) })))
    }
  )

  it.scoped(
    "design §6: who came from there, and may be there for more than this gateway, is deleted there by word alone",
    () =>
      Effect.gen(function* () {
        const { admin } = yield* start
        const accounts = yield* Accounts
        const there = yield* AccountDirectory
        const cleo = { username: "cleo", groups: [] }
        const { id: subject } = yield* there.createPerson(cleo, Redacted.make("correct horse battery 7"))
        yield* accounts.signIn("keycloak", { ...cleo, subject, email: undefined, displayName: undefined })
        const unsaid = yield* admin("DELETE", "/api/users/cleo")
        expect([unsaid.status, unsaid.body]).toMatchObject([
          400,
          { field: "delete_from_keycloak", detail: expect.stringMatching(/true.*every application.*false.*here alone/) }
        ])
        expect([(yield* there.people).length, (yield* accounts.get("cleo"))?.username]).toEqual([1, "cleo"])
      }).pipe(Effect.provide(layer({ accountDirectory: directory() })))
  )

  it.scoped("local ones where they are asked for, with their names; without a provider nothing else can be", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      const made = yield* admin("POST", "/api/users", { json: { ...ADA, create_in_keycloak: false } })
      expect(made.body).toMatchObject({ provider: "local", email: "ada@example.com", display_name: "Ada Lovelace" })
      expect(yield* (yield* AccountDirectory).people).toEqual([])
      expect((yield* admin("PATCH", "/api/accounts/ada", { json: { groups: [] } })).status).toBe(200)
      expect((yield* admin("DELETE", "/api/users/ada")).status).toBe(200)
    }).pipe(Effect.provide(layer({ accountDirectory: directory() })))
  )

  it.scoped("without a provider: local accounts as ever, and a wish for Keycloak is refused by its field", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      expect((yield* admin("POST", "/api/users", { json: ADA })).body).toMatchObject({ provider: "local" })
      for (const [path, json] of [
        ["/api/users", { username: "eve", create_in_keycloak: true }],
        ["/api/agents", { name: "robot", create_in_keycloak: true }]
      ] as const) {
        const refused = yield* admin("POST", path, { json })
        expect([refused.status, refused.body]).toMatchObject([400, { field: "create_in_keycloak" }])
      }
      const listed = yield* admin("GET", "/api/users?compare=true")
      expect(listed.body).toMatchObject({ directory: { name: null, problem: null } })
    }).pipe(Effect.provide(layer()))
  )
})

const ISSUER = "https://sso.example.com/realms/mcp-gateway"
const SETTINGS: Readonly<Record<string, string>> = {
  AUTH_PROVIDER: "keycloak",
  KEYCLOAK_URL: "https://sso.example.com",
  KEYCLOAK_CLIENT_ID: "mcp-gateway-web",
  KEYCLOAK_CLIENT_SECRET: "s3cret"
}
const identityProviders = Either.getOrThrow(environmentProviders((name) => SETTINGS[name]))

describe("agents at the provider", () => {
  it.scoped("made in both with a credential told once, moved, shut out, and removed", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      const there = yield* AccountDirectory
      const json = { name: "robot", description: "A bot", groups: ["mcp-registry-user"] }
      const made = yield* admin("POST", "/api/agents", { json })
      expect([made.status, made.body]).toMatchObject([
        201,
        {
          name: "robot",
          client_id: "agent-robot",
          provider_client: {
            provider: "keycloak",
            client_id: "agent-robot-m2m",
            client_secret: "a-secret-of-keycloak",
            token_url: "https://keycloak.test/token"
          }
        }
      ])
      expect((yield* admin("GET", "/api/agents/robot")).text).not.toContain("a-secret-of-keycloak")
      expect((yield* admin("POST", "/api/agents", { json })).status).toBe(400)
      const change = (wanted: unknown) => admin("PATCH", "/api/agents/robot", { json: wanted })
      expect((yield* change({ groups: ["mcp-registry-developer"] })).status).toBe(200)
      expect((yield* there.agents)[0]?.groups).toEqual(["mcp-registry-developer"])
      const revocations = yield* Revocations
      expect(revocations.hasSubject(ISSUER, "sub-agent-robot", 0), "tokens it has of the provider end").toBe(true)
      expect((yield* change({ groups: ["nope"] })).status).toBe(400)
      expect((yield* (yield* Agents).get("robot"))?.groups).toEqual(["mcp-registry-developer"])
      expect((yield* admin("DELETE", "/api/agents/robot")).status).toBe(200)
      expect(yield* there.agents).toEqual([])
      expect((yield* admin("DELETE", "/api/agents/robot")).status).toBe(404)
    }).pipe(Effect.provide(layer({ accountDirectory: directory(), identityProviders })))
  )

  it.scoped("its tokens end before its removal there, so that one that failed half way is made up for", () =>
    Effect.gen(function* () {
      const there = yield* AccountDirectory
      const revocations = yield* Revocations
      yield* there.createAgent({ name: "robot", groups: [] })
      const removing = removeAgentThere("robot", new Map([["keycloak", [ISSUER]]]))
      const failing = Revocations.of({
        ...revocations,
        revokeSubject: () => new RevocationNotStored({ cause: "no room left" })
      })
      yield* Effect.flip(Effect.provideService(removing, Revocations, failing))
      expect(yield* removing).toBe(true)
      expect(revocations.hasSubject(ISSUER, "sub-agent-robot", 0)).toBe(true)
      expect([yield* there.agents, yield* removing]).toEqual([[], false])
    }).pipe(Effect.provide(layer({ accountDirectory: directory(), identityProviders })))
  )

  it.scoped("a client of its name that is not ours: 409 with what to do, and shut out here all the same", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      const agents = yield* Agents
      yield* agents.create({ name: "billing", description: "", groups: [] })
      const change = (json: unknown) => admin("PATCH", "/api/agents/billing", { json })
      expect((yield* change({ groups: ["mcp-registry-user"] })).status).toBe(409)
      const shutOut = yield* change({ disabled: true })
      expect([shutOut.status, shutOut.body]).toMatchObject([
        409,
        { detail: expect.stringMatching(/not made from here.*The agent is shut out here$/) }
      ])
      expect(yield* agents.get("billing")).toMatchObject({ disabled: true, groups: [] })
      expect((yield* admin("DELETE", "/api/agents/billing")).status).toBe(409)
    }).pipe(Effect.provide(layer({ accountDirectory: AccountDirectory.layerMemory({ foreign: ["billing"] }) })))
  )

  it.scoped("design §6: removed here alone, one that is shut out would come in again by its client there: 409", () => {
    let down: string | undefined
    return Effect.gen(function* () {
      const { admin } = yield* start
      const agents = yield* Agents
      const there = yield* AccountDirectory
      for (const name of ["billing", "robot", "own"]) yield* agents.create({ name, description: "", groups: [] })
      yield* there.createAgent({ name: "robot", groups: [] })
      for (const name of ["billing", "robot", "own"])
        yield* admin("PATCH", `/api/agents/${name}`, { json: { disabled: true } })
      const remove = (name: string) => admin("DELETE", `/api/agents/${name}?delete_from_keycloak=false`)
      const foreign = yield* remove("billing")
      expect([foreign.status, foreign.body]).toMatchObject([
        409,
        { error: expect.stringMatching(/^name is shut out.*agent-billing-m2m.*keycloak add-agent --agent billing/) }
      ])
      expect((yield* remove("robot")).status, "one of ours, too").toBe(409)
      down = "away"
      const unknown = yield* remove("own")
      expect([unknown.status, unknown.body]).toMatchObject([
        503,
        { detail: expect.stringMatching(/own is shut out.*away/) }
      ])
      expect((yield* agents.list).map(({ disabled, name }) => [name, disabled])).toEqual([
        ["billing", true],
        ["own", true],
        ["robot", true]
      ])
      down = undefined
      expect((yield* remove("own")).body, "nobody is called so there").toEqual({ success: true })
      expect((yield* admin("DELETE", "/api/agents/robot")).status).toBe(200)
    }).pipe(
      Effect.provide(
        layer({
          accountDirectory: AccountDirectory.layerMemory({ foreign: ["billing"], failing: () => down }),
          identityProviders
        })
      )
    )
  })

  it.scoped("removed here alone, it may have a client there that goes on: the answer says so", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      yield* admin("POST", "/api/agents", { json: { name: "robot" } })
      expect((yield* admin("DELETE", "/api/agents/robot?delete_from_keycloak=false")).body).toEqual({
        success: true,
        warnings: [expect.stringMatching(/^keycloak was left alone.*agent-robot-m2m/)]
      })
      expect(yield* (yield* AccountDirectory).agents).toHaveLength(1)
    }).pipe(Effect.provide(layer({ accountDirectory: directory(), identityProviders })))
  )

  it.scoped(
    "of a provider that nobody here can look into: one that was shut out is removed, and what that opens is told",
    () =>
      Effect.gen(function* () {
        const { admin } = yield* start
        for (const name of ["robot", "other"]) yield* admin("POST", "/api/agents", { json: { name } })
        yield* admin("PATCH", "/api/agents/robot", { json: { disabled: true } })
        expect((yield* admin("DELETE", "/api/agents/robot")).body).toEqual({
          success: true,
          warnings: [expect.stringMatching(/agent-robot-m2m.*shut it out there/)]
        })
        expect((yield* admin("DELETE", "/api/agents/other")).body).toEqual({ success: true })
      }).pipe(Effect.provide(layer({ identityProviders })))
  )

  it.scoped("a name that the provider has given away, or a provider that is away: no agent here either", () => {
    let down: string | undefined
    return Effect.gen(function* () {
      const { admin } = yield* start
      const agents = yield* Agents
      yield* (yield* AccountDirectory).createAgent({ name: "robot", groups: [] })
      expect((yield* admin("POST", "/api/agents", { json: { name: "robot" } })).status).toBe(409)
      down = "away"
      expect((yield* admin("POST", "/api/agents", { json: { name: "other" } })).status).toBe(503)
      expect(yield* agents.list).toEqual([])
      expect((yield* admin("POST", "/api/agents", { json: { name: "own", create_in_keycloak: false } })).status).toBe(
        201
      )
      const shutOut = yield* admin("PATCH", "/api/agents/own", { json: { disabled: true } })
      expect([shutOut.status, shutOut.body]).toMatchObject([
        503,
        { detail: "own is shut out here, and may not be in keycloak: away" }
      ])
      expect((yield* agents.get("own"))?.disabled).toBe(true)
      expect((yield* admin("PATCH", "/api/agents/own", { json: { description: "x" } })).status).toBe(200)
      expect((yield* admin("DELETE", "/api/agents/own")).status).toBe(503)
    }).pipe(Effect.provide(layer({ accountDirectory: directory(() => down) })))
  })
})

describe("differences", () => {
  it.scoped("who is only there, only here, or in other groups is shown, to whoever asks", () => {
    let down: string | undefined
    return Effect.gen(function* () {
      const { admin } = yield* start
      const there = yield* AccountDirectory
      yield* admin("POST", "/api/users", { json: ADA })
      yield* admin("POST", "/api/users", { json: { ...ADA, username: "bob", email: "b@example.com" } })
      yield* admin("POST", "/api/users", { json: { username: "local", create_in_keycloak: false } })
      const [ada, bob] = yield* there.people
      yield* there.setPersonGroups(ada?.id ?? "", ["mcp-registry-developer"])
      yield* there.removePerson(bob?.id ?? "")
      yield* admin("POST", "/api/agents", { json: { name: "robot", groups: [] } })
      yield* there.createAgent({ name: "stray", groups: [] })
      expect((yield* admin("GET", "/api/users")).body).not.toHaveProperty("directory")
      const users = yield* admin("GET", "/api/users?compare=true")
      expect(Reflect.get(Object(users.body), "directory")).toEqual({
        name: "keycloak",
        problem: null,
        directory_only: [],
        here_only: ["bob"],
        differing: [{ name: "ada", here: ["mcp-registry-user"], there: ["mcp-registry-developer"] }]
      })
      const agents = yield* admin("GET", "/api/agents?compare=true")
      expect(agents.body).toMatchObject({ directory: { directory_only: ["stray"], here_only: [], differing: [] } })
      down = "away"
      expect((yield* admin("GET", "/api/agents?compare=true")).body).toMatchObject({
        directory: { name: "keycloak", problem: "away", directory_only: [], here_only: [] }
      })
    }).pipe(Effect.provide(layer({ accountDirectory: directory(() => down) })))
  })

  it.scoped(
    "groups that the policy does not map make no difference: they are the provider's own, and open nothing",
    () =>
      Effect.gen(function* () {
        const { admin } = yield* start
        const there = yield* AccountDirectory
        yield* admin("POST", "/api/users", { json: ADA })
        yield* admin("POST", "/api/agents", { json: { name: "robot", groups: ADA.groups } })
        const [ada] = yield* there.people
        yield* there.setPersonGroups(ada?.id ?? "", [...ADA.groups, "payroll"])
        yield* there.changeAgent("robot", { groups: ["payroll"] })
        expect((yield* admin("GET", "/api/users?compare=true")).body).toMatchObject({ directory: { differing: [] } })
        expect((yield* admin("GET", "/api/agents?compare=true")).body).toMatchObject({
          directory: { differing: [{ name: "robot", here: ADA.groups, there: [] }] }
        })
      }).pipe(
        Effect.provide(layer({ accountDirectory: AccountDirectory.layerMemory({ groups: [...GROUPS, "payroll"] }) }))
      )
  )
})
