/** Our schema of `server.json` beside the published one, 2025-12-11: what we take, the published one takes too. */
import { MAX_PUBLISHER_META_BYTES, PUBLISHER_META, readServerJson } from "@mcpgw/domain/ServerJson"
import { makeRecord } from "@mcpgw/registry/Registration"
import { registeredDocument } from "@mcpgw/registry/v01/RegisteredEntries"
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
      fc.string(),
      // What one reader of addresses takes and another does not.
      fc.constantFrom(
        "A:",
        "A:?b",
        "https:",
        "https://",
        "http:\\\\x",
        " https://a.b/",
        "https://a.b/ c",
        "https://a.b/%zz",
        "urn:a:b",
        "x:/"
      ),
      fc.tuple(fc.constantFrom("https://", "x:", "x:/", "urn:"), fc.string()).map((parts) => parts.join(""))
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

describe("protocol §4: servers that were registered here", () => {
  it("whatever they are called, their document is one of the published schema", () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ minLength: 90, maxLength: 200 }))
    const segment = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,80}$/)
    let made = 0
    fc.assert(
      fc.property(text, text, fc.array(segment, { minLength: 1, maxLength: 4 }), (name, description, segments) => {
        const fields = { server_name: name, description, path: `/${segments.join("/")}`, proxy_pass_url: "http://a/" }
        const record = makeRecord(fields, "admin", "2026-01-01T00:00:00.000Z")
        if (Either.isLeft(record)) return
        made++
        assert.deepEqual(schemaErrors(registeredDocument(record.right)), [])
      }),
      { numRuns: 500 }
    )
    assert.isAbove(made, 100)
  })
})

describe("R-03: what a publisher may say of itself", () => {
  const withMeta = (bytes: number, letter: string) => {
    const empty = JSON.stringify({ text: "" }).length
    const text = letter.repeat(Math.floor((bytes - empty) / Buffer.byteLength(letter)))
    const padding = "x".repeat(bytes - empty - Buffer.byteLength(text))
    return { ...document("com.example/a", "1.0.0"), _meta: { [PUBLISHER_META]: { text: text + padding } } }
  }

  for (const letter of ["x", "ü", "🚀"]) {
    it(`4096 bytes of JSON are taken, 4097 are not, of ${letter} too`, () => {
      assert.strictEqual(MAX_PUBLISHER_META_BYTES, 4_096)
      assert.isTrue(isTaken(withMeta(4_096, letter)))
      const refused = readServerJson(withMeta(4_097, letter))
      assert.deepStrictEqual(Either.getOrThrow(Either.flip(refused)), [
        { path: `_meta.${PUBLISHER_META}`, message: "must be at most 4096 bytes of JSON" }
      ])
    })
  }
})

describe("R-03: what no parser can write back", () => {
  it("nested deeper than can be written is refused, not thrown", () => {
    const deep: unknown = JSON.parse(`{"servers":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)
    assert.isFalse(isTaken(deep))
  })
})
