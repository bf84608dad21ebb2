/**
 * A checkout that was never installed: exactly what the lockfile says, before anything of it is imported. Imports nothing that would
 * have to be installed; the entry points import it by its path, for the same reason.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

if (!existsSync(join(root, "node_modules"))) {
  process.stderr.write("mcpgw: installing what the lockfile names\n")
  const { exitCode } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdout: "ignore",
    stderr: "inherit"
  })
  if (exitCode !== 0) process.exit(exitCode)
}
