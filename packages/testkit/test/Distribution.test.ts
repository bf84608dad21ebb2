/** What is taken for a Keycloak, and what is not: the tests that need one rely on it. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { findKeycloak } from "../src/keycloak/Distribution.ts"
import { tempDir } from "../src/Process.ts"

let room: ReturnType<typeof tempDir>
beforeEach(() => {
  room = tempDir("distribution")
})
afterEach(() => room.remove())

/** A home whose `java` says it is of that version. */
const javaOf = (version: string): string => {
  const bin = join(room.path, "java", "bin")
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, "java"), `#!/bin/sh\necho 'openjdk version "${version}" 2025-04-15' >&2\n`)
  chmodSync(join(bin, "java"), 0o755)
  return join(room.path, "java")
}

describe("Java", () => {
  it.each(["11.0.2", "1.8.0_402", "nonsense"])(
    "%s is too old: there is a reason, and nothing is fetched",
    async (version) => {
      const cache = join(room.path, "cache")
      const found = await findKeycloak({ cache, javaHome: javaOf(version) })
      assert.deepEqual(found, { _tag: "Missing", reason: "no Java 17 or later in JAVA_HOME or PATH" })
      assert.notInclude(readdirSync(room.path), "cache")
    }
  )

  it("a JAVA_HOME without one is told too", async () => {
    const found = await findKeycloak({ cache: join(room.path, "cache"), javaHome: join(room.path, "nowhere") })
    assert.strictEqual(found._tag, "Missing")
  })
})

describe("the file", () => {
  it("another one than pinned is an error, and nothing of it stays", async () => {
    const zip = join(room.path, "keycloak.zip")
    writeFileSync(zip, "PK not a distribution")
    const cache = join(room.path, "cache")
    const failed = await findKeycloak({ cache, zip, javaHome: javaOf("17.0.1") }).then(
      () => undefined,
      (error: unknown) => error
    )
    assert.match(String(failed), /has SHA-256 [0-9a-f]{64}; Keycloak 26\.0\.7 has 25353b74/)
    assert.deepEqual(readdirSync(cache), [])
  })
})
