/**
 * A Keycloak to start: fetched once from Maven Central into `.cache` of the checkout, checked, unpacked, and prepared for quick starts.
 * Never leaves half of one where the next run would take it for whole. Imported from tests only.
 */
import { createWriteStream, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { root, spawn } from "../Process.ts"
import { JAVA_OPTS } from "./launch.ts"

const VERSION = "26.0.7"
const NAME = `keycloak-${VERSION}`
const SOURCE = `https://repo1.maven.org/maven2/org/keycloak/keycloak-quarkus-dist/${VERSION}/keycloak-quarkus-dist-${VERSION}.zip`
/** Of the file whose SHA-1 Maven Central states as c5e65ce1d609ef083089914bcf3660cfe800ed4e. */
const SHA256 = "25353b74613bcf72db67f8addbd88d832c705a69333091a16573d249d665fe21"

const LEAST_JAVA = 17

/** Changes with what is prepared, so that an older preparation is not taken. */
const PREPARED = `${NAME}-1`

const DOWNLOAD_MS = 600_000
const PREPARE_MS = 180_000
/** What a run that was killed left behind is removed by one that starts this much later. */
const LEFTOVER_MS = 3_600_000

export interface Distribution {
  readonly _tag: "Distribution"
  /** Keycloak's home; read only. */
  readonly home: string
  readonly java: string
}

/** Why there is none on this machine. */
export interface Missing {
  readonly _tag: "Missing"
  readonly reason: string
}

const missing = (reason: string): Missing => ({ _tag: "Missing", reason })

export interface Places {
  /** Where distributions are kept. */
  readonly cache?: string
  /** A zip file that is there already; `MCPGW_TEST_KEYCLOAK_ZIP` otherwise. */
  readonly zip?: string | undefined
  /** A Java's home; `JAVA_HOME` otherwise, or the Java in PATH. */
  readonly javaHome?: string | undefined
}

/**
 * The distribution, made ready at the first call (some minutes on a slow line); its absence is printed with the reason. Two processes
 * at once do the work twice and keep one.
 */
export const findKeycloak = async (places: Places = {}): Promise<Distribution | Missing> => {
  const found = await prepared({
    cache: places.cache ?? join(root, ".cache", "keycloak"),
    zip: places.zip ?? process.env["MCPGW_TEST_KEYCLOAK_ZIP"],
    javaHome: places.javaHome ?? process.env["JAVA_HOME"]
  })
  if (found._tag === "Missing") process.stderr.write(`Keycloak's tests are skipped: ${found.reason}\n`)
  return found
}

const prepared = async ({ cache, zip: given, javaHome }: Required<Places>): Promise<Distribution | Missing> => {
  const java = await findJava(javaHome)
  if (java === undefined) return missing(`no Java ${LEAST_JAVA} or later in JAVA_HOME or PATH`)
  const home = join(cache, PREPARED)
  const distribution: Distribution = { _tag: "Distribution", home, java }
  if (exists(home)) return distribution
  mkdirSync(cache, { recursive: true })
  removeLeftovers(cache)
  const room = join(cache, `partial-${process.pid}-${crypto.randomUUID()}`)
  mkdirSync(room)
  try {
    const zip = given ?? join(room, "keycloak.zip")
    const problem = given === undefined ? await download(zip) : undefined
    if (problem !== undefined) return missing(problem)
    await check(zip)
    if (!(await unpack(zip, room, java))) return missing("neither jar, unzip nor a tar that reads zip files is there")
    await build(join(room, NAME), java)
    keep(join(room, NAME), home)
    return distribution
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

const findJava = async (home: string | undefined): Promise<string | undefined> => {
  const java = home === undefined || home === "" ? Bun.which("java") : join(home, "bin", "java")
  if (java === null || !exists(java)) return undefined
  const asked = spawn({ command: [java, "-version"] })
  await asked.exited
  const major = /version "(\d+)/.exec(asked.output())?.[1]
  return major !== undefined && Number(major) >= LEAST_JAVA ? java : undefined
}

/** Answers why it could not be had; undefined when it is there. */
const download = async (zip: string): Promise<string | undefined> => {
  process.stderr.write(`fetching Keycloak ${VERSION} from Maven Central into .cache (147 MB, once)\n`)
  try {
    const response = await fetch(SOURCE, { signal: AbortSignal.timeout(DOWNLOAD_MS) })
    if (!response.ok || response.body === null) return `Maven Central answered ${response.status} for ${SOURCE}`
    await pipeline(Readable.fromWeb(response.body), createWriteStream(zip))
    return undefined
  } catch (error) {
    return `Keycloak could not be fetched from Maven Central (${error instanceof Error ? error.message : String(error)})`
  }
}

const check = async (zip: string): Promise<void> => {
  const hash = new Bun.CryptoHasher("sha256")
  for await (const part of Bun.file(zip).stream()) hash.update(part)
  const found = hash.digest("hex")
  if (found !== SHA256) throw new Error(`${zip} has SHA-256 ${found}; Keycloak ${VERSION} has ${SHA256}`)
}

/** `jar` is in a JDK and not in a JRE; bsdtar, the tar of macOS and Windows, reads zip files. */
const unpack = async (zip: string, folder: string, java: string): Promise<boolean> => {
  const beside = join(dirname(java), "jar")
  const tools = [
    [exists(beside) ? beside : "jar", "xf", zip],
    ["unzip", "-q", zip],
    ["tar", "xf", zip]
  ]
  for (const command of tools) {
    if (Bun.which(command[0] ?? "") === null) continue
    const running = spawn({ command, cwd: folder })
    if ((await running.exited) === 0 && exists(join(folder, NAME, "bin", "kc.sh"))) return true
    rmSync(join(folder, NAME), { recursive: true, force: true })
  }
  return false
}

/** What `start --optimized` finds done; without it every start takes eight seconds longer. */
const build = async (home: string, java: string): Promise<void> => {
  const running = spawn({
    command: ["sh", join(home, "bin", "kc.sh"), "build", "--db=dev-file", "--features-disabled=kerberos,ciba"],
    env: { JAVA: java, JAVA_OPTS }
  })
  const timer = setTimeout(() => void running.stop("SIGKILL"), PREPARE_MS)
  const code = await running.exited
  clearTimeout(timer)
  if (code !== 0) throw new Error(`Keycloak's build ended with ${code}:\n${running.output()}`)
}

/** Another process may have been first; then its own stays. */
const keep = (made: string, home: string): void => {
  try {
    renameSync(made, home)
  } catch (error) {
    if (!exists(home)) throw error
  }
}

const removeLeftovers = (cache: string): void => {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (name.startsWith("partial-") && age > LEFTOVER_MS) rmSync(path, { recursive: true, force: true })
  }
}
