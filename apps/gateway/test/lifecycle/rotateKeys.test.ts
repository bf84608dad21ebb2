/** `npm run rotate-keys`, as an operator runs it. */
import { spawn, tempDir } from "@mcpgw/testkit/Process"
import * as KeyRingFile from "@mcpgw/store/KeyRingFile"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import * as Effect from "effect/Effect"
import { chownSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"

const run = (dataDir: string, ...words: ReadonlyArray<string>) => runWith({ MCPGW_DATA_DIR: dataDir }, ...words)

const runWith = async (env: Readonly<Record<string, string>>, ...words: ReadonlyArray<string>) => {
  const command = [process.execPath, "--no-env-file", "run", "apps/gateway/scripts/rotate-keys.ts", ...words]
  const running = spawn({ command, env })
  const code = await running.exited
  return { code, output: running.output() }
}

interface Stored {
  readonly sealing: ReadonlyArray<{ readonly id: string }>
  readonly signing: ReadonlyArray<{ readonly id: string }>
}

const stored = (dataDir: string): Stored => JSON.parse(readFileSync(join(dataDir, "keys", "keys.json"), "utf8"))

const idsOf = ({ sealing, signing }: Stored) => ({
  sealing: sealing.map(({ id }) => id),
  signing: signing.map(({ id }) => id)
})

describe("rotate-keys (design §6, no default secrets)", () => {
  it("puts fresh keys first and keeps the older ones; of one purpose when it is named", async () => {
    const folder = tempDir("rotate")
    const made = KeyRing.pipe(Effect.provide(KeyRingFile.layerFile({ directory: join(folder.path, "keys") })))
    await Effect.runPromise(made)
    const before = idsOf(stored(folder.path))
    const { code, output } = await run(folder.path)
    assert.strictEqual(code, 0, output)
    const after = idsOf(stored(folder.path))
    assert.deepEqual([after.sealing.slice(1), after.signing.slice(1)], [before.sealing, before.signing])
    assert.strictEqual(statSync(join(folder.path, "keys", "keys.json")).mode & 0o777, 0o600)
    assert.strictEqual((await run(folder.path, "sealing")).code, 0)
    assert.deepEqual(idsOf(stored(folder.path)).signing, after.signing)
    assert.lengthOf(stored(folder.path).sealing, 3)
    folder.remove()
  })

  it("S-05: of keys that others may know none stays valid", async () => {
    const folder = tempDir("rotate")
    const made = KeyRing.pipe(Effect.provide(KeyRingFile.layerFile({ directory: join(folder.path, "keys") })))
    await Effect.runPromise(made)
    await run(folder.path)
    const before = idsOf(stored(folder.path))
    const { code, output } = await run(folder.path, "--leaked", "signing")
    assert.strictEqual(code, 0, output)
    const after = idsOf(stored(folder.path))
    assert.deepEqual(after.sealing, before.sealing)
    assert.lengthOf(after.signing, 1)
    assert.notInclude(before.signing, after.signing[0])
    folder.remove()
  })

  it.skipIf(process.getuid?.() !== 0)("run by root, it leaves the file to the user who runs the gateway", async () => {
    const folder = tempDir("rotate")
    const made = KeyRing.pipe(Effect.provide(KeyRingFile.layerFile({ directory: join(folder.path, "keys") })))
    await Effect.runPromise(made)
    const file = join(folder.path, "keys", "keys.json")
    chownSync(file, 12_345, 12_346)
    assert.strictEqual((await run(folder.path)).code, 0)
    const { gid, mode, uid } = statSync(file)
    assert.deepEqual([uid, gid, mode & 0o777], [12_345, 12_346, 0o600])
    folder.remove()
  })

  it("finds the keys where MCPGW_KEYS_DIR says that the gateway has them", async () => {
    const folder = tempDir("rotate")
    const directory = join(folder.path, "keys")
    await Effect.runPromise(KeyRing.pipe(Effect.provide(KeyRingFile.layerFile({ directory }))))
    const before = idsOf(stored(folder.path))
    const { code, output } = await runWith({ MCPGW_DATA_DIR: join(folder.path, "data"), MCPGW_KEYS_DIR: directory })
    assert.strictEqual(code, 0, output)
    assert.deepEqual(idsOf(stored(folder.path)).sealing.slice(1), before.sealing)
    folder.remove()
  })

  it("says where it looked when there are no keys, and what it may be told", async () => {
    const folder = tempDir("rotate")
    const none = await run(folder.path)
    assert.deepEqual([none.code, none.output.includes("MCPGW_DATA_DIR")], [1, true])
    assert.strictEqual((await run(folder.path, "everything")).code, 2)
    const help = await run(folder.path, "--help")
    assert.strictEqual(help.code, 0)
    assert.match(help.output, /does not end[^.]*sign-in sessions, API keys and agents' secrets/)
    folder.remove()
  })
})
