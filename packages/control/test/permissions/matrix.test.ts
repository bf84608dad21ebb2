/** The table of permissions, run: every action of the API as every role, and the page printed from it. design §6: deny by default. */
import * as HttpApi from "@effect/platform/HttpApi"
import { it } from "@effect/vitest"
import { Api } from "@mcpgw/api/Api"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Agents } from "@mcpgw/identity/Agents"
import { ApiKeys } from "@mcpgw/identity/ApiKeys"
import { OAuthClients } from "@mcpgw/identity/OAuthClients"
import { cookieName } from "@mcpgw/identity/SessionCookie"
import { Sessions } from "@mcpgw/identity/Sessions"
import { Tokens } from "@mcpgw/identity/Tokens"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { Collaborators } from "@mcpgw/registry/Collaborators"
import { Registry } from "@mcpgw/registry/Registry"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as ControlPlane from "../../src/ControlPlane.ts"
import { call, CURRENTTIME, layer, PUBLIC_URL, registered, type Sent, tool } from "../support/plane.ts"
import { BY_KEPT, BY_PASSWORD, TAKES_SIGN_IN } from "./credentials.ts"
import { permissionsDocument } from "./document.ts"
import { GROUPS, PASSWORD, type Role, ROLES, type Row, SCOPES, TABLE } from "./table.ts"

const rows = Object.values(TABLE).flat()

const WIKI = { ...CURRENTTIME, server_name: "wiki", path: "/wiki", tool_list: [tool("read"), tool("write")] }

/** Puts back what the row before may have taken away. */
const arranged = (role: Role) =>
  Effect.gen(function* () {
    const registry = yield* Registry
    for (const wanted of [CURRENTTIME, WIKI]) if (registry.get(wanted.path) === undefined) yield* registered(wanted)
    if (registry.get("/fresh") !== undefined) yield* registry.remove("/fresh")
    const server = registry.get(CURRENTTIME.path)
    if (server !== undefined) {
      const people = (["manager", "user"] as const).map((role) => ({ kind: "person" as const, name: role, role }))
      yield* (yield* Collaborators).set(server.record, people, "seed")
    }
    const accounts = yield* Accounts
    for (const username of ["someone", role]) {
      if ((yield* accounts.get(username)) === undefined) yield* accounts.put({ username, groups: ["staff"] }, PASSWORD)
    }
    if ((yield* accounts.get("new")) !== undefined) yield* accounts.remove("new")
    const agents = yield* Agents
    if ((yield* agents.get("robot")) === undefined) yield* agents.create({ name: "robot", description: "", groups: [] })
    const clients = yield* OAuthClients
    if ((yield* clients.get("app")) === undefined) {
      const app = { clientId: "app", name: "App", redirectUris: ["https://app.example/cb"], confidential: true }
      yield* clients.create({ ...app, clientUri: undefined }, "seed")
    }
    const writer = yield* PolicyWriter
    const { revision, text } = yield* writer.read
    return text === SCOPES ? revision : yield* writer.write(SCOPES, { by: "seed", revision })
  })

/** How somebody shows who they are. `nobody` shows nothing. */
type Shown = "session" | "password" | "api_key" | "token"

const shown = (role: Role, by: Shown) =>
  Effect.gen(function* () {
    if (role === "nobody") return {}
    const groups = GROUPS[role]
    if (by === "session") return { cookie: yield* (yield* Sessions).create({ username: role, groups }) }
    yield* (yield* Accounts).put({ username: role, groups }, PASSWORD)
    if (by === "api_key") {
      const wish = { name: "key", expiresAt: undefined, groups: undefined, limits: undefined }
      return { bearer: (yield* (yield* ApiKeys).create(role, wish)).text }
    }
    if (by === "token") {
      const ownerScopes = (yield* ScopePolicy).current().scopesOf({ groups, scopes: [] })
      const owner = { issuer: PUBLIC_URL, subject: role, username: role }
      const wish = { scopes: undefined, hours: undefined, description: undefined }
      return { bearer: (yield* (yield* Tokens).issue({ owner, ownerScopes, ...wish })).token }
    }
    return { headers: { authorization: `Basic ${Buffer.from(`${role}:${PASSWORD}`).toString("base64")}` } }
  })

