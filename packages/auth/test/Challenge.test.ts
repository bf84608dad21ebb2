import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { describe as sentence, Unauthenticated, UnauthenticatedReason } from "../src/AuthError.ts"
import { insufficientScope, unauthorized } from "../src/Challenge.ts"

const METADATA = "https://gw.example/.well-known/oauth-protected-resource/time/mcp"

/** Parameters of a challenge as a client reads them: name, `=`, quoted string; nothing else in between. */
const parse = (challenge: string): Map<string, string> => {
  expect(challenge).toMatch(
    /^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5B\x5D-\x7E]*")(?:, [a-z_]+="[\x20\x21\x23-\x5B\x5D-\x7E]*")*$/
  )
  return new Map([...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]))
}

describe("A-01: 401", () => {
  it("no credential sent: no error named", () => {
    expect(unauthorized(new Unauthenticated({ reason: "missing" }))).toBe('Bearer realm="mcpgw"')
  })

  it("a bad one: invalid_token, with metadata and scope", () => {
    const challenge = unauthorized(new Unauthenticated({ reason: "token_expired" }), {
      resourceMetadata: METADATA,
      scope: ["a/read", "b"]
    })
    expect([...parse(challenge)]).toEqual([
      ["realm", "mcpgw"],
      ["error", "invalid_token"],
      ["error_description", sentence.token_expired],
      ["scope", "a/read b"],
      ["resource_metadata", METADATA]
    ])
  })

  it("every reason gives a readable challenge", () => {
    for (const reason of UnauthenticatedReason.literals) parse(unauthorized(new Unauthenticated({ reason })))
  })
})

describe("A-08: 403", () => {
  it("names every scope the operation needs, in one challenge, the same each time", () => {
    const options = { scope: ["a", "b"], resourceMetadata: METADATA }
    const challenge = insufficientScope("No grant on /time", options)
    expect(parse(challenge)).toEqual(
      new Map([
        ["realm", "mcpgw"],
        ["error", "insufficient_scope"],
        ["error_description", "No grant on /time"],
        ["scope", "a b"],
        ["resource_metadata", METADATA]
      ])
    )
    expect(insufficientScope("No grant on /time", options)).toBe(challenge)
  })

  it("property: no text breaks out of its quotes or splits the header", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.array(fc.string({ unit: "binary" })),
        fc.string({ unit: "binary" }),
        (text, scope, resourceMetadata) => {
          const parameters = parse(insufficientScope(text, { scope, resourceMetadata }))
          expect([...parameters.keys()].filter((name) => name === "error")).toHaveLength(1)
          expect(parameters.get("error")).toBe("insufficient_scope")
        }
      )
    )
  })
})
