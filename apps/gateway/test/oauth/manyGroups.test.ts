/** A person of a large organisation: what a token carries must fit where tokens go (contracts.md §2.5). */
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { callRoute, CALLBACK, claimsOf, clientOf, login } from "./Client.ts"
import { type Stand, startStand } from "./Stand.ts"

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

let gateway: Stand

beforeAll(async () => {
  gateway = await startStand()
})

afterAll(async () => {
  await gateway?.close()
})

const EVE = { username: "eve", password: "one of a thousand groups" }

describe("a person in a thousand groups", () => {
  it("gets a token that is good, with the groups that open something, and no right more or less", async () => {
    const others = Array.from({ length: 999 }, (_, i) => `cn=department-${i},ou=groups,dc=example,dc=org`)
    await gateway.addPerson(EVE, [...others, "staff"])
    const clientId = await clientOf(gateway.url, { redirect_uris: [CALLBACK] })
    const { access_token: token } = await login(gateway.url, EVE, { clientId })
    assert.deepEqual(claimsOf(token)["groups"], ["staff"])
    assert.strictEqual((await callRoute(gateway.time, token)).status, 200)
    assert.strictEqual((await callRoute(gateway.fake, token)).status, 403)
  })
})
