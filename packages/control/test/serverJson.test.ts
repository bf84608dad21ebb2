/** Our schema of `server.json` beside the published one, 2025-12-11: what we take, the published one takes too. */
import { readServerJson } from "@mcpgw/domain/ServerJson"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { document, schemaErrors } from "./support/protocol.ts"

const input = { name: "X-Key", value: "Bearer {key}", isSecret: true, variables: { key: { description: "Yours" } } }
const FULL = {
  ...document("com.example/a", "1.0.0"),
  $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
  title: "A",
  websiteUrl: "https://example.com/",
  repository: { url: "https://github.com/x/y", source: "github", id: "1", subfolder: "src" },
  icons: [{ src: "https://example.com/a.png", mimeType: "image/png", sizes: ["48x48", "any"], theme: "dark" }],
  remotes: [
    {
      type: "streamable-http",
      url: "https://{t}.example.com/mcp",
      headers: [input],
      variables: { t: { default: "a" } }
    }
  ],
  packages: [
    {
      registryType: "npm",
      registryBaseUrl: "https://registry.example.com",
      identifier: "@x/y",
      version: "1.0.0",
      fileSha256: "a".repeat(64),
      runtimeHint: "npx",
      transport: { type: "sse", url: "http://localhost:1/sse" },
      runtimeArguments: [{ type: "named", name: "--a", value: "b" }],
      packageArguments: [{ type: "positional", valueHint: "file" }],
      environmentVariables: [input]
    }
  ],
  _meta: { "io.modelcontextprotocol.registry/publisher-provided": { tool: "ci" } }
}

/** Every place in a value, as the keys that lead there. */
const places = (value: unknown): ReadonlyArray<ReadonlyArray<string>> =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [[key], ...places(inner).map((rest) => [key, ...rest])])

/** The value with another one at a place; `undefined` takes it away. */
const changed = (value: unknown, [key, ...rest]: ReadonlyArray<string>, to: unknown): unknown => {
  if (key === undefined) return to
  const entries = Object.entries(typeof value === "object" && value !== null ? value : {}).map(
    ([name, inner]) => [name, name === key ? changed(inner, rest, to) : inner] as const
  )
  const kept = entries.filter(([, inner]) => inner !== undefined)
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept)
}

const isTaken = (value: unknown): boolean => Either.isRight(readServerJson(value))

describe("protocol §4: server.json of 2025-12-11", () => {
  it("a document with every field is taken by both", () => {
    assert.deepEqual(schemaErrors(FULL), [])
    assert.isTrue(isTaken(FULL))
  })

  it("with anything else anywhere in it, what we take the published schema takes", () => {
    const odd = fc.oneof(
      fc.constantFrom(undefined, null, "", " ", "latest", "x".repeat(300), {}, [], true),
      fc.integer(),
      fc.string()
    )
    let taken = 0
    let refused = 0
    fc.assert(
      fc.property(fc.constantFrom(...places(FULL)), odd, (place, to) => {
        const document = changed(FULL, place, to)
        if (isTaken(document)) {
          taken++
          assert.deepEqual(schemaErrors(document), [], place.join("."))
        } else refused++
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(Math.min(taken, refused), 50)
  })
})

describe("R-03: what no parser can write back", () => {
  it("nested deeper than can be written is refused, not thrown", () => {
    const deep: unknown = JSON.parse(`{"servers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)
    assert.isFalse(isTaken(deep))
  })
})
