/**
 * Programs that tests need and a machine may lack, from Debian's packages, when this is root. One installation at a time over all test
 * processes: two at once lock each other out, and what is half installed looks as if it were there. Imported from tests only.
 */
import { tmpdir } from "node:os"
import { existsSync } from "node:fs"
import { join } from "node:path"

const LOCK = join(tmpdir(), "mcpgw-apt.lock")
const INSTALL_MS = 300_000

const run = (command: ReadonlyArray<string>): boolean =>
  Bun.spawnSync([...command], {
    // With run level 1 no service is started by what is installed.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    timeout: INSTALL_MS
  }).exitCode === 0

const apt = (...words: ReadonlyArray<string>): boolean =>
  run(["flock", LOCK, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=240", ...words])

/** Returns when no test process is installing anything. */
export const settled = (): void => {
  if (existsSync(LOCK)) run(["flock", LOCK, "true"])
}

/** Whether it is there now. Said on stderr, because it takes a minute. */
export const installDebian = (name: string): boolean => {
  if (process.getuid?.() !== 0 || Bun.which("apt-get") === null || Bun.which("flock") === null) return false
  process.stderr.write(`installing Debian's package ${name} for the tests that need it (once)\n`)
  const words = ["install", "--yes", "--no-install-recommends", name]
  return apt(...words) || (apt("update") && apt(...words))
}
