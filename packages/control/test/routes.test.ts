import type { Claims } from "@mcpgw/domain/Principal"
import { describe, expect, it } from "vitest"
import { auditRow } from "../src/auditRow.ts"
import { openApiDocument } from "../src/openApi.ts"
import { makeTrail } from "../src/RequestTrail.ts"
import { canonical, serves } from "../src/routes.ts"

describe("design §7: which requests are the control plane's", () => {
  it.each([
    ["GET", "/api/servers", true],
    ["GET", "/health", true],
    ["GET", "/openapi.json", true],
    ["POST", "/internal/tokens", true],
    ["POST", "/internal/reload-scopes", true],
    ["POST", "/internal/mcp", false],
    ["POST", "/login", true],
    ["GET", "/login", true],
    ["POST", "/account", true],
    ["POST", "/account/mcp", false],
    ["GET", "/logout", true],
    ["POST", "/toggle/a/b", true],
    ["GET", "/edit/a", true],
    ["GET", "/toggle/a/b", true],
    ["GET", "/register", true],
    ["GET", "/registered/mcp", false],
    ["GET", "/", false],
    ["POST", "/apis/mcp", false],
    ["POST", "/currenttime/mcp", false]
  ])("%s %s: %s", (method, path, expected) => expect(serves(method, path)).toBe(expected))

  it("contracts §2.16: an old spelling keeps method, query, headers and body", async () => {
    const request = new Request("http://h/edit/a/b?x=1", { method: "POST", body: "k=v", headers: { "x-y": "z" } })
    const same = canonical(request)
    expect([same.url, same.method, same.headers.get("x-y")]).toEqual(["http://h/api/edit/a/b?x=1", "POST", "z"])
    expect(await same.text()).toBe("k=v")
    const own = new Request("http://h/api/servers")
    expect(canonical(own)).toBe(own)
  })
})

describe("design §6: audit rows", () => {
  const claims: Claims = {
    issuer: "i",
    subject: "s",
    username: "u",
    clientId: "session",
    groups: ["g"],
    scopes: [],
    audience: ["a"],
    expiresAt: 1,
    tokenId: "digest-of-the-session",
    method: "session_cookie"
  }
  const trail = () => ({ ...makeTrail("id", "192.0.2.1", 5), claims })

  it("none for an allowed read, one for everything else", () => {
    expect(auditRow(trail(), "GET", 200, 1)).toBeUndefined()
    expect(auditRow({ ...trail(), readOnly: true }, "POST", 200, 1)).toBeUndefined()
    expect(auditRow({ ...trail(), readOnly: true }, "POST", 403, 1)).toMatchObject({
      decision: "deny",
      outcome: "refused"
    })
    expect(auditRow(trail(), "GET", 401, 1)).toMatchObject({ decision: "deny", outcome: "refused" })
    const unknown = { ...trail(), rule: "auth:wrong_audience" }
    expect(auditRow(unknown, "GET", 401, 1)).toMatchObject({ decision: "none", outcome: "refused" })
    expect(auditRow({ ...trail(), rule: "api:logout", decision: "allow" }, "GET", 303, 1)).toMatchObject({
      outcome: "ok"
    })
    expect(auditRow({ ...trail(), rule: "api:admin_token", decision: "allow" }, "GET", 200, 1)).toBeDefined()
    expect(auditRow(trail(), "POST", 400, 1)).toMatchObject({ decision: "none", outcome: "refused" })
    expect(auditRow(trail(), "POST", 499, 1)).toMatchObject({ outcome: "aborted" })
    expect(auditRow(trail(), "DELETE", 503, 1)).toMatchObject({ outcome: "error" })
  })

  it("names who, and nothing that could be used", () => {
    const text = JSON.stringify(auditRow(trail(), "POST", 200, 1.5))
    expect(JSON.parse(text)).toMatchObject({
      issuer: "i",
      subject: "s",
      username: "u",
      client_id: "session",
      duration_ms: 1.5
    })
    expect(text).not.toContain("digest-of-the-session")
  })
})

describe("the API's description", () => {
  it("says of every route what it is for", () => {
    const { paths } = Object(openApiDocument())
    const silent = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(Object(operations)).flatMap(([method, operation]) =>
        typeof Object(operation).description === "string" ? [] : [`${method} ${path}`]
      )
    )
    expect(silent).toEqual([])
  })

  it("has no reference that leads nowhere, and a credential for all but the public routes", () => {
    const { components, paths } = Object(openApiDocument())
    const references = [...JSON.stringify(paths).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name)
    expect(new Set(Object.keys(components.schemas))).toEqual(
      new Set([...references, ...Object.keys(components.schemas)])
    )
    const open = Object.entries(paths).flatMap(([path, operations]) =>
      Object.values(Object(operations)).some((operation) => Object(operation).security.length === 0) ? [path] : []
    )
    expect(open.sort()).toEqual([
      "/.well-known/jwks.json",
      "/.well-known/mcp-servers",
      "/api/auth/auth/{provider}",
      "/api/auth/config",
      "/api/auth/login",
      "/api/auth/logout",
      "/api/auth/providers",
      "/docs",
      "/health",
      "/oauth2/callback/{provider}",
      "/oauth2/login/{provider}",
      "/openapi.json",
      "/v0.1/auth/{method}",
      "/v0.1/health",
      "/v0.1/ping",
      "/v0.1/version"
    ])
  })
})
