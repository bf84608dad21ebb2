import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseClaimPath, readClaim } from "../src/ClaimPath.ts"
import { claimsWith, OIDC_NAMES } from "../src/ClaimsMapping.ts"

describe("the way to a claim", () => {
  it.each([
    ["groups", ["groups"]],
    ["cognito:groups", ["cognito:groups"]],
    ["realm_access.roles", ["realm_access", "roles"]],
    ['resource_access."my.client".roles', ["resource_access", "my.client", "roles"]],
    ['"a\\"b\\\\c"', ['a"b\\c']],
    ["https://example.com/groups", ["https://example.com/groups"]]
  ])("%s", (expression, path) => expect(parseClaimPath(expression)).toEqual(path))

  it.each(["", ".", "a.", ".a", "a..b", '"a', 'a"b"', '"a"b', "a b", '""', "x".repeat(600), "https://a b"])(
    "%s is none",
    (expression) => expect(parseClaimPath(expression)).toBeUndefined()
  )

  it("property: quoted segments come back as they were, and lead to what stands there", () => {
    const segments = fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(segments, fc.string(), (path, value) => {
        const expression = path.map((part) => `"${part.replaceAll(/["\\]/g, "\\$&")}"`).join(".")
        const parsed = parseClaimPath(expression)
        expect(parsed).toEqual(path)
        const claims = path.toReversed().reduce<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value)
        if (parsed !== undefined && typeof claims === "object" && claims !== null) {
          expect(readClaim({ ...claims }, parsed)).toBe(value)
        }
      })
    )
  })

  it("reads own members only, and goes through no list", () => {
    expect(readClaim({}, ["constructor"])).toBeUndefined()
    expect(readClaim({ a: [1] }, ["a", "length"])).toBeUndefined()
    expect(readClaim({ a: "text" }, ["a", "length"])).toBeUndefined()
    expect(readClaim({ a: null }, ["a"])).toBeNull()
  })
})

describe("claims by an issuer's names", () => {
  const names = {
    ...OIDC_NAMES,
    groups: [["groups"], ["realm_access", "roles"]] as const,
    groupsElsewhere: [["_claim_names", "groups"], ["hasgroups"]] as const,
    accessTokenOnly: ["azp", "appid"],
    isScope: (scope: string) => scope.includes("/")
  }
  const mapped = (payload: Record<string, unknown>) => claimsWith(names)({ azp: "app", ...payload }, "u-1")

  it("groups of several claims count together, each once", () => {
    expect(mapped({ groups: ["a", "b"], realm_access: { roles: ["b", "c"] } })?.groups).toEqual(["a", "b", "c"])
    expect(mapped({ groups: ["a"], realm_access: { roles: [1] } })).toBeUndefined()
  })

  it("least authority: groups that the token could not hold are groups, and scopes do not stand for them", () => {
    expect(mapped({ scope: "a/b" })?.scopes).toEqual(["a/b"])
    expect(mapped({ scope: "a/b", _claim_names: { groups: "src1" } })).toMatchObject({ groups: [], scopes: [] })
    expect(mapped({ scope: "a/b", hasgroups: true })).toMatchObject({ groups: [], scopes: [] })
    expect(mapped({ scope: "a/b", hasgroups: false })?.scopes).toEqual(["a/b"])
  })

  it("scopes that can be none of ours are dropped", () => {
    expect(mapped({ scope: "openid servers/read" })?.scopes).toEqual(["servers/read"])
  })

  it("A-07: a token without what marks an access token is none", () => {
    expect(claimsWith(names)({ nonce: "x" }, "u-1")).toBeUndefined()
    expect(claimsWith(names)({ appid: "app" }, "u-1")).toBeDefined()
  })
})
