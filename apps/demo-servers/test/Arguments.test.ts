import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseArguments, USAGE } from "../src/Arguments.ts"
import { names } from "../src/Demo.ts"

describe("parseArguments", () => {
  it.each([
    [["currenttime"], { kind: "serve", name: "currenttime", host: "127.0.0.1", port: 8000 }],
    [["realserverfaketools"], { kind: "serve", name: "realserverfaketools", host: "127.0.0.1", port: 8002 }],
    [["--port", "0", "currenttime"], { kind: "serve", name: "currenttime", host: "127.0.0.1", port: 0 }],
    [["currenttime", "--host=::1", "--port=9"], { kind: "serve", name: "currenttime", host: "::1", port: 9 }],
    [["currenttime", "-h"], { kind: "help" }]
  ])("%j", (words, expected) => {
    expect(parseArguments(words)).toEqual(expected)
  })

  it.each([
    [[], "name a server: currenttime or realserverfaketools"],
    [["clock"], 'there is no demo server "clock"'],
    [["currenttime", "realserverfaketools"], 'currenttime was named before "realserverfaketools"'],
    [["currenttime", "--port", "65536"], '--port held "65536"'],
    [["currenttime", "--port", "-1"], '--port held "-1"'],
    [["currenttime", "--port"], "--port needs a value"],
    [["currenttime", "--host="], "--host needs a value"],
    [["currenttime", "--verbose"], 'unknown option "--verbose"']
  ])("%j is wrong", (words, problem) => {
    expect(parseArguments(words)).toEqual({ kind: "wrong", problem: expect.stringContaining(problem) })
  })

  it("never throws, and serves only on ports that exist", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...names, "--port", "--host", "0", "70000"), fc.string())),
        (words) => {
          const given = parseArguments(words)
          if (given.kind === "serve") expect(given.port).toBeLessThanOrEqual(65_535)
        }
      )
    )
  })

  it("the help names every server", () => {
    for (const name of names) expect(USAGE).toContain(name)
  })
})
