/** Compares JSON with a file of `test/golden`; a file that is missing is written and fails the test once. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"

const folder = join(import.meta.dirname, "../golden")

export const expectGolden = (name: string, value: unknown): void => {
  const file = join(folder, `${name}.json`)
  const text = `${JSON.stringify(value, null, 2)}\n`
  if (!existsSync(file)) {
    writeFileSync(file, text)
    throw new Error(`${name}.json did not exist and was written: read it, then run again`)
  }
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, "utf8")))
}
