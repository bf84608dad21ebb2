/** Laws of clients that an administrator sets up, and of room for those that register themselves, over whatever database (protocol.md ). */
import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { migrate } from "@mcpgw/store/Store"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { migrations } from "../../src/Migrations.ts"
import { makeArtifactStore } from "../../src/oauth/ArtifactStore.ts"
import { makeClientStore } from "../../src/oauth/ClientStore.ts"
import { makeConsentStore } from "../../src/oauth/ConsentStore.ts"
import { Sealing } from "../../src/oauth/sealing.ts"
import { OAuthClients } from "../../src/OAuthClients.ts"

export const APP = { name: "App", redirectUris: ["https://app.example/cb"], confidential: true }

const consentOf = (clientId: string) => ({ account: "ada", clientId, resource: "https://gw", redirect: "app.example" })

const tables = Effect.gen(function* () {
  yield* migrate(migrations)
  const sql = yield* SqlClient.SqlClient
  return { clients: makeClientStore(sql), consents: makeConsentStore(sql) }
})

/** Runs the laws over `store`, built anew for each. */
export const oauthClientsSuite = <E>(name: string, store: Layer.Layer<SqlClient.SqlClient, E>): void => {
  const layer = OAuthClients.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(KeyRing.layerEphemeral, Revocations.layerMemory, store))
  )

  describe(`A-25: clients set up by an administrator, ${name}`, () => {
    it.scoped("are made once, shown, and removed; a public one is given no secret", () =>
      Effect.gen(function* () {
        const clients = yield* OAuthClients
        yield* TestClock.adjust("5 seconds")
        const app = yield* clients.create({ ...APP, clientId: "app", clientUri: "https://app.example" }, "root")
        expect(app).toMatchObject({ clientId: "app", setUpBy: "root", createdAt: 5_000, secrets: [] })
        expect(app.metadata).toEqual({
          client_name: "App",
          client_uri: "https://app.example",
          redirect_uris: ["https://app.example/cb"],
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
          application_type: "web",
          token_endpoint_auth_method: "client_secret_basic"
        })
        expect((yield* Effect.flip(clients.create({ ...APP, clientId: "app" }, "x")))._tag).toBe("ClientExists")
        const cli = yield* clients.create(
          { ...APP, confidential: false, redirectUris: ["http://127.0.0.1/cb"] },
          "root"
        )
        expect(cli.clientId).toMatch(/^client-[0-9a-f]{24}$/)
        expect((yield* Effect.flip(clients.addSecret(cli.clientId, {})))._tag).toBe("ClientIsPublic")
        expect((yield* clients.list).map(({ clientId }) => clientId)).toEqual(["app", cli.clientId])
        expect(yield* clients.remove("app")).toBe(true)
        expect(yield* clients.remove("app")).toBe(false)
        expect(yield* clients.get("app")).toBeUndefined()
      }).pipe(Effect.provide(layer))
    )

    it.scoped("several secrets live at once, of one client alone; with the client they are gone", () =>
      Effect.gen(function* () {
        const clients = yield* OAuthClients
        yield* clients.create({ ...APP, clientId: "app" }, "root")
        yield* clients.create({ ...APP, clientId: "other" }, "root")
        const first = yield* clients.addSecret("app", {})
        const second = yield* clients.addSecret("app", { expiresAt: 1_000 })
        const matches = (id: string) =>
          Effect.forEach([first, second], (made) => clients.secretMatches(id, made?.text ?? ""))
        expect(yield* matches("app")).toEqual([true, true])
        expect(yield* matches("other")).toEqual([false, false])
        expect((yield* clients.get("app"))?.secrets.map(({ lastUsedAt }) => lastUsedAt)).toEqual([0, 0])
        yield* TestClock.adjust("1 second")
        expect(yield* matches("app")).toEqual([true, false])
        expect(yield* clients.removeSecret("other", first?.secret.id ?? "")).toBe(false)
        expect(yield* clients.removeSecret("app", first?.secret.id ?? "")).toBe(true)
        expect(yield* matches("app")).toEqual([false, false])
        const last = yield* clients.addSecret("app", {})
        yield* clients.remove("app")
        yield* clients.create({ ...APP, clientId: "app" }, "root")
        expect(yield* clients.secretMatches("app", last?.text ?? "")).toBe(false)
        expect(yield* clients.addSecret("nobody", {})).toBeUndefined()
      }).pipe(Effect.provide(layer))
    )

    it.scoped("removed, what people had given it dies, and one of the same id later has nothing of it", () =>
      Effect.gen(function* () {
        const clients = yield* OAuthClients
        const sql = yield* SqlClient.SqlClient
        const revocations = yield* Revocations
        const artifacts = makeArtifactStore(sql, new Sealing(yield* KeyRing))
        const consents = makeConsentStore(sql)
        yield* clients.create({ ...APP, clientId: "app" }, "root")
        for (const clientId of ["app", "other"]) {
          const keys = { grantId: `g-${clientId}`, uid: undefined, userCode: undefined, account: "ada", clientId }
          const put = (model: string, id: string, payload: object) =>
            artifacts.put(model, id, { ...payload }, { ...keys, resource: undefined }, 9e9)
          yield* put("Grant", `g-${clientId}`, {})
          yield* put("RefreshToken", `r-${clientId}`, {})
          yield* put("AccessToken", `a-${clientId}`, { jti: `a-${clientId}` })
          yield* consents.agree(consentOf(clientId), "App", ["mcp"], 1)
        }
        yield* clients.remove("app")
        expect([revocations.has("a-app"), revocations.has("a-other")]).toEqual([true, false])
        expect(yield* artifacts.find("RefreshToken", "r-app")).toBeUndefined()
        expect(yield* artifacts.find("RefreshToken", "r-other")).toBeDefined()
        expect(yield* consents.find(consentOf("app"))).toEqual([])
        expect(yield* consents.find(consentOf("other"))).toEqual(["mcp"])
      }).pipe(Effect.provide(layer))
    )
  })

  describe(`A-34: clients that register themselves, ${name}`, () => {
    it.scoped("make room oldest first; never one that somebody ever allowed, and never one that was set up", () =>
      Effect.gen(function* () {
        const { clients, consents } = yield* tables
        const setUp = yield* OAuthClients
        yield* setUp.create({ ...APP, clientId: "app" }, "root")
        for (const [at, id] of ["mcp_a", "mcp_b", "mcp_c", "mcp_d"].entries()) yield* clients.put(id, { id }, at)
        yield* consents.agree(consentOf("mcp_b"), "B", ["mcp"], 1)
        const [{ id = "" } = {}] = yield* consents.ofAccount("ada")
        yield* consents.remove("ada", id)
        // It has registered anew since.
        yield* clients.put("mcp_a", { id: "mcp_a" }, 9)
        expect(yield* clients.forgetUnused(1)).toBe(1)
        expect(yield* clients.find("mcp_c")).toBeUndefined()
        expect(yield* clients.forgetUnused(10)).toBe(2)
        expect(yield* clients.forgetUnused(10)).toBe(0)
        expect(yield* clients.find("mcp_b")).toEqual({ id: "mcp_b" })
        expect((yield* setUp.get("app"))?.clientId).toBe("app")
        expect(yield* clients.count).toBe(2)
      }).pipe(Effect.provide(layer))
    )

    it.scoped("can not take the place of one that was set up", () =>
      Effect.gen(function* () {
        const { clients } = yield* tables
        const setUp = yield* OAuthClients
        const before = yield* setUp.create({ ...APP, clientId: "app" }, "root")
        yield* clients.put("app", { client_name: "thief" }, 9)
        expect(yield* setUp.get("app")).toEqual(before)
        expect(yield* clients.find("app")).toBeUndefined()
      }).pipe(Effect.provide(layer))
    )
  })
}
