/** Clients that an administrator sets up, and those that register themselves: the laws over SQLite, and what their registrations may say. */
import { describe, expect, it } from "@effect/vitest"
import * as SqlClient from "@effect/sql/SqlClient"
import { migrate } from "@mcpgw/store/Store"
import * as Store from "@mcpgw/store/Store"
import * as fc from "fast-check"
import * as Effect from "effect/Effect"
import { Agents } from "../src/Agents.ts"
import { makeSecret } from "../src/internal/secretText.ts"
import { metadataOfWish } from "../src/internal/setUpClient.ts"
import { migrations } from "../src/Migrations.ts"
import { makeClientStore } from "../src/oauth/ClientStore.ts"
import { clientIdFor, MetadataProblem, normalise, withAuthMethod } from "../src/oauth/registration.ts"
import { APP, oauthClientsSuite } from "./suites/oauthClientsSuite.ts"

oauthClientsSuite("SQLite", Store.layerMemory)

describe("A-25: clients set up by an administrator", () => {
  it("S-12: are judged as registrations are, and refused by their field", () => {
    const fieldOf = (wish: Partial<Parameters<typeof metadataOfWish>[0]>) => {
      const made = metadataOfWish({ ...APP, ...wish })
      return "problem" in made ? made.problem.field : undefined
    }
    const of = (...redirectUris: ReadonlyArray<string>) => fieldOf({ redirectUris })
    expect(fieldOf({})).toBeUndefined()
    expect([of(), of("https://a.example/", "javascript:x"), of("http://a.example/")]).toEqual([
      "redirect_uris",
      "redirect_uris.1",
      "redirect_uris.0"
    ])
    expect([of("https://localhost/cb"), of("https://localhost/cb", "app:/cb")]).toEqual([undefined, "redirect_uris.0"])
    expect(of(...Array.from({ length: 50 }, (_, i) => `https://a.example/${i}${"x".repeat(200)}`))).toBe(
      "redirect_uris"
    )
    for (const clientId of ["", "a b", "mcp_x", "agent-x", "https://a.example", "x".repeat(64)]) {
      expect(fieldOf({ clientId }), clientId).toBe("client_id")
    }
    expect([fieldOf({ name: " " }), fieldOf({ name: "x".repeat(201) })]).toEqual(["client_name", "client_name"])
    expect([fieldOf({ clientUri: "javascript:x" }), fieldOf({ clientUri: "no" })]).toEqual(["client_uri", "client_uri"])
  })
})

describe("a database of before", () => {
  const before = migrations.filter(({ id }) => id < "identity-0006")

  it.scoped("agents keep their secrets, and clients that somebody uses are kept for good", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* migrate(before)
      const { digest, text } = makeSecret("mcpgws_")
      yield* sql`INSERT INTO agents VALUES ('ci', '', '[]', 0, 1, 1)`
      yield* sql`INSERT INTO agent_secrets VALUES ('1', 'ci', ${digest}, 'mcpgws_abc', 1, NULL, NULL)`
      for (const id of ["mcp_used", "mcp_idle"]) yield* sql`INSERT INTO oauth_clients VALUES (${id}, '{}', 1)`
      yield* sql`INSERT INTO oauth_consents VALUES ('c', 'ada', 'mcp_used', 'U', 'https://gw', 'device', 'mcp', 1, 1)`
      yield* Effect.gen(function* () {
        const agents = yield* Agents
        expect(yield* agents.secretMatches("ci", text)).toBe(true)
        expect((yield* agents.get("ci"))?.secrets.map(({ id }) => id)).toEqual(["1"])
      }).pipe(Effect.provide(Agents.layerSql))
      const clients = makeClientStore(sql)
      expect(yield* clients.forgetUnused(10)).toBe(1)
      expect(yield* clients.find("mcp_used")).toEqual({})
    }).pipe(Effect.provide(Store.layerMemory))
  )
})

describe("A-34: clients that register themselves", () => {
  it("property: at home on people's machines alone and silent on how they prove themselves, they are public and one", () => {
    const local = fc.constantFrom("http://127.0.0.1:4/cb", "http://localhost/cb", "http://[::1]:9/cb", "cursor://x/cb")
    const methodOf = (redirects: ReadonlyArray<string>, method?: string) =>
      withAuthMethod({
        redirect_uris: redirects,
        ...(method === undefined ? {} : { token_endpoint_auth_method: method })
      })["token_endpoint_auth_method"]
    fc.assert(
      fc.property(fc.array(local, { minLength: 1, maxLength: 4 }), (redirects) => {
        expect(methodOf(redirects)).toBe("none")
        expect(methodOf([...redirects, "https://app.example/cb"])).toBeUndefined()
        expect(methodOf(redirects, "client_secret_post")).toBe("client_secret_post")
        const plain = normalise(withAuthMethod({ redirect_uris: redirects }))
        if (plain instanceof MetadataProblem) throw new Error(plain.error_description)
        expect(clientIdFor(plain)).toBe(clientIdFor(plain))
      })
    )
    expect(methodOf([])).toBeUndefined()
  })
})
