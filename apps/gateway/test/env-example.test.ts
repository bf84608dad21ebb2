/** `.env.example` is what `settings.ts` says. */
import { root } from "@mcpgw/testkit/Process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { envExample } from "../scripts/env-example.ts"
import { everySetting } from "../src/everySetting.ts"

const text = readFileSync(join(root, ".env.example"), "utf8")

describe("design §8: .env.example", () => {
  it("is what the script writes, byte for byte", () => {
    assert.strictEqual(text, envExample(), "write it anew: bun run apps/gateway/scripts/env-example.ts > .env.example")
  })

  it("names every setting once, with what it may hold", () => {
    for (const { name, holds, about } of everySetting) {
      assert.strictEqual(text.split(`\n# ${name}=`).length, 2, name)
      assert.include(text, holds)
      assert.include(text, about)
    }
  })

  it("sets nothing and holds no secret", () => {
    assert.deepEqual(
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
      []
    )
    for (const { name, secret } of everySetting) {
      if (secret) assert.include(text, `\n# ${name}=\n`)
    }
  })

  it("every default it shows is one the setting may hold", () => {
    for (const { name, shown, parse } of everySetting) {
      if (shown !== "") assert.isDefined(parse(shown), `${name}=${shown}`)
    }
  })
})
