import { assert, describe, it } from "@effect/vitest"
import { RESERVED_SEGMENTS } from "@mcpgw/domain/Ids"
import type { Registration } from "@mcpgw/domain/Server"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { makeRecord, patchRecord } from "../src/Registration.ts"
import type { Patch } from "../src/Registration.ts"
import { record, registration, tool } from "./suites/fixtures.ts"

const NOW = "2026-01-01T00:00:00.000Z"
const refuse = (given: Registration) => Either.getOrThrow(Either.flip(makeRecord(given, "admin", NOW)))
const accept = (given: Registration) => Either.getOrThrow(makeRecord(given, "admin", NOW))

describe("makeRecord", () => {
  for (const [what, given, field, held, problem] of [
    [
      "an empty name",
      registration("/a", { server_name: "  " }),
      "server_name",
      `"  "`,
      /a text of 1 to 200 characters/
    ],
    ["no path", registration("/"), "path", `"/"`, /segments/],
    ["a path with dots", registration("/a/../b"), "path", `"/a/../b"`, /segments/],
    ["a path with escapes", registration("/%63"), "path", `"/%63"`, /segments/],
    ["a path with an inner empty segment", registration("/a//b"), "path", `"/a//b"`, /segments/],
    [
      "a URL that is none",
      registration("/a", { proxy_pass_url: "not-a-valid-url" }),
      "proxy_pass_url",
      `"not-a-valid-url"`,
      /absolute URL/
    ],
    [
      "a foreign scheme",
      registration("/a", { proxy_pass_url: "file:///etc/passwd" }),
      "proxy_pass_url",
      `"file:///etc/passwd"`,
      /http/
    ],
    ["a negative count", registration("/a", { num_tools: -1 }), "num_tools", "-1", /an integer of 0 or more/],
    ["a reserved segment", registration("/api/x"), "path", `"/api/x"`, /serves \/api itself/],
    ["a reserved segment in capitals", registration("/API"), "path", `"/API"`, /serves \/api itself/],
    ["an ending the gateway appends", registration("/a/mcp"), "path", `"/a/mcp"`, /appends \/mcp/]
  ] as const) {
    it(`refuses ${what}, naming field, what it held and what it may hold`, () => {
      const error = refuse(given)
      assert.strictEqual(error.field, field)
      assert.strictEqual(error.held, held)
      assert.match(error.problem, problem)
      assert.include(error.message, field)
    })
  }

  it("design §7: no path the gateway serves itself can be registered", () => {
    for (const segment of RESERVED_SEGMENTS) assert.strictEqual(refuse(registration(`/${segment}`)).field, "path")
    for (const ending of ["mcp", "sse", "messages", "collaborators", "connect-config", "rate", "rating"]) {
      assert.strictEqual(accept(registration(`/${ending}`)).path as string, `/${ending}`)
    }
  })

  it("repeats neither passwords, nor header values, nor whole novels", () => {
    const url = refuse(registration("/a", { proxy_pass_url: "http://me:SECRET@example.org/" }))
    assert.strictEqual(url.held, `"http://(hidden)@example.org/"`)
    const header = refuse(registration("/a", { headers: [{ "X-Key": "SECRET\r\nX-Evil: 1" }] }))
    assert.strictEqual(header.field, "headers")
    assert.strictEqual(header.held, "(hidden)")
    assert.isBelow(refuse(registration("/a", { server_name: "x".repeat(5_000) })).held.length, 200)
  })

  for (const [what, headers] of [
    ["a text", `"Bearer SECRET"`],
    ["a number", `[{ "X-Key": 5309117 }]`],
    ["a nested value", `[{ "X-Key": { "token": "SECRET" } }]`],
    ["a header line for a name", `[{ "Authorization: Bearer SECRET": 1 }]`],
    ["a list of lines", `["Authorization: Bearer SECRET"]`]
  ] as const) {
    it(`SECURITY: ${what} in headers is refused without repeating it in field, held, problem or message`, () => {
      const given: Registration = { ...registration("/a"), headers: JSON.parse(headers) }
      const patch: Patch = { headers: JSON.parse(headers) }
      for (const error of [refuse(given), Either.getOrThrow(Either.flip(patchRecord(record("/a"), patch, NOW)))]) {
        assert.match(error.field, /^headers/)
        assert.notMatch(`${JSON.stringify(error)} ${error.message} ${error}`, /SECRET|5309117/)
      }
    })
  }

  it("refuses header names and values that would break a request", () => {
    for (const headers of [[{ "X Key": "1" }], [{ "": "1" }], [{ "X-Key": "a\nb" }], [{ "X-Key": "a\0b" }]]) {
      assert.strictEqual(refuse(registration("/a", { headers })).field, "headers")
    }
  })

  it("a tool list counts itself unless the caller says otherwise", () => {
    assert.strictEqual(accept(registration("/a", { tool_list: [tool("x"), tool("y")] })).num_tools, 2)
    assert.strictEqual(accept(registration("/a", { tool_list: [tool("x")], num_tools: 9 })).num_tools, 9)
  })

  it("takes nothing from outside the fields a caller may give", () => {
    const smuggled = { ...registration("/a"), registered_by: "root", registered_at: "never", id: 7 }
    const made = accept(smuggled)
    assert.strictEqual(made.registered_by, "admin")
    assert.strictEqual(made.registered_at, NOW)
    assert.notProperty(made, "id")
  })

  it("any text for a path is refused or normalised, never stored as given with stray slashes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[/a-z.~_-]{0,12}$/)), (path) => {
        const made = makeRecord(registration(path), "admin", NOW)
        return Either.isLeft(made) || /^(\/[^/]+)+$/.test(made.right.path)
      })
    )
  })
})

describe("patchRecord", () => {
  const patches: fc.Arbitrary<Patch> = fc.record(
    {
      server_name: fc.constantFrom("A", "B"),
      description: fc.string(),
      proxy_pass_url: fc.constantFrom("http://127.0.0.1:1/", "https://example.org/x"),
      tags: fc.array(fc.string(), { maxLength: 3 }),
      num_tools: fc.nat(),
      num_stars: fc.nat(),
      is_python: fc.boolean(),
      license: fc.string(),
      auth_provider: fc.constantFrom("p", "q"),
      is_enabled: fc.boolean(),
      trusted_address: fc.boolean()
    },
    { requiredKeys: [] }
  )

  it("named fields become what was given, every other stays", () => {
    fc.assert(
      fc.property(patches, (patch) => {
        const before = record("/a")
        assert.deepStrictEqual(Either.getOrThrow(patchRecord(before, patch, NOW)), {
          ...before,
          ...patch,
          updated_at: NOW
        })
      })
    )
  })

  it("S-06: an address that changes takes along the trust in the one before, unless it is given anew", () => {
    const trusted = record("/a", { trusted_address: true })
    const after = (patch: Patch) => Either.getOrThrow(patchRecord(trusted, patch, NOW)).trusted_address
    for (const name of ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const) {
      assert.isFalse(after({ [name]: "http://10.0.0.5/" }), name)
      assert.isTrue(after({ [name]: "http://10.0.0.5/", trusted_address: true }), name)
    }
    assert.isTrue(after({ proxy_pass_url: trusted.proxy_pass_url, description: "else" }))
  })

  it("an explicit undefined and a smuggled path are not named fields", () => {
    const patch = JSON.parse(`{"path":"/other","registered_by":"root"}`)
    const after = Either.getOrThrow(patchRecord(record("/a"), { ...patch, description: undefined }, NOW))
    assert.deepStrictEqual(after, { ...record("/a"), updated_at: NOW })
  })
})
