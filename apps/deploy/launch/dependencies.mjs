/** Installs what `bun.lock` names, when that is not what is installed already. */
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { withLock } from "./lock.mjs"
import { run } from "./run.mjs"
import { note, Problem } from "./words.mjs"

/**
 * @param {string} root the checkout
 * @param {string} bun
 */
export const installDependencies = async (root, bun) => {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "bun.lock")))
    .digest("hex")
  const record = join(root, "node_modules", ".mcpgw-lock")
  const isDone = () => existsSync(record) && readFileSync(record, "utf8").trim() === wanted
  if (isDone()) return
  await withLock(root, async () => {
    if (isDone()) return
    note("installing dependencies (bun install --frozen-lockfile)")
    const code = await run(bun, ["install", "--frozen-lockfile"], { cwd: root, aside: true })
    if (code !== 0) {
      throw new Problem(
        `dependencies could not be installed (bun install ended with ${code}); check the network, then run this again`,
        code
      )
    }
    writeFileSync(record, `${wanted}\n`)
  })
}
