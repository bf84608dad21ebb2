/** contracts §2.1: a `scopes.yml` of the replaced system put in force: merged or instead, tried first, refused whole, and by whom. */
import { it } from "@effect/vitest"
import { Accounts } from "@mcpgw/identity/Accounts"
import { Tokens } from "@mcpgw/identity/Tokens"
import { DEFAULT_SCOPES } from "@mcpgw/policy/DefaultScopes"
import { createGroup } from "@mcpgw/policy/GroupEdits"
import { PolicyWriter } from "@mcpgw/policy/PolicyWriter"
import { layerFile as writerFile } from "@mcpgw/policy/PolicyWriterFile"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import { layerFile } from "@mcpgw/policy/ScopePolicyFile"
import { Registry } from "@mcpgw/registry/Registry"
import { AuditRows } from "@mcpgw/telemetry/AuditMemory"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as ControlPlane from "../src/ControlPlane.ts"
import { call, layer, policyOver, PUBLIC_URL, ROLES, type Sent, signedIn } from "./support/plane.ts"

const OLD = readFileSync(join(import.meta.dirname, "fixtures/oldScopes.yml"), "utf8")
const FILE = { server_name: "Fin", path: "/fininfo/", proxy_pass_url: "http://10.0.0.5:8005/" }

const start = Effect.gen(function* () {
  const plane = yield* ControlPlane.make
  const cookie = yield* signedIn("admin")
  const send = (json: unknown, sent: Sent = { cookie }) =>
    call(plane, "POST", "/api/import/servers", { ...sent, json: { servers: [], ...Object(json) } })
  return { plane, send }
})

const text = Effect.flatMap(PolicyWriter, ({ read }) => Effect.map(read, (draft) => draft.text))

/** May a member of the group use that on the server? */
const may = (group: string, server: string, tool: string) =>
  Effect.map(ScopePolicy, (policies) => {
    const access = { server, method: "tools/call", tool }
    return policies.current().decide({ groups: [group], scopes: [] }, access).allowed
  })

/** A policy that somebody else changes whenever a change of it is about to begin. */
const meddled = Layer.map(policyOver(DEFAULT_SCOPES), (context) => {
  const writer = Context.get(context, PolicyWriter)
  const meddle = writer.change("else", (document) => Effect.succeed(createGroup(document, "finance")))
  return Context.add(context, PolicyWriter, {
    ...writer,
    change: (by, edit) => Effect.zipRight(Effect.orDie(meddle), writer.change(by, edit))
  })
})

