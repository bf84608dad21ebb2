/** RFC 9728 documents and where they are: made of the path alone. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { documentAt, metadataUrl, routeOf, WELL_KNOWN } from "../src/ProtectedResource.ts"

const PUBLIC = "https://gw.example"
const segment = fc.stringMatching(/^[A-Za-z0-9_~-]{1,12}$/)

describe("A-02: the document is at the path-inserted URI", () => {
  it("property: what a challenge names is answered, and its resource is the route asked for (A-04)", () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.boolean(), (segments, slash) => {
        const route = `/${segments.join("/")}/mcp`
        const url = new URL(metadataUrl(PUBLIC, slash ? `${route}/` : route))
        const document = documentAt(PUBLIC, url.pathname)
        assert.strictEqual(document?.resource, PUBLIC + route)
        assert.deepStrictEqual(document?.authorization_servers, [PUBLIC])
      })
    )
  })

  it("the root's is the gateway's as a whole; what is posted belongs to its stream", () => {
    assert.strictEqual(documentAt(PUBLIC, WELL_KNOWN)?.resource, PUBLIC)
    assert.strictEqual(routeOf("/a/messages/"), "/a/sse")
    assert.strictEqual(metadataUrl(PUBLIC, "/a/messages"), `${PUBLIC}${WELL_KNOWN}/a/sse`)
  })

  it("anything else is none", () => {
    for (const path of [
      "/x",
      `${WELL_KNOWN}x`,
      `${WELL_KNOWN}/a//mcp`,
      `${WELL_KNOWN}/../mcp`,
      `${WELL_KNOWN}/a%20b/mcp`
    ]) {
      assert.isUndefined(documentAt(PUBLIC, path), path)
    }
  })
})
