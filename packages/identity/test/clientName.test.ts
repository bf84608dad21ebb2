/** What a client calls itself, as a person is shown it (A-32, S-03). */
import { assert, describe, it } from "@effect/vitest"
import { shownName } from "../src/oauth/clientName.ts"

describe("A-32: the name a client gives itself", () => {
  const shown = (clientName: string | undefined) => shownName({ clientId: "mcp_id", clientName })

  it("is shown as it is where it can be read, in any script", () => {
    for (const name of ["Test IDE", "Cursor (Ünïcode)", "编辑器", "मराठी", "✏️ 1"]) {
      assert.strictEqual(shown(name), name.replace("\uFE0F", ""), name)
    }
  })

  it("that shows nothing, or is none, is the client's id: no page asks about nobody", () => {
    for (const name of [
      undefined,
      "",
      "   ",
      "\u3164",
      "\u115F\u1160",
      "\u2800",
      "\u202E\u200B",
      "\u0301\u0301",
      "\u00A0\u3000",
      "…"
    ]) {
      assert.strictEqual(shown(name), "mcp_id", JSON.stringify(name))
    }
  })

  it("turns no text around, and piles no marks over the words beside it", () => {
    assert.strictEqual(shown("IDE\u202Eevil\u3164"), "IDEevil")
    assert.strictEqual(shown(`a${"\u0301".repeat(50)}b`), "a\u0301\u0301b")
    assert.strictEqual(shown(" two \n\t lines\u2028here "), "two lines here")
  })
})
