import { describe, expect, it } from "@effect/vitest"
import type { HealthStatus, RegisteredServer } from "@mcpgw/domain/Server"
import * as fc from "fast-check"
import { resolve } from "../src/Target.ts"
import { serverOf } from "./support/Call.ts"

const snapshotOf = (...servers: ReadonlyArray<RegisteredServer>) => ({
  revision: 1,
  servers: new Map(servers.map((server) => [server.record.path as string, server]))
})

const snapshot = snapshotOf(serverOf("/fin"), serverOf("/team"), serverOf("/team/search"), serverOf("/a/b/c/d/e/f/g/h"))

const found = (pathname: string) => {
  const resolution = resolve(snapshot, pathname)
  return resolution._tag === "Target" ? [resolution.server.record.path, resolution.rest] : resolution._tag
}

describe("resolve", () => {
  it.each([
    ["/fin", "/fin", ""],
    ["/fin/", "/fin", "/"],
    ["/fin/mcp", "/fin", "/mcp"],
    ["/fin/mcp/", "/fin", "/mcp/"],
    ["/team/mcp", "/team", "/mcp"],
    ["/team/search", "/team/search", ""],
    ["/team/search/mcp", "/team/search", "/mcp"],
    ["/team/searching/mcp", "/team", "/searching/mcp"],
    ["/a/b/c/d/e/f/g/h/mcp", "/a/b/c/d/e/f/g/h", "/mcp"],
    ["/fin//evil.example/x", "/fin", "//evil.example/x"]
  ])("%s: the longest prefix of whole segments", (pathname, path, rest) =>
    expect(found(pathname)).toEqual([path, rest])
  )

  it.each([
    "",
    "/",
    "//",
    "/fininfo",
    "/fi",
    "fin",
    "/FIN/mcp",
    "/Fin",
    "/%66in/mcp",
    "/f%69n",
    "/fin%2Fmcp",
    "//fin",
    "/x/fin",
    "/a/b",
    "/constructor"
  ])("%j is nobody's (contracts §2.4: `/fin` does not catch `/fininfo` here)", (pathname) =>
    expect(found(pathname)).toBe("NotFound")
  )

  it("switched off and unhealthy servers are there, but not available, and say why", () => {
    const off = resolve(snapshotOf(serverOf("/fin", { is_enabled: false })), "/fin/mcp")
    expect(off).toMatchObject({ _tag: "Unavailable", reason: "disabled" })
    const health = (status: HealthStatus) =>
      resolve(snapshotOf({ ...serverOf("/fin"), health: { status, last_checked_iso: null } }), "/fin/mcp")
    expect(health("unhealthy: timeout")).toMatchObject({ _tag: "Unavailable", reason: "unhealthy: timeout" })
    for (const status of ["healthy", "healthy-auth-expired", "unknown", "checking"] as const) {
      expect(health(status)._tag).toBe("Target")
    }
  })

  it("an unavailable longer prefix does not give way to a shorter one", () => {
    const servers = snapshotOf(serverOf("/team"), serverOf("/team/search", { is_enabled: false }))
    expect(resolve(servers, "/team/search/mcp")._tag).toBe("Unavailable")
  })

  it("whatever is asked, server and rest make the path again", () => {
    const segment = fc.constantFrom("fin", "team", "search", "mcp", "", "a", "..", "%66in", "FIN")
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 30 }), (segments) => {
        const pathname = `/${segments.join("/")}`
        const target = resolve(snapshot, pathname)
        if (target._tag !== "Target") return
        expect(target.server.record.path + target.rest).toBe(pathname)
        expect(target.rest === "" || target.rest.startsWith("/")).toBe(true)
      })
    )
  })
})