describe("POST /api/import/servers with apply_scopes", () => {
  it.scoped("nobody asks: the file is told about, and nothing else", () =>
    Effect.gen(function* () {
      const { send } = yield* start
      const told = yield* send({ scopes: OLD })
      expect(told.body).toMatchObject({
        scopes: { valid: true, group_mappings: 7, scopes: 5, mode: null, applied: false, changes: null }
      })
      expect(yield* text).toBe(DEFAULT_SCOPES)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "merge: what it names is added or takes the place of its like, the rest stays, comments too; again is nothing",
    () =>
      Effect.gen(function* () {
        const { send } = yield* start
        const dry = yield* send({ scopes: OLD, apply_scopes: "merge", dry_run: true })
        const changes = {
          groups: { added: ["finance"], changed: ["mcp-registry-admin"], removed: [] },
          permissions: { added: ["finance"], removed: [] },
          scopes: { added: ["finance"], removed: [] }
        }
        expect(dry.body).toMatchObject({ dry_run: true, scopes: { mode: "merge", applied: false, changes } })
        expect(yield* text).toBe(DEFAULT_SCOPES)
        expect(yield* may("finance", "/fininfo", "print_stock_data")).toBe(false)

        const done = yield* send({ servers: [FILE], scopes: OLD, apply_scopes: "merge" })
        expect(done.body).toMatchObject({ created: 1, scopes: { applied: true, changes } })
        expect(yield* may("finance", "/fininfo", "print_stock_data")).toBe(true)
        const merged = yield* text
        expect(merged).toContain("# Who may do what.")
        expect(merged).toContain("mcp-servers-demo/execute:")
        const again = yield* send({ scopes: OLD, apply_scopes: "merge" })
        expect(again.body).toMatchObject({
          scopes: { applied: true, changes: { groups: { added: [], changed: [], removed: [] } } }
        })
        expect(yield* text).toBe(merged)
        const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
        expect(rows.map(({ rule }) => rule)).toContain("api:import_servers_and_policy")
      }).pipe(Effect.provide(layer()))
  )

  it.scoped("replace: the file as it is, and what it does not name is named as removed", () =>
    Effect.gen(function* () {
      const { send } = yield* start
      const scopes = OLD.replace(
        "  mcp-servers-restricted:\n    - mcp-servers-restricted/read\n    - mcp-servers-restricted/execute\n",
        ""
      )
      const done = yield* send({ scopes, apply_scopes: "replace" })
      expect(done.body).toMatchObject({
        scopes: {
          mode: "replace",
          applied: true,
          changes: {
            groups: { added: ["finance"], removed: ["mcp-servers-restricted"] },
            scopes: { added: ["finance"], removed: ["mcp-servers-demo/execute", "mcp-registry-user"] }
          }
        }
      })
      expect(yield* text).toBe(scopes)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "what is told of a merge is what it did: a change of somebody else's just before it is none of its own",
    () =>
      Effect.gen(function* () {
        const { send } = yield* start
        const done = yield* send({ scopes: OLD, apply_scopes: "merge" })
        expect(done.body).toMatchObject({
          scopes: { changes: { groups: { added: [], changed: ["mcp-registry-admin"], removed: [] } } }
        })
      }).pipe(Effect.provide(layer({ policy: meddled })))
  )

  it.scoped("refused whole: no policy, no file, a word that is none, and one that shuts its importer out", () =>
    Effect.gen(function* () {
      const { send } = yield* start
      const registry = yield* Registry
      const refused = [
        [{ scopes: "group_mappings: [x]", apply_scopes: "merge" }, 400],
        [{ apply_scopes: "merge" }, 400],
        [{ scopes: OLD, apply_scopes: "both" }, 400],
        [{ scopes: "{}", apply_scopes: "replace" }, 409],
        [{ scopes: "{}", apply_scopes: "replace", dry_run: true }, 409],
        [{ scopes: "group_mappings: { mcp-registry-admin: [] }", apply_scopes: "merge" }, 409]
      ] as const
      for (const [json, status] of refused) {
        expect((yield* send({ servers: [FILE], ...json })).status, JSON.stringify(json)).toBe(status)
      }
      expect([yield* text, registry.get("/fininfo")]).toEqual([DEFAULT_SCOPES, undefined])
      const rows = yield* Effect.flatMap(AuditRows, ({ read }) => read)
      expect(new Set(rows.map(({ decision }) => decision)), "of who may, whatever came of it").toEqual(
        new Set(["allow"])
      )
      expect(rows.filter(({ rule }) => rule === "api:import_servers_and_policy").map(({ status }) => status)).toEqual(
        expect.arrayContaining([400, 409, 409])
      )
    }).pipe(Effect.provide(layer()))
  )

  it.scoped("takes a sign-in, name and password included; a token may try and be told", () =>
    Effect.gen(function* () {
      const { send } = yield* start
      const { token: bearer } = yield* (yield* Tokens).issue({
        owner: { issuer: PUBLIC_URL, subject: "admin", username: "admin" },
        ownerScopes: ["mcp-registry-admin"],
        scopes: undefined,
        hours: undefined,
        description: undefined
      })
      const json = { scopes: OLD, apply_scopes: "merge" }
      const refused = yield* send(json, { bearer })
      expect([refused.status, refused.body]).toMatchObject([403, { error: "A token can not change the policy" }])
      expect((yield* send({ ...json, dry_run: true }, { bearer })).status).toBe(200)
      expect((yield* send({ scopes: OLD }, { bearer })).status).toBe(200)
      expect(yield* text).toBe(DEFAULT_SCOPES)
      yield* (yield* Accounts).put({ username: "root", groups: ROLES.admin }, "correct horse battery")
      const headers = { authorization: `Basic ${btoa("root:correct horse battery")}` }
      expect((yield* send(json, { headers })).status).toBe(200)
    }).pipe(Effect.provide(layer()))
  )

  it.scoped(
    "over a file: a copy of the one before is kept; one that is read-only is 409, with no server imported",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "mcpgw-scopes-"))
      const file = join(folder, "scopes.yml")
      writeFileSync(file, DEFAULT_SCOPES)
      const policy = writerFile({ path: file }).pipe(Layer.provideMerge(layerFile({ path: file })), Layer.orDie)
      return Effect.gen(function* () {
        const { send } = yield* start
        expect((yield* send({ scopes: OLD, apply_scopes: "replace" })).status).toBe(200)
        expect(readFileSync(file, "utf8")).toBe(OLD)
        const copies = readdirSync(folder).filter((name) => name.startsWith("scopes.yml."))
        expect(copies.map((name) => readFileSync(join(folder, name), "utf8"))).toEqual([DEFAULT_SCOPES])
        chmodSync(file, 0o444)
        const refused = yield* send({ servers: [FILE], scopes: DEFAULT_SCOPES, apply_scopes: "replace" })
        expect([refused.status, refused.body]).toMatchObject([409, { detail: expect.stringContaining("read-only") }])
        expect((yield* Registry).get("/fininfo")).toBeUndefined()
      }).pipe(
        Effect.provide(layer({ policy })),
        Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
      )
    }
  )
})
