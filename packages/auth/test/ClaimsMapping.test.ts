/** What the gateway's own tokens say of a caller: those a person made, and those a client was given. One source of authority, never the union. */
import { assert, describe, it } from "@effect/vitest"
import { gatewayClaims } from "../src/ClaimsMapping.ts"

const token = (claims: Readonly<Record<string, unknown>>) =>
  gatewayClaims({ token_use: "access", client_id: "ide", preferred_username: "Ada", ...claims }, "ada")

describe("tokens of the authorization server", () => {
  it("with `mcp`: the person's groups, and no scope of the policy whatever else is named", () => {
    assert.deepStrictEqual(token({ token_type: "oauth", scope: "mcp admin", groups: ["staff"] }), {
      username: "Ada",
      clientId: "ide",
      groups: ["staff"],
      scopes: [],
      method: "oauth"
    })
  })

  it("narrowed: the names, and no group whatever the payload says", () => {
    assert.deepStrictEqual(token({ token_type: "oauth", scope: "use-time", groups: ["admin"] }), {
      username: "Ada",
      clientId: "ide",
      groups: [],
      scopes: ["use-time"],
      method: "oauth"
    })
  })

  it("without a scope: nothing; with groups that can not be read: no claims at all", () => {
    assert.deepStrictEqual(token({ token_type: "oauth", groups: ["admin"] })?.groups, [])
    assert.isUndefined(token({ token_type: "oauth", scope: "mcp", groups: [1] }))
  })
})

describe("contracts §2.5: tokens a person made", () => {
  it("carry scopes and never groups; `mcp` is a name like any other there", () => {
    const claims = token({ token_type: "user_generated", scope: "mcp use-time", groups: ["admin"] })
    assert.deepStrictEqual(claims, { username: "Ada", clientId: "ide", groups: [], scopes: ["mcp", "use-time"] })
  })
})
