/** `bun run apps/gateway`. Never imports anything before what it needs is installed. */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** A checkout that was never installed: exactly what the lockfile says, before anything of it is imported. */
if (!existsSync(join(root, "node_modules"))) {
  process.stderr.write("mcpgw: installing what the lockfile names\n")
  const { exitCode } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdout: "ignore",
    stderr: "inherit"
  })
  if (exitCode !== 0) process.exit(exitCode)
}

const { boot } = await import("./boot.ts")
await boot({
  about: [
    "mcpgw — the one governed door to every MCP server",
    "",
    "  npm start              start the gateway and its registry   (with Bun alone: bun run apps/gateway)",
    "  npm start -- --help    this text"
  ],
  main: () => import("./main.ts")
})