const asked = (role: Role, { action, path, sent }: Row, plane: ControlPlane.ControlPlane, kept?: Sent) =>
  Effect.gen(function* () {
    const revision = yield* arranged(role)
    const [method = "", contract = ""] = action.split(" ")
    const body: Sent =
      sent?.json === undefined
        ? (sent ?? {})
        : { ...sent, json: JSON.parse(JSON.stringify(sent.json).replace("$revision", revision)) }
    const credential: Sent = kept ?? (yield* shown(role, "session"))
    // Each caller from an address of their own, so that no limit of the one before counts.
    const remote = `192.0.2.${ROLES.indexOf(role) + 1}`
    if (STREAMS.has(action)) return yield* begun(plane, contract, credential)
    const headers = { ...body.headers, ...credential.headers }
    return (yield* call(plane, method, path ?? contract, { ...body, ...credential, headers, remote })).status
  })

/** Answers that do not end by themselves. */
const STREAMS: ReadonlySet<string> = new Set(["GET /api/health/events"])

const begun = (plane: ControlPlane.ControlPlane, path: string, { bearer, cookie }: Sent) =>
  Effect.promise(async () => {
    const headers = new Headers()
    if (cookie !== undefined) headers.set("cookie", `${cookieName(PUBLIC_URL)}=${cookie}`)
    if (bearer !== undefined) headers.set("authorization", `Bearer ${bearer}`)
    const answer = await plane.handle(new Request(`${PUBLIC_URL}${path}`, { headers }), { remote: "192.0.2.9" })
    await answer.body?.cancel()
    return answer.status
  })

describe("the table of permissions", () => {
  it("has a row for every action of the API, and no other", () => {
    const actions: Array<string> = []
    HttpApi.reflect(Api, {
      onGroup: () => {},
      onEndpoint: ({ endpoint: { method, path } }) => void actions.push(`${method} ${path}`)
    })
    expect(rows.map(({ action }) => action).sort()).toEqual(actions.sort())
  })

  it.scoped.each(ROLES.map((role, i) => ({ role, i })))("holds for $role", ({ i, role }) =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const found: Record<string, string> = {}
      for (const row of rows) found[row.action] = String(yield* asked(role, row, plane))
      const expected = rows.map(({ action, expected: statuses }) => [action, statuses.split(" ")[i]])
      expect(found).toEqual(Object.fromEntries(expected))
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  const keepers = (["administrator", "groupManager"] as const).flatMap((role) =>
    (["api_key", "token"] as const).map((by) => ({ role, by }))
  )

  it.scoped.each(keepers)(
    "what changes who may do what takes a sign-in: the $by of a $role is not one",
    ({ by, role }) =>
      Effect.gen(function* () {
        const plane = yield* ControlPlane.make
        yield* arranged(role)
        const credential = yield* shown(role, by)
        const i = ROLES.indexOf(role)
        const found: Record<string, string> = {}
        const expected: Record<string, string> = {}
        for (const row of rows) {
          const bySession = row.expected.split(" ")[i] ?? ""
          const otherwise = BY_KEPT[by][row.action]?.[role]
          expected[row.action] = TAKES_SIGN_IN.has(row.action) ? "403" : (otherwise ?? bySession)
          found[row.action] = String(yield* asked(role, row, plane, credential))
        }
        expect(found).toEqual(expected)
      }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it.scoped("contracts §2.8: an administrator's name and password are a sign-in, where scripts send them", () =>
    Effect.gen(function* () {
      const plane = yield* ControlPlane.make
      const credential = yield* shown("administrator", "password")
      for (const row of rows.filter(({ action }) => BY_PASSWORD.has(action))) {
        const [expected = ""] = row.expected.split(" ")
        expect(String(yield* asked("administrator", row, plane, credential)), row.action).toBe(expected)
      }
    }).pipe(Effect.provide(layer({ scopes: SCOPES })))
  )

  it("is what docs/permissions.md says", () => {
    const file = join(import.meta.dirname, "../../docs/permissions.md")
    const text = permissionsDocument()
    if (existsSync(file) && readFileSync(file, "utf8") === text) return
    writeFileSync(file, text)
    throw new Error("packages/control/docs/permissions.md was stale and has been written: read it, then run again")
  })
})
