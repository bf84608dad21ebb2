/** Every row of the official registry protocol (protocol.md §4) is named by a test of this folder, so that none goes untested unseen. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"

const ROWS = Array.from({ length: 14 }, (_, i) => `R-${String(i + 1).padStart(2, "0")}`)

it("R-01 … R-14: each row has a test", () => {
  const names = readdirSync(import.meta.dirname)
    .filter((file) => /^(?:registryProtocol.*|serverJson)\.test\.ts$/.test(file))
    .flatMap(
      (file) =>
        readFileSync(join(import.meta.dirname, file), "utf8").match(/(?:it(?:\.\w+)?|describe)\(\s*"[^"]*"/g) ?? []
    )
  assert.isAbove(names.length, 20)
  assert.deepStrictEqual(
    ROWS.filter((row) => !names.some((name) => name.includes(row))),
    []
  )
})
