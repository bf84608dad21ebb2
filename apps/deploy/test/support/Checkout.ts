/** A checkout with nothing in it but the launcher, and a PATH with nothing in it but what a test puts there. For tests only. */
import { root, type Running, spawn, tempDir } from "@mcpgw/testkit/Process"
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"

/** The real Node; `bun --bun` puts a `node` that is Bun into PATH. Undefined on a machine without Node. */
export const node: string | undefined =
  Bun.which("node", {
    PATH: (process.env["PATH"] ?? "")
      .split(delimiter)
      .filter((folder) => !folder.includes("bun-node"))
      .join(delimiter)
  }) ?? undefined

/** What a shell script may need. */
const TOOLS = [
  "sh",
  "bash",
  "env",
  "cat",
  "sleep",
  "mkdir",
  "chmod",
  "cp",
  "rm",
  "mktemp",
  "tee",
  "grep",
  "tail",
  "uname",
  "dirname",
  "git"
]

export interface Checkout {
  readonly path: string
  /** Adds a command to PATH: a shell script's body. `$RECORD` is where it may write lines. */
  readonly command: (name: string, body: string) => void
  /** Runs the launcher under `runtime`. */
  readonly launch: (runtime: string, ...words: ReadonlyArray<string>) => Running
  readonly run: (...command: ReadonlyArray<string>) => Running
  /** What the commands wrote to `$RECORD`. */
  readonly record: () => ReadonlyArray<string>
  readonly write: (path: string, text: string) => void
  readonly read: (path: string) => string
  readonly has: (path: string) => boolean
  readonly remove: () => void
}

export const makeCheckout = (): Checkout => {
  const room = tempDir("launch")
  const path = join(room.path, "checkout")
  const bin = join(room.path, "bin")
  const recorded = join(room.path, "record")
  mkdirSync(bin)
  for (const tool of TOOLS) {
    const found = Bun.which(tool)
    if (found !== null) symlinkSync(found, join(bin, tool))
  }
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  for (const copied of ["apps/deploy/launch.mjs", "apps/deploy/launch", ".ci/run"])
    cpSync(join(root, copied), join(path, copied), { recursive: true })
  write("package.json", `{ "name": "checkout", "private": true, "type": "module", "packageManager": "bun@1.4.4" }\n`)
  write("bun.lock", "one\n")
  mkdirSync(join(path, "node_modules"))
  const run = (...command: ReadonlyArray<string>): Running =>
    spawn({ command, cwd: path, env: { PATH: bin, RECORD: recorded, CHECKOUT: path } })
  return {
    path,
    command: (name, body) => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
      chmodSync(join(bin, name), 0o755)
    },
    // Both streams in one pipe, as in a terminal: read from two, what was said last may come first.
    launch: (runtime, ...words) => run("sh", "-c", 'exec "$@" 2>&1', "sh", runtime, "apps/deploy/launch.mjs", ...words),
    run,
    record: () => (existsSync(recorded) ? readFileSync(recorded, "utf8").trimEnd().split("\n") : []),
    write,
    read: (name) => readFileSync(join(path, name), "utf8"),
    has: (name) => existsSync(join(path, name)),
    remove: room.remove
  }
}

/** A `bun` of that version which records its words, then does `body`. */
export const bunOf = (version: string, body = "exit 0"): string =>
  `if [ "$1" = --version ]; then echo ${version}; exit 0; fi
echo "bun $*" >> "$RECORD"
if [ "$1" = install ]; then exit 0; fi
${body}`

/** An `npm` that records its words and lays down a Bun, as the registry's package would; `slow` seconds of work first. */
export const npmThatFetches = (version: string, slow = 0): string =>
  `echo "npm $*" >> "$RECORD"
sleep ${slow}
for build in bun-test-x64 bun-test-x64-baseline; do
  mkdir -p "$CHECKOUT/.bun/node_modules/@oven/$build/bin"
  cat > "$CHECKOUT/.bun/node_modules/@oven/$build/bin/bun" <<'BUN'
#!/bin/sh
case "$0" in *baseline*) ;; *) exit 132 ;; esac
${bunOf(version, `echo "build $(dirname "$0")" >> "$RECORD"`)}
BUN
  chmod 755 "$CHECKOUT/.bun/node_modules/@oven/$build/bin/bun"
done`
