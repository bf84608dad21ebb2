import { describe, expect, it } from "@effect/vitest"
import { HOP_BY_HOP, IDENTITY } from "@mcpgw/mcp/HeaderNames"
import * as fc from "fast-check"
import { headerSafe, type Identity, RequestHeaders } from "../src/RequestHeaders.ts"
import { responseHeaders, streamHeaders } from "../src/ResponseHeaders.ts"
import { claimsOf } from "./support/Call.ts"

const identity: Identity = {
  claims: claimsOf("alice"),
  scopes: "some all",
  serverName: "team/search",
  toolName: "seen",
  originalUrl: "https://gateway.example/team/search/mcp",
  remote: "192.0.2.7",
  proto: "https"
}

const build = (
  client: Readonly<Record<string, string>>,
  more: Partial<Identity> = {},
  credentials: Readonly<Record<string, string>> = {},
  session: string | undefined = undefined
): Headers => new Headers(new RequestHeaders().build(client, { ...identity, ...more }, credentials, session))

const FORGED = "forged"

describe("RequestHeaders (contracts §2.2)", () => {
  it("tells the server who calls what", () => {
    expect(Object.fromEntries(build({}))).toEqual({
      "x-user": "alice",
      "x-username": "alice",
      "x-client-id-auth": "ide",
      "x-scopes": "some all",
      "x-auth-method": "oidc",
      "x-server-name": "team/search",
      "x-tool-name": "seen",
      "x-original-url": "https://gateway.example/team/search/mcp",
      "x-real-ip": "192.0.2.7",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-proto": "https",
      "accept-encoding": "identity"
    })
  })

  it("the client's other headers pass untouched, Mcp-Param-* and hints included (W-42, contracts §2.2)", () => {
    const client = {
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-param-region": "=?base64?w6k=?=",
      "last-event-id": "7",
      "x-client-id": "c",
      "x-user-pool-id": "p",
      "x-keycloak-realm": "r",
      "x-atlassian-cloud-id": "a",
      traceparent: "00-1-2-00",
      "user-agent": "ide/1"
    }
    expect(Object.fromEntries(build(client))).toMatchObject(client)
  })

  const inAnyCase = (name: string) => [name, name.toUpperCase(), name.replace(/(^|-)./g, (part) => part.toUpperCase())]

  it("forged identity headers are dropped, however they are spelt", () => {
    for (const name of IDENTITY) {
      for (const spelt of inAnyCase(name)) {
        expect([spelt, ...build({ [spelt]: FORGED }).values()]).not.toContain(FORGED)
      }
    }
  })

  it("forged identity headers with underscores are dropped: CGI and WSGI servers take them for the dashed ones", () => {
    for (const name of [
      "x_user",
      "x_username",
      "x_scopes",
      "x_auth-method",
      "X_Real_IP",
      "x_forwarded_for",
      "mcp_session_id"
    ]) {
      expect([name, ...build({ [name]: FORGED }).values()]).not.toContain(FORGED)
    }
    expect(build({ x_other: "kept" }).get("x_other")).toBe("kept")
  })

  it("S-01: the inbound credential, cookies and hop-by-hop headers never leave", () => {
    const names = [
      "authorization",
      "x-authorization",
      "cookie",
      "proxy-authorization",
      "dpop",
      "host",
      "origin",
      "referer",
      ...HOP_BY_HOP
    ]
    for (const name of names) {
      for (const spelt of inAnyCase(name)) expect([spelt, ...build({ [spelt]: FORGED }).values()]).not.toContain(FORGED)
    }
    expect(build({ "accept-encoding": "gzip" }).get("accept-encoding")).toBe("identity")
  })

  it("Authorization comes from the credentials alone, the session id from the seal alone", () => {
    const client = { authorization: FORGED, "mcp-session-id": FORGED }
    const headers = build(client, {}, { authorization: "Bearer own" }, "upstream-1")
    expect([headers.get("authorization"), headers.get("mcp-session-id")]).toEqual(["Bearer own", "upstream-1"])
    expect([build(client).has("authorization"), build(client).has("mcp-session-id")]).toEqual([false, false])
  })

  it("names from outside can neither break a header nor fake one", () => {
    const nasty = "a\r\nx-user: root\0é"
    const headers = build(
      {},
      { toolName: nasty, claims: claimsOf(nasty, { clientId: nasty }), scopes: nasty, originalUrl: nasty }
    )
    for (const name of ["x-user", "x-tool-name", "x-client-id-auth", "x-scopes", "x-original-url"]) {
      expect(headers.get(name)).toBe("a%0D%0Ax-user: root%00%C3%A9")
    }
  })

  it("one caller's headers never serve another, nor another server, nor old scopes", () => {
    const headers = new RequestHeaders()
    const of = (more: Partial<Identity>, client: Record<string, string> = {}) =>
      new Headers(headers.build(client, { ...identity, ...more }, { authorization: "Bearer a" }, "s"))
    of({}, { "x-extra": "1" })
    const next = new Headers(headers.build({}, identity, {}, undefined))
    expect([next.has("x-extra"), next.has("authorization"), next.has("mcp-session-id")]).toEqual([false, false, false])
    expect(new Headers(headers.build({}, identity, { authorization: "Bearer b" }, "s")).get("authorization")).toBe(
      "Bearer b"
    )
    expect(of({ claims: claimsOf("bob") }).get("x-user")).toBe("bob")
    expect(of({ serverName: "other" }).get("x-server-name")).toBe("other")
    expect(of({ scopes: "fewer" }).get("x-scopes")).toBe("fewer")
    expect(of({ proto: "http" }).get("x-forwarded-proto")).toBe("http")
    expect(of({ remote: "192.0.2.9" }).get("x-forwarded-for")).toBe("192.0.2.9")
  })
})

