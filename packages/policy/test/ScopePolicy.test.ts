import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ScopePolicy } from "../src/ScopePolicy.ts"
import { layerFile } from "../src/ScopePolicyFile.ts"
import { layerDenyAll, layerOf, layerText } from "../src/ScopePolicyLayers.ts"
import { scopePolicySuite, SUITE_YAML } from "./suites/scopePolicySuite.ts"

const folder = mkdtempSync(join(tmpdir(), "mcpgw-policy-"))
const path = join(folder, "scopes.yml")
writeFileSync(path, SUITE_YAML)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

scopePolicySuite("layerText", layerText(SUITE_YAML), true)
scopePolicySuite(
  "layerOf",
  layerOf({
    groups: { g: ["s"] },
    scopes: { s: [{ server: "one", methods: ["tools/list"], tools: ["alpha"] }] }
  }),
  true
)
scopePolicySuite("layerFile", layerFile({ path }), true)
scopePolicySuite(
  "layerFile, its default text",
  layerFile({ path: join(folder, "none.yml"), defaultText: SUITE_YAML }),
  true
)
scopePolicySuite("layerDenyAll", layerDenyAll, false)

describe("layers over a broken policy", () => {
  it.effect("layerText fails with source, field and problem", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.provide(ScopePolicy, layerText("s: [{ server: one, tool: [a] }]", "given.yml"))
      )
      assert.strictEqual(error._tag, "PolicyError")
      assert.deepEqual([error.source, error.field], ["given.yml", "s[0]"])
      assert.match(error.message, /^given\.yml: s\[0\]: has no key 'tool'/)
    })
  )
  it.effect("layerOf fails likewise", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(ScopePolicy, layerOf({ scopes: { s: [{ server: "" }] } })))
      assert.strictEqual(error.field, "s[0].server")
    })
  )
})
