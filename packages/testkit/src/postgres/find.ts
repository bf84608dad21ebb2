/**
 * Where PostgreSQL's programs are, and who may run them: they refuse root. Debian's package is installed when nothing is there and this
 * is root. Never starts a server. Imported from tests only.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { installDebian, settled } from "../debian.ts"

const DEBIAN = "/usr/lib/postgresql"

export interface Programs {
  readonly _tag: "Programs"
  /** Folder of `initdb` and `postgres`. */
  readonly bin: string
  /** Undefined: run as whoever runs the tests. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
}

/** Why there are none on this machine. */
export interface Missing {
  readonly _tag: "Missing"
  readonly reason: string
}

/** The newest version's programs; their absence is printed with the reason. */
export const findPostgres = (): Programs | Missing => {
  const found = find()
  if (found._tag === "Missing") process.stderr.write(`PostgreSQL's tests are skipped: ${found.reason}\n`)
  return found
}

const missing = (reason: string): Missing => ({ _tag: "Missing", reason })

const find = (): Programs | Missing => {
  settled()
  const isRoot = process.getuid?.() === 0
  const bin = newest() ?? (isRoot ? install() : undefined)
  if (bin === undefined) return missing(`no initdb in PATH or under ${DEBIAN} (Debian's package postgresql)`)
  if (!isRoot) return { _tag: "Programs", bin, user: undefined }
  if (Bun.which("setpriv") === null) return missing("PostgreSQL refuses to run as root, and there is no setpriv")
  const user = unprivileged()
  return user === undefined ? missing("there is no user to run it as") : { _tag: "Programs", bin, user }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const newest = (): string | undefined => {
  const versions = statSync(DEBIAN, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(DEBIAN)
  const bins = versions
    .filter((version) => isFile(join(DEBIAN, version, "bin", "initdb")))
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, "bin"))
  const inPath = Bun.which("initdb")
  return bins[0] ?? (inPath === null ? undefined : join(inPath, ".."))
}

const install = (): string | undefined => (installDebian("postgresql") ? newest() : undefined)

const unprivileged = (): Programs["user"] => {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n")
  const line = lines.find((line) => line.startsWith("postgres:")) ?? lines.find((line) => line.startsWith("nobody:"))
  const [, , uid, gid] = line?.split(":") ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}