describe("headerSafe", () => {
  it("plain names stay as they are", () => {
    for (const name of ["alice", "alice@example.org", "a b", "CORP\\alice", "some all", "~!$&'()*+,;=:/?#[]"]) {
      expect(headerSafe(name)).toBe(name)
    }
  })

  it("is visible ASCII with inner spaces, survives a header as it is, and can be read back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-composite" }), (text) => {
        const safe = headerSafe(text)
        expect(safe).toMatch(/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/)
        expect(new Headers({ x: safe }).get("x")).toBe(safe)
        expect(decodeURIComponent(safe)).toBe(text)
      })
    )
  })

  it("two names are never one, broken ones included", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom("\ud800", "\ud801", "a\ud800", "\ufffd", "é\ud800", "ü\ud800", " a", "a ", "a", "%20a", "a\t")
    )
    fc.assert(
      fc.property(name, name, (one, two) => {
        const wire = (text: string) => new Headers({ x: headerSafe(text) }).get("x")
        expect(wire(one) === wire(two)).toBe(one === two)
      }),
      { numRuns: 1000 }
    )
  })
})

/** Answers are one caller's, and have the type they have. */
const OURS = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

describe("ResponseHeaders", () => {
  it("a type is spelt in one way: what a server adds could make a page of it", () => {
    const typeOf = (type: string) => responseHeaders({ "content-type": type }, undefined)["content-type"]
    expect(typeOf("Application/JSON; charset=utf-8")).toBe("application/json")
    expect(typeOf("text/event-stream;x=y")).toBe("text/event-stream")
  })

  it("caching is ours to say, whatever the server says", () => {
    expect(responseHeaders({ "cache-control": "public, s-maxage=60" }, undefined)).toEqual(OURS)
  })

  it("what would speak for the gateway's origin is dropped", () => {
    const dropped = [
      "set-cookie",
      "www-authenticate",
      "strict-transport-security",
      "alt-svc",
      "clear-site-data",
      "access-control-allow-origin",
      "access-control-allow-credentials",
      "access-control-expose-headers",
      "access-control-allow-private-network",
      "mcp-session-id",
      "content-length",
      "refresh",
      "nel",
      "report-to",
      "reporting-endpoints",
      "location",
      "link",
      "x-accel-redirect",
      "x-accel-expires",
      "x-sendfile",
      "surrogate-control",
      ...HOP_BY_HOP
    ]
    for (const name of dropped)
      expect(responseHeaders(new Headers({ [name]: FORGED }).toJSON(), undefined)).toEqual(OURS)
    const nominated = { connection: "close, X-Own", "x-own": FORGED }
    expect(responseHeaders(nominated, undefined)).toEqual(OURS)
    const two = new Headers()
    two.append("Set-Cookie", "a=1")
    two.append("Set-Cookie", "b=2")
    expect(responseHeaders(two.toJSON(), undefined)).toEqual(OURS)
  })

  it("the rest passes, and the session id is the sealed one", () => {
    const upstream = new Headers({
      "Content-Type": "application/json",
      "Retry-After": "7",
      "MCP-Protocol-Version": "2025-11-25",
      "Mcp-Session-Id": "raw"
    })
    expect(responseHeaders(upstream.toJSON(), "sealed")).toEqual({
      ...OURS,
      "content-type": "application/json",
      "retry-after": "7",
      "mcp-protocol-version": "2025-11-25",
      "mcp-session-id": "sealed"
    })
  })

  it("W-20: streams are neither cached nor buffered nor transformed", () => {
    expect(streamHeaders({ "cache-control": "public" })).toEqual({
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no"
    })
  })
})
