/** Finds a Bun that is new enough: this process, the one in PATH, or one fetched with npm into the checkout's `.bun`. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { basename, delimiter, join } from "node:path"
import { withLock } from "./lock.mjs"
import { note, Problem } from "./words.mjs"

const EXECUTABLE = process.platform === "win32" ? "bun.exe" : "bun"

/** The version that `packageManager` in the root's package.json pins, such as `1.4.4`. */
export const leastBun = (root) => {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const pinned = /^bun@(\d+\.\d+\.\d+)$/.exec(packageManager ?? "")
  if (pinned === null) throw new Problem(`package.json: "packageManager" must name a Bun, such as bun@1.4.4`)
  return pinned[1]
}

/**
 * The path of a Bun that is at least the pinned one.
 *
 * @param {string} root the checkout
 * @returns {Promise<string>}
 */
export const findBun = async (root) => {
  const least = leastBun(root)
  if (process.versions.bun !== undefined && isAtLeast(process.versions.bun, least)) return process.execPath
  const inPath = versionOf(EXECUTABLE)
  if (inPath !== undefined && isAtLeast(inPath, least)) return EXECUTABLE
  const fetched = fetchedBun(root, least)
  if (fetched !== undefined) return fetched
  const found = process.versions.bun ?? inPath
  note(found === undefined ? `no Bun found; ${least} is needed` : `Bun ${found} found; ${least} or later is needed`)
  return withLock(root, () => fetchedBun(root, least) ?? fetchBun(root, least))
}

const fetchBun = (root, version) => {
  const prefix = join(root, ".bun")
  note(`fetching bun@${version} from the npm registry into .bun (about 35 MB, once)`)
  rmSync(join(prefix, "node_modules"), { recursive: true, force: true })
  mkdirSync(prefix, { recursive: true })
  const words = ["install", "--prefix", prefix, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
  const { error, status } = spawnSync("npm", [...words, `bun@${version}`], {
    cwd: prefix,
    stdio: ["ignore", process.stderr, process.stderr],
    env: { ...process.env, PATH: realPath() },
    shell: process.platform === "win32"
  })
  const otherwise = `or install Bun ${version} or later (https://bun.sh) and run this again`
  if (error?.code === "ENOENT") throw new Problem(`npm is not there to fetch Bun; install Node with npm, ${otherwise}`)
  if (error !== undefined) throw new Problem(`npm could not be run: ${error.message}`)
  if (status !== 0) {
    throw new Problem(
      `bun@${version} could not be fetched (npm ended with ${status}); check the network and "npm config get registry", ${otherwise}`
    )
  }
  const fetched = fetchedBun(root, version)
  if (fetched === undefined) {
    throw new Problem(
      `the npm registry has no Bun ${version} that runs on ${process.platform} ${process.arch}; ${otherwise.slice(3)}`
    )
  }
  return fetched
}

/** Several builds may be there (baseline for older processors, musl); the first that runs. `least` or later. */
const fetchedBun = (root, least) => {
  const builds = join(root, ".bun", "node_modules", "@oven")
  return namesIn(builds)
    .sort((a, b) => a.length - b.length)
    .map((build) => join(builds, build, "bin", EXECUTABLE))
    .find((path) => isAtLeast(versionOf(path) ?? "0", least))
}

const namesIn = (folder) => {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error.code === "ENOENT") return []
    throw error
  }
}

/** Undefined when it can not be run. */
const versionOf = (command) => {
  const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8", timeout: 20_000 })
  const version = /^\d+\.\d+\.\d+/.exec(stdout ?? "")
  return status === 0 && version !== null ? version[0] : undefined
}

const isAtLeast = (version, least) => {
  const [have, need] = [version, least].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)))
  for (const [i, part] of need.entries()) {
    const held = have[i] ?? 0
    if (held !== part) return held > part
  }
  return true
}

/** A Bun that runs a script puts itself into PATH as `node`; npm must have the real one. */
const realPath = () =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !basename(folder).startsWith("bun-node"))
    .join(delimiter)
