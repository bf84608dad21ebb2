import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { endpointOf } from "../src/Endpoint.ts"

const to = (proxy_pass_url: string, rest: string, search = "", mcp_endpoint: string | undefined = undefined): string =>
  endpointOf(mcp_endpoint === undefined ? { proxy_pass_url } : { proxy_pass_url, mcp_endpoint }, rest, search)

describe("endpointOf", () => {
  it.each([
    // contracts §2.4: the rest of the path replaces the prefix.
    ["http://h:8000/", "/mcp", "http://h:8000/mcp"],
    ["http://h:8000/", "/mcp/", "http://h:8000/mcp"],
    ["http://h:8000", "/mcp", "http://h:8000/mcp"],
    ["http://h:8000/", "", "http://h:8000/mcp"],
    ["http://h:8000/", "/", "http://h:8000/mcp"],
    ["http://h:8000/", "/sse", "http://h:8000/sse"],
    ["http://h:8000/", "/messages/", "http://h:8000/messages/"],
    // contracts §2.4: `/atlassian` → `http://h:8005/mcp/`.
    ["http://h:8005/mcp/", "", "http://h:8005/mcp/"],
    ["http://h:8005/mcp/", "/", "http://h:8005/mcp/"],
    ["http://h:8005/mcp/", "/mcp", "http://h:8005/mcp/"],
    ["http://h:8005/mcp", "", "http://h:8005/mcp"],
    ["http://h:8005/sse", "", "http://h:8005/sse"],
    // Several segments.
    ["https://h/team/search/", "/mcp", "https://h/team/search/mcp"],
    ["https://h/team/search", "", "https://h/team/search/mcp"],
    ["https://h/team/search/mcp", "/mcp/", "https://h/team/search/mcp"],
    ["https://h/team//", "/a/b/c", "https://h/team/a/b/c"],
    ["https://h/mcpx", "", "https://h/mcpx/mcp"],
    // Bundled servers.
    ["in-process://currenttime/", "/mcp", "in-process://currenttime/mcp"],
    ["in-process://currenttime", "", "in-process://currenttime/mcp"]
  ])("%s and %j", (url, rest, expected) => expect(to(url, rest)).toBe(expected))

  it("an explicit endpoint is the endpoint, and nothing else", () => {
    for (const rest of ["", "/", "/mcp", "/mcp/"]) {
      expect(to("http://h/", rest, "", "http://h/custom/endpoint")).toBe("http://h/custom/endpoint")
    }
    expect(to("http://h/", "/sse", "", "http://h/custom")).toBe("http://h/sse")
  })

  it("the caller's query comes after the server's own", () => {
    expect(to("http://h/mcp?key=1", "", "?a=b")).toBe("http://h/mcp?key=1&a=b")
    expect(to("http://h/mcp", "", "?a=b")).toBe("http://h/mcp?a=b")
    expect(to("http://h/mcp?key=1", "", "")).toBe("http://h/mcp?key=1")
    expect(to("http://h/mcp?key=1", "", "?")).toBe("http://h/mcp?key=1")
    expect(to("http://h/?key=1", "/sse", "?a")).toBe("http://h/sse?key=1&a")
    expect(to("http://h/", "", "?a=b", "http://h/e?k=1")).toBe("http://h/e?k=1&a=b")
  })

  it("S-06: a rest that climbs out of the server's own path is refused", () => {
    const climbs = [
      "/../x",
      "/..",
      "/a/../../x",
      "/%2e%2e/x",
      "/%2E./x",
      "/.%2e",
      "/..\\x",
      "/\\..\\..\\x",
      "/a/../../team2/x"
    ]
    for (const rest of climbs) {
      expect(() => to("http://h/team/", rest)).toThrow(/outside/)
    }
    expect(to("http://h/team/", "/a/../x")).toBe("http://h/team/x")
    expect(to("http://h/team/", "/..x")).toBe("http://h/team/..x")
  })

  it("S-06: whatever follows the prefix, the origin stays the server's", () => {
    const nasty = fc.constantFrom(
      "//",
      "@",
      "evil.com",
      "/",
      "\\",
      "..",
      ":",
      "#",
      "?",
      "%2f",
      "http:",
      "\t",
      "\n",
      "[::1]",
      "%00",
      ":80",
      "é",
      ";"
    )
    const rest = fc.oneof(
      fc.constantFrom(
        "//evil.com/x",
        "/../..",
        "@evil",
        "/@evil.com",
        "\\\\evil.com",
        "/\\evil.com",
        ":8080",
        ".evil.com",
        "//user:pw@evil.com:1/"
      ),
      fc.array(nasty, { maxLength: 8 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary" })
    )
    const base = fc.constantFrom(
      "http://h:8000/",
      "http://h:8000",
      "https://h/team/search/",
      "http://10.0.0.1/mcp",
      "http://[::1]:9/x?y=1",
      "in-process://time/",
      "in-process://time"
    )
    fc.assert(
      fc.property(base, rest, fc.oneof(fc.constant(""), rest), fc.boolean(), (url, path, search, explicit) => {
        let found: URL
        try {
          found = new URL(explicit ? to("http://other/", "", search, url) : to(url, path, search))
        } catch (error) {
          expect(String(error)).toMatch(/outside/)
          return
        }
        const own = new URL(url)
        expect([found.protocol, found.host, found.username, found.password]).toEqual([own.protocol, own.host, "", ""])
      }),
      { numRuns: 300 }
    )
  })
})
