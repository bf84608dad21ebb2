/** the loopback names of one gateway are one; no other name is. */
import { assert, describe, it } from "@effect/vitest"
import { canonicalResource, seenAs } from "../src/LocalNames.ts"

const OWN = "http://127.0.0.1:7860"

describe("A-02: a resource is called what the client calls it, among the names of this machine", () => {
  it("the other loopback names at the same port", () => {
    for (const host of ["localhost:7860", "[::1]:7860", "127.0.0.1:7860"]) {
      assert.strictEqual(seenAs(OWN, host), `http://${host}`)
      assert.strictEqual(canonicalResource(OWN, `http://${host}/a/mcp`), `${OWN}/a/mcp`)
      assert.strictEqual(canonicalResource(OWN, `http://${host}`), OWN)
    }
    assert.strictEqual(seenAs("http://localhost:8080", "127.0.0.1:8080"), "http://127.0.0.1:8080")
    assert.strictEqual(seenAs("http://localhost", "127.0.0.1"), "http://127.0.0.1")
  })

  it("no other host, port, scheme or trick with one", () => {
    for (const host of [
      undefined,
      "localhost",
      "localhost:7861",
      "evil.test:7860",
      "localhost.evil.test:7860",
      "",
      "a b"
    ]) {
      assert.strictEqual(seenAs(OWN, host), OWN, host)
    }
    assert.strictEqual(seenAs(OWN, "localhost:7860/x"), "http://localhost:7860")
    for (const resource of [
      "https://localhost:7860/a/mcp",
      "http://localhost:7860evil.test/a/mcp",
      "http://u@localhost:7860/a/mcp",
      "http://localhost:7861/a/mcp",
      "localhost:7860/a/mcp",
      "x"
    ]) {
      assert.strictEqual(canonicalResource(OWN, resource), resource)
    }
  })

  it("a gateway with a name of its own has no other", () => {
    const named = "https://gw.example"
    assert.strictEqual(seenAs(named, "localhost"), named)
    assert.strictEqual(canonicalResource(named, "https://localhost/a/mcp"), "https://localhost/a/mcp")
  })
})
