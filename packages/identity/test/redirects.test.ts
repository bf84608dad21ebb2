/** Redirect URIs and resources as the authorization server reads them (S-04, S-12, A-06). */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { formActionSource, redirectProblem, redirectTarget, withoutLoopbackPort } from "../src/oauth/redirects.ts"
import { clientIdFor, MetadataProblem, normalise } from "../src/oauth/registration.ts"
import { parseResource } from "../src/oauth/resources.ts"
import { grantable } from "../src/oauth/scopes.ts"

describe("S-12: which redirect URIs a client may have", () => {
  it("https, http on loopback, private-use schemes; nothing that runs, reads or hides", () => {
    const good = [
      "https://a.example/cb",
      "http://127.0.0.1:1/cb",
      "http://localhost/cb",
      "http://[::1]:2/cb",
      "cursor://x/cb"
    ]
    for (const uri of good) assert.isUndefined(redirectProblem(uri), uri)
    const bad = [
      "http://a.example/cb",
      "http://127.0.0.1.a.example/cb",
      "JavaScript:alert(1)",
      "data:text/html,x",
      "https://a.example/cb#f",
      "https://u@a.example/cb",
      "wss://a.example/",
      "/cb",
      ""
    ]
    for (const uri of bad) assert.isDefined(redirectProblem(uri), uri)
  })

  it("is called by what a person can check, and named to the browser's policy without a wildcard", () => {
    assert.strictEqual(redirectTarget("http://127.0.0.1:5/cb"), "this computer")
    assert.strictEqual(redirectTarget("https://a.example:8443/cb"), "a.example:8443")
    assert.strictEqual(redirectTarget("cursor://x/y"), "cursor:")
    assert.strictEqual(formActionSource("http://127.0.0.1:5/cb"), "http://127.0.0.1:5")
    assert.strictEqual(formActionSource("cursor://x/y"), "cursor:")
    assert.strictEqual(formActionSource("http://[::1]:5/cb"), "http:")
  })

  it("property: only a loopback URI loses its port", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}$/), fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        const url = `https://${name}.example:${port}/cb`
        assert.strictEqual(withoutLoopbackPort(url), url)
        assert.strictEqual(withoutLoopbackPort(`http://localhost:${port}/x`), "http://localhost/x")
      })
    )
  })
})

describe("A-34: what a registration becomes", () => {
  it("property: the same metadata in any order, at any loopback port, is one public client; other metadata another", () => {
    const metadata = fc.record({ client_name: fc.string({ maxLength: 20 }), software_id: fc.string({ maxLength: 20 }) })
    const at = (port: number) => ({
      redirect_uris: [`http://127.0.0.1:${port}/cb`],
      token_endpoint_auth_method: "none"
    })
    fc.assert(
      fc.property(metadata, fc.integer({ min: 1, max: 65_535 }), (asked, port) => {
        const reversed = Object.fromEntries(Object.entries({ ...at(1), ...asked }).toReversed())
        const ids = [{ ...asked, ...at(port) }, reversed].map((one) => {
          const plain = normalise(one)
          assert.notInstanceOf(plain, MetadataProblem)
          return plain instanceof MetadataProblem ? "" : clientIdFor(plain)
        })
        assert.strictEqual(ids[0], ids[1])
        assert.notStrictEqual(ids[0], clientIdFor({ ...asked, ...at(port), client_uri: "https://x.example" }))
      })
    )
  })
})

describe("A-06: which resources there are", () => {
  it("this gateway, and routes of it; nothing beside, above or outside", () => {
    const own = "https://gw.example"
    assert.deepStrictEqual(parseResource(own, own), { kind: "gateway" })
    assert.deepStrictEqual(parseResource(own, `${own}/team/x/mcp`), { kind: "route", path: "/team/x" })
    assert.deepStrictEqual(parseResource(own, `${own}/x/sse`), { kind: "route", path: "/x" })
    const none = [
      "https://gw.example.evil/x/mcp",
      `${own}/x`,
      `${own}/mcp`,
      `${own}/a/../b/mcp`,
      `${own}/x/mcp?y`,
      `${own}/x/mcp/`,
      "mcp"
    ]
    for (const resource of none) assert.isUndefined(parseResource(own, resource), resource)
  })
})

describe("what can be given", () => {
  it("property: never a scope the person does not hold, and never one that was not asked for", () => {
    const scopes = fc.array(fc.constantFrom<string>("mcp", "a", "b", "c"))
    fc.assert(
      fc.property(scopes, fc.array(fc.constantFrom<string>("a", "b", "c")), (asked, held) => {
        for (const scope of grantable(asked, held)) {
          assert.isTrue(asked.includes(scope))
          assert.isTrue(scope === "mcp" || held.includes(scope))
        }
      })
    )
  })
})
