/** Groups: the replaced system's routes and shapes (contracts §2.8, §2.16), the plain ones, who may, and an identity provider in step. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Agents } from "@mcpgw/identity/Agents"
import { GroupDirectory } from "@mcpgw/identity/GroupDirectory"
import { Sessions } from "@mcpgw/identity/Sessions"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, registered, SECRET, type Sent, signedIn } from "./support/plane.ts"

const PASSWORD = "a long enough passphrase"
const basic = (username: string, password = PASSWORD): Sent => ({
  headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` }
})

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  yield* registered(CURRENTTIME, SECRET)
  const accounts = yield* Accounts
  yield* accounts.put({ username: "admin", groups: ["mcp-registry-admin"] }, PASSWORD)
  yield* accounts.put({ username: "eve", groups: ["eng"] }, PASSWORD)
  const as =
    (sent: Sent) =>
    (method: string, path: string, more: Sent = {}) =>
      call(plane, method, path, { ...sent, ...more, headers: { ...sent.headers, ...more.headers } })
  return { plane, admin: as({ cookie: yield* signedIn("admin") }), byPassword: as(basic("admin")), as }
})

const text = Effect.flatMap(PolicyWriter, ({ read }) => Effect.map(read, (draft) => draft.text))

describe("contracts §2.8: the replaced system's group routes", () => {
  it.scoped("create, list, add servers, remove them, delete: forms, with an administrator's name and password", () =>
    Effect.gen(function* () {
      const { byPassword } = yield* start
      const post = (route: string, form: Readonly<Record<string, string>>) =>
        byPassword("POST", `/api/internal/${route}`, { form })
      const created = yield* post("create-group", {
        group_name: "eng",
        description: "Engineers",
        create_in_keycloak: "true"
      })
      expect([created.status, created.body]).toEqual([
        200,
        {
          message: "Group created successfully",
          group_name: "eng",
          created_in_keycloak: true,
          created_in_scopes: true
        }
      ])
      const added = yield* post("add-to-groups", {
        server_name: "currenttime",
        group_names: "eng, mcp-servers-restricted"
      })
      expect(added.body).toEqual({
        message: "Server added to groups successfully",
        server_path: "/currenttime",
        groups: ["eng", "mcp-servers-restricted"]
      })
      const listed = yield* byPassword("GET", "/api/internal/list-groups")
      expect(listed.body).toMatchObject({
        keycloak_groups: [
          { name: "eng", id: "id-eng", path: "/eng" },
          { name: "idle", id: "id-idle", path: "/idle" },
          { name: "mcp-registry-admin" }
        ],
        scopes_groups: {
          eng: { name: "eng", server_count: 1, servers: ["currenttime"], in_mappings: ["eng"], kind: "group" },
          "mcp-servers-restricted": { kind: "group" },
          "mcp-servers-restricted/read": { in_mappings: expect.arrayContaining(["mcp-registry-user"]), kind: "scope" }
        },
        synchronized: ["eng", "mcp-registry-admin"],
        keycloak_only: ["idle"],
        scopes_only: expect.arrayContaining(["mcp-registry-user"])
      })
      const policy = (yield* ScopePolicy).current()
      const eve = { groups: ["eng"], scopes: [] }
      const tool = (name: string) => policy.decide(eve, { server: "/currenttime", method: "tools/call", tool: name })
      expect([tool("set_clock").allowed, tool("other").allowed]).toEqual([true, false])
      expect((yield* post("remove-from-groups", { server_name: "/currenttime/", group_names: "eng" })).status).toBe(200)
      expect((yield* ScopePolicy).current().hasGrant(eve, "/currenttime")).toBe(false)
      const deleted = yield* post("delete-group", { group_name: "eng" })
      expect(deleted.body).toEqual({
        message: "Group deleted successfully",
        group_name: "eng",
        deleted_from_keycloak: true,
        deleted_from_scopes: true
      })
      expect(yield* text).not.toMatch(/\beng\b/)
    }).pipe(Effect.provide(layer({ directory: GroupDirectory.layerMemory(["mcp-registry-admin", "idle"]) })))
  )

  it.scoped("refusals: no credential, a wrong one, no administrator, no name, a system group, unknown names", () =>
    Effect.gen(function* () {
      const { admin, as, plane } = yield* start
      const route = "/api/internal/create-group"
      const none = yield* call(plane, "POST", route, { form: { group_name: "x" } })
      expect([none.status, none.body]).toMatchObject([401, { error: "Authentication required" }])
      expect(none.headers.get("www-authenticate")).toContain("Basic")
      expect((yield* as(basic("admin", "wrong"))("POST", route, { form: { group_name: "x" } })).status).toBe(401)
      expect((yield* as(basic("eve"))("POST", route, { form: { group_name: "x" } })).status).toBe(403)
      expect((yield* admin("POST", route, { form: {} })).body).toMatchObject({ field: "group_name" })
      for (const group_name of ["all", "a/b", "UI-Scopes", "mcp-token-vending"]) {
        expect((yield* admin("POST", route, { form: { group_name } })).status).toBe(400)
      }
      const system = yield* admin("POST", "/api/internal/delete-group", {
        form: { group_name: "mcp-registry-user", force: "true" }
      })
      expect([system.status, system.body]).toMatchObject([
        403,
        { error: "Cannot delete system group 'mcp-registry-user'" }
      ])
      const post = (path: string, form: Readonly<Record<string, string>>) =>
        Effect.map(admin("POST", `/api/internal/${path}`, { form }), ({ status }) => status)
      expect(yield* post("delete-group", { group_name: "nobody" })).toBe(404)
      expect(yield* post("delete-group", { group_name: "nobody", force: "true" })).toBe(404)
      expect(yield* post("add-to-groups", { server_name: "nothing", group_names: "mcp-registry-user" })).toBe(404)
      const before = yield* text
      expect(
        yield* post("add-to-groups", { server_name: "currenttime", group_names: "mcp-registry-user,nobody" })
      ).toBe(404)
      expect(yield* text, "to all of the groups or to none").toBe(before)
      expect(yield* post("create-group", { group_name: "mcp-registry-user" })).toBe(409)
    }).pipe(Effect.provide(layer()))
  )
})

describe("groups", () => {
  it.scoped("contracts §2.16: --scope-suffix read makes {group}/read, which sees its servers and calls nothing", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      const made = yield* admin("POST", "/api/groups", { json: { name: "eng", scope_suffix: "read" } })
      expect([made.status, made.body]).toMatchObject([201, { in_policy: true, in_directory: false }])
      const opened = yield* admin("PUT", "/api/groups/eng/servers/finance/payroll", { json: {} })
      expect(opened.body).toMatchObject({
        name: "eng",
        scopes: ["eng/read"],
        servers: [{ server: "finance/payroll", scope: "eng/read", tools: [] }],
        users: ["eve"],
        system: false
      })
      const policy = (yield* ScopePolicy).current()
      const access = { server: "/finance/payroll", method: "tools/call", tool: "read_salaries" }
      expect(policy.decide({ groups: ["eng"], scopes: [] }, access).allowed).toBe(false)
      expect((yield* admin("GET", "/api/groups/eng%2Fread")).body).toMatchObject({ name: "eng/read", server_count: 1 })
      expect((yield* admin("POST", "/api/groups", { json: { name: "eng", scope_suffix: "READ!" } })).status).toBe(400)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("what people are put into is told from the scopes that it is mapped to", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      yield* admin("POST", "/api/groups", { json: { name: "eng", scope_suffix: "read" } })
      expect((yield* admin("GET", "/api/groups/eng")).body).toMatchObject({ kind: "group", scopes: ["eng/read"] })
      expect((yield* admin("GET", "/api/groups/eng%2Fread")).body).toMatchObject({ kind: "scope" })
      const listed: ReadonlyArray<{ readonly name: string; readonly kind: string }> = Object(
        (yield* admin("GET", "/api/groups")).body
      ).groups
      const kind = (name: string) => listed.find((one) => one.name === name)?.kind
      expect([kind("eng"), kind("eng/read"), kind("mcp-registry-user")]).toEqual(["group", "scope", "group"])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("what is opened takes effect for the next call, tools and methods as they were asked for", () =>
    Effect.gen(function* () {
      const { admin } = yield* start
      yield* admin("POST", "/api/groups", { json: { name: "eng" } })
      yield* (yield* Agents).create({ name: "runner", description: "", groups: ["eng"] })
      const put = (json: unknown) => admin("PUT", "/api/groups/eng/servers/currenttime", { json })
      expect((yield* put({ tools: ["set_clock"] })).body).toMatchObject({
        servers: [{ tools: ["set_clock"] }],
        agents: ["runner"]
      })
      expect((yield* put({ tools: "*", methods: "*" })).body).toMatchObject({
        servers: [{ tools: "*", methods: "*" }]
      })
      expect((yield* put({ tools: "all of them" })).status).toBe(400)
      expect((yield* put({ tool: [] })).status).toBe(400)
      const closed = yield* admin("DELETE", "/api/groups/eng/servers/currenttime")
      expect(closed.body).toMatchObject({ servers: [], server_count: 0 })
      const gone = yield* admin("DELETE", "/api/groups/eng?force=false")
      expect(gone.body).toMatchObject({ in_policy: true })
      expect((yield* admin("GET", "/api/groups/eng")).status).toBe(404)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("design §6: nobody deletes the group that makes them an administrator, here or at the provider", () =>
    Effect.gen(function* () {
      const { as } = yield* start
      const cookie = yield* (yield* Sessions).create({ username: "boss", groups: ["bosses"] })
      const refused = yield* as({ cookie })("DELETE", "/api/groups/bosses?force=true")
      expect([refused.status, refused.body]).toMatchObject([409, { error: "The policy was not changed" }])
      expect((yield* ScopePolicy).current().mapsGroup("bosses")).toBe(true)
      expect((yield* (yield* GroupDirectory).list).map(({ name }) => name)).toContain("bosses")
      const admin = as({ cookie: yield* signedIn("admin") })
      expect((yield* admin("DELETE", "/api/groups/bosses")).body).toMatchObject({ in_policy: true })
    }).pipe(
      Effect.provide(
        layer({
          directory: GroupDirectory.layerMemory(["bosses"]),
          scopes: DEFAULT_SCOPES.replace("group_mappings:\n", "group_mappings:\n  bosses: [mcp-registry-admin]\n")
        })
      )
    )
  )

  it.scoped("design §6: a group of the provider's that the policy does not map is not deleted, forced or not", () =>
    Effect.gen(function* () {
      const { admin, byPassword } = yield* start
      const there = Effect.map((yield* GroupDirectory).list, (groups) => groups.map(({ name }) => name))
      const refused = yield* admin("DELETE", "/api/groups/payroll?force=true")
      expect([refused.status, refused.body]).toMatchObject([
        404,
        { error: "Group 'payroll' not found", detail: expect.stringMatching(/keycloak.*delete it there$/) }
      ])
      const form = { group_name: "payroll", force: "true" }
      expect((yield* byPassword("POST", "/api/internal/delete-group", { form })).status).toBe(404)
      expect(yield* there).toEqual(["payroll", "tools"])
      // A scope of that name is no mapping: it goes, and the provider's group stays.
      expect((yield* admin("DELETE", "/api/groups/tools?force=true")).body).toMatchObject({
        in_policy: true,
        in_directory: false
      })
      expect(yield* there).toEqual(["payroll", "tools"])
    }).pipe(
      Effect.provide(
        layer({ directory: GroupDirectory.layerMemory(["payroll", "tools"]), scopes: `${DEFAULT_SCOPES}\ntools: []\n` })
      )
    )
  )

  it.scoped(
    "design §6: a group of the provider's that was not made from here is mapped and left, and that is told",
    () =>
      Effect.gen(function* () {
        const { admin, byPassword } = yield* start
        const there = Effect.map((yield* GroupDirectory).list, (groups) => groups.map(({ name }) => name))
        const made = yield* admin("POST", "/api/groups", { json: { name: "other-apps-admins" } })
        expect([made.status, made.body]).toMatchObject([
          201,
          { in_policy: true, in_directory: false, problem: expect.stringMatching(/^keycloak had a group/) }
        ])
        const gone = yield* admin("DELETE", "/api/groups/other-apps-admins?force=true")
        expect([gone.status, gone.body]).toMatchObject([
          200,
          { in_policy: true, in_directory: false, problem: expect.stringMatching(/not made from here.*left/) }
        ])
        expect((yield* ScopePolicy).current().mapsGroup("other-apps-admins")).toBe(false)
        const form = { group_name: "other-apps-admins" }
        const again = yield* byPassword("POST", "/api/internal/create-group", { form })
        expect(again.body).toMatchObject({ created_in_keycloak: false, warning: expect.stringMatching(/had a group/) })
        const removed = yield* byPassword("POST", "/api/internal/delete-group", { form })
        expect(removed.body).toMatchObject({ deleted_from_keycloak: false, warning: expect.stringMatching(/left/) })
        expect(yield* there).toEqual(["other-apps-admins"])
      }).pipe(Effect.provide(layer({ directory: GroupDirectory.layerMemory(["other-apps-admins"]) })))
  )

  it.scoped(
    "a provider that is down: the policy's part is done and told, nothing is called missing, and it is made up for",
    () => {
      let down: string | undefined = "Keycloak can not be reached"
      return Effect.gen(function* () {
        const { admin } = yield* start
        const create = admin("POST", "/api/groups", { json: { name: "eng" } })
        expect((yield* create).body).toMatchObject({
          in_policy: true,
          in_directory: false,
          problem: expect.stringContaining("Keycloak can not be reached")
        })
        expect((yield* admin("GET", "/api/internal/list-groups")).body).toMatchObject({
          keycloak_groups: [],
          synchronized: [],
          keycloak_only: [],
          scopes_only: [],
          warning: "Keycloak can not be reached"
        })
        down = undefined
        expect((yield* admin("GET", "/api/groups")).body).toMatchObject({
          policy_only: expect.arrayContaining(["eng"])
        })
        expect((yield* create).body).toMatchObject({ in_policy: false, in_directory: true })
        expect((yield* create).status).toBe(409)
        down = "away again"
        expect((yield* admin("DELETE", "/api/groups/eng")).body).toMatchObject({
          in_policy: true,
          in_directory: false,
          problem: expect.stringContaining("POST /api/groups")
        })
        down = undefined
        expect((yield* admin("DELETE", "/api/groups/eng?force=true")).status).toBe(404)
        expect((yield* create).body).toMatchObject({ in_policy: true, in_directory: false })
        expect((yield* admin("DELETE", "/api/groups/eng")).body).toMatchObject({ in_policy: true, in_directory: true })
      }).pipe(Effect.provide(layer({ directory: GroupDirectory.layerMemory([], () => down) })))
    }
  )

  it.scoped("design §6: who manages a group gives it what they have themselves, sees it alone, and no more", () =>
    Effect.gen(function* () {
      const { as, plane } = yield* start
      const cookie = yield* (yield* Sessions).create({ username: "mona", groups: ["leads"] })
      const mona = as({ cookie })
      expect((yield* mona("GET", "/api/groups")).body).toMatchObject({
        groups: [{ name: "eng" }],
        directory: { name: null }
      })
      const put = (path: string, json: unknown) =>
        Effect.map(mona("PUT", `/api/groups/${path}`, { json }), ({ body, status }) => ({ body, status }))
      expect(yield* put("eng/servers/currenttime", {})).toMatchObject({
        status: 200,
        body: { servers: [{ server: "currenttime", tools: ["set_clock"] }] }
      })
      for (const json of [{ tools: ["current_time_by_timezone"] }, { tools: "*" }, { methods: "*" }]) {
        expect((yield* put("eng/servers/currenttime", json)).status).toBe(403)
      }
      expect((yield* put("eng/servers/finance/payroll", {})).status).toBe(404)
      expect((yield* put("leads/servers/currenttime", {})).status).toBe(403)
      expect((yield* put("nobody/servers/currenttime", {})).status).toBe(403)
      expect((yield* mona("DELETE", "/api/groups/eng")).status).toBe(403)
      expect((yield* mona("POST", "/api/groups", { json: { name: "x" } })).status).toBe(403)
      expect((yield* mona("DELETE", "/api/groups/eng/servers/currenttime")).status).toBe(200)
      expect((yield* call(plane, "GET", "/api/groups", { cookie: yield* signedIn("developer") })).body).toMatchObject({
        groups: []
      })
    }).pipe(
      Effect.provide(
        layer({
          scopes: `
group_mappings: { leads: [lead], eng: [eng], mcp-registry-admin: [mcp-registry-admin] }
UI-Scopes:
  mcp-registry-admin: { list_service: [all] }
  lead: { list_service: [all], modify_service: [currenttime], manage_group: [eng] }
lead: [{ server: currenttime, methods: [tools/list], tools: [set_clock] }]
eng: []
`
        })
      )
    )
  )

  it.scoped(
    "design §6: a manager opens no method they may not use, by nobody's naming it, by name, or as a tool's name",
    () =>
      Effect.gen(function* () {
        const { as } = yield* start
        const sessions = yield* Sessions
        const manager = (username: string, group: string) =>
          Effect.map(sessions.create({ username, groups: [group] }), (cookie) => as({ cookie }))
        const [mona, wilma] = [yield* manager("mona", "leads"), yield* manager("wilma", "wide")]
        const put = (who: typeof mona, json: unknown) => who("PUT", "/api/groups/eng/servers/currenttime", { json })
        const eng = (method: string) =>
          Effect.map(ScopePolicy, (policies) => {
            const access = { server: "/currenttime", method, tool: undefined }
            return policies.current().decide({ groups: ["eng"], scopes: [] }, access).allowed
          })
        expect((yield* put(mona, {})).status).toBe(200)
        expect([yield* eng("tools/list"), yield* eng("resources/list"), yield* eng("ping")]).toEqual([
          true,
          false,
          true
        ])
        expect((yield* put(mona, { tools: [], methods: ["tools/list", "tools/call"] })).status).toBe(200)
        expect((yield* put(mona, { tools: [], methods: ["resources/list"] })).body).toMatchObject({
          detail: "You can not use 'resources/list' yourself"
        })
        // A wildcard over tools opens no method, and gives none away: neither one of the protocol's nor one of a server's own.
        for (const tools of [["resources/read"], ["server_method"], "*"]) {
          expect((yield* put(wilma, { tools })).status, String(tools)).toBe(403)
        }
        expect((yield* put(wilma, { tools: ["current_time_by_timezone"] })).status).toBe(200)
        expect([yield* eng("resources/read"), yield* eng("resources/list")]).toEqual([false, false])
      }).pipe(
        Effect.provide(
          layer({
            scopes: `
group_mappings: { leads: [lead], wide: [wide], eng: [eng], mcp-registry-admin: [mcp-registry-admin] }
UI-Scopes:
  mcp-registry-admin: { list_service: [all] }
  lead: { list_service: [all], modify_service: [currenttime], manage_group: [eng] }
  wide: { list_service: [all], modify_service: [currenttime], manage_group: [eng] }
lead: [{ server: currenttime, methods: [tools/list], tools: [set_clock] }]
wide: [{ server: currenttime, methods: [tools/list], tools: "*" }]
eng: []
`
          })
        )
      )
  )

  it.scoped("every change is on record by who, what and which group or server; nothing secret is", () =>
    Effect.gen(function* () {
      const { admin, byPassword } = yield* start
      yield* byPassword("POST", "/api/internal/create-group", { form: { group_name: "eng" } })
      yield* admin("PUT", "/api/groups/eng/servers/currenttime", { json: {} })
      yield* admin("DELETE", "/api/groups/eng")
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(rows.map(({ decision, rule, server, username }) => [username, rule, server, decision])).toEqual([
        ["admin", "api:create_group:eng", null, "allow"],
        ["admin", "api:add_to_group:eng", "/currenttime", "allow"],
        ["admin", "api:delete_group:eng", null, "allow"]
      ])
      expect(JSON.stringify(rows)).not.toContain(PASSWORD)
    }).pipe(Effect.provide(layer()))
  )
})

describe("users and the policy's text", () => {
  it.scoped("design §6: administrators are told what the policy in force decides, by which rule, and why", () =>
    Effect.gen(function* () {
      const { admin, as } = yield* start
      const ask = (json: object) =>
        Effect.map(admin("POST", "/api/policy/explain", { json }), ({ body, status }) => [status, body] as const)
      const call = { server: "currenttime/", tool: "current_time_by_timezone" }
      const denied = { allowed: false, rule: "no-scopes" }
      expect(yield* ask({ groups: ["eng"], ...call })).toMatchObject([200, denied])
      expect((yield* admin("POST", "/api/groups", { json: { name: "eng" } })).status).toBe(201)
      const opened = yield* admin("PUT", "/api/groups/eng/servers/currenttime", { json: { tools: [call.tool] } })
      expect(opened.status).toBe(200)
      const [status, body] = yield* ask({ groups: ["eng"], ...call })
      expect([status, body]).toMatchObject([
        200,
        { allowed: true, scopes: ["eng"], considered: [{ granted: true, why: `lists tool '${call.tool}'` }] }
      ])
      const policy = (yield* ScopePolicy).current()
      const access = { server: call.server, method: "tools/call", tool: call.tool }
      expect(body).toEqual(policy.explain({ groups: ["eng"], scopes: [] }, access))
      expect(yield* ask({ scopes: ["eng"], ...call, tool: "set_clock" })).toMatchObject([200, { allowed: false }])
      expect(yield* ask({ scopes: ["eng"], server: "currenttime" })).toMatchObject([200, { allowed: true }])
      for (const wrong of [call, { groups: [], server: "a", method: "tools/call" }, { groups: [], server: "" }])
        expect((yield* ask(wrong))[0]).toBe(400)
      const eve = yield* as({})("POST", "/api/policy/explain", { json: { groups: ["eng"], ...call } })
      expect([eve.status, eve.text.includes("set_clock")]).toEqual([401, false])
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("administrators who signed in make and remove accounts; what was made with one ends with it", () =>
    Effect.gen(function* () {
      const { admin, as, byPassword, plane } = yield* start
      const made = yield* byPassword("POST", "/api/users", {
        json: { username: "joe", groups: ["mcp-registry-user", "x"] }
      })
      expect([made.status, made.body]).toMatchObject([
        201,
        { username: "joe", provider: "local", warnings: ["The policy maps the group 'x' to no scope"] }
      ])
      const password = String(Reflect.get(Object(made.body), "password"))
      expect(password).toMatch(/^[\w-]{24}$/)
      expect((yield* admin("POST", "/api/users", { json: { username: "JOE", password: PASSWORD } })).status).toBe(409)
      const weak = yield* admin("POST", "/api/users", { json: { username: "jim", password: "short-sec" } })
      expect(weak.status).toBe(400)
      expect(weak.text).not.toContain("short-sec")
      const listed = yield* admin("GET", "/api/users?group=mcp-registry-user")
      expect(listed.body).toMatchObject({ users: [{ username: "joe" }], total: 1 })
      const joe = yield* (yield* Sessions).create({ username: "joe", groups: ["mcp-registry-user"] })
      expect((yield* call(plane, "GET", "/api/auth/me", { cookie: joe })).status).toBe(200)
      expect((yield* as(basic("joe", password))("DELETE", "/api/users/admin")).status).toBe(403)
      expect((yield* admin("DELETE", "/api/users/Joe")).body).toEqual({
        success: true,
        deleted_from_keycloak: false
      })
      expect((yield* call(plane, "GET", "/api/auth/me", { cookie: joe })).status).toBe(401)
      expect((yield* admin("DELETE", "/api/users/joe")).status).toBe(404)
      expect((yield* admin("DELETE", "/api/users/admin")).status).toBe(403)
      expect((yield* byPassword("DELETE", "/api/users/ADMIN")).status).toBe(403)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "the text is replaced by its revision, valid, and never so that its writer is an administrator no more",
    () =>
      Effect.gen(function* () {
        const { admin, byPassword } = yield* start
        const read = yield* admin("GET", "/api/policy")
        const { revision, text: before } = Object(read.body)
        const put = (next: string, of: string = revision) =>
          Effect.map(byPassword("PUT", "/api/policy", { json: { text: next, revision: of } }), ({ body, status }) => ({
            body,
            status
          }))
        expect(yield* put("s: [{ server: one, tool: [x] }]")).toMatchObject({
          status: 400,
          body: { detail: expect.stringContaining("s[0]: has no key 'tool'") }
        })
        expect(yield* put("{}")).toMatchObject({ status: 409, body: { detail: expect.stringContaining("no more") } })
        expect(yield* put(`${before}# more\n`, "0")).toMatchObject({ status: 409 })
        expect((yield* put(`${before}\nnew-scope: [{ server: currenttime, tools: "*" }]\n`)).status).toBe(200)
        const policy = (yield* ScopePolicy).current()
        expect(policy.hasGrant({ groups: [], scopes: ["new-scope"] }, "/currenttime")).toBe(true)
        expect((yield* put(before)).status).toBe(409)
        expect((yield* admin("GET", "/api/policy")).body).toMatchObject({ problem: null })
      }).pipe(Effect.provide(layer()))
  )
})
