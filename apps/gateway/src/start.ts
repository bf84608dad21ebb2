/**
 * `bun run apps/gateway`. Bun reads how large a request's head may be from its arguments when the process starts, so a process that
 * was started without that replaces itself once.
 */
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

/** Beyond it Bun answers a bare 431 itself; far enough above our own limit that ours says why, and is recorded (S-16). */
const HEAD = "--max-http-header-size"
const MOST_HEAD = 65_536
const headGiven = process.execArgv.some((argument) => argument.startsWith(HEAD))

const help = async (): Promise<string> => {
  const { everySetting } = await import("./everySetting.ts")
  const lines = everySetting.map(
    ({ name, about, holds, shown }) =>
      `  ${name}\n      ${about}\n      May hold ${holds}.${shown === "" ? "" : ` Default: ${shown}`}`
  )
  return [
    "mcpgw — the one governed door to every MCP server",
    "",
    "  npm start              start the gateway and its registry   (with Bun alone: bun run apps/gateway)",
    "  npm start -- --help    this text",
    "",
    "Settings, from the environment or a .env file:",
    "",
    ...lines,
    ""
  ].join("\n")
}

const [, , ...args] = process.argv
if (args.includes("--help") || args.includes("-h")) {
  process.stdout.write(await help())
} else if (args.length > 0) {
  process.stderr.write(
    `mcpgw: unknown argument "${args[0]}"; it takes none but --help, settings come from the environment\n`
  )
  process.exitCode = 2
} else if (!headGiven && process.execve !== undefined) {
  const start = [process.execPath, ...process.execArgv, `${HEAD}=${MOST_HEAD}`, ...process.argv.slice(1)]
  process.execve(process.execPath, start, process.env)
} else {
  await import("./main.ts")
}
