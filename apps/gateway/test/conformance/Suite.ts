/**
 * The official conformance suite, both of its published lines, as programs to run. Knows its options and its requirement files. For client
 * scenarios the suite itself listens on every interface while it runs; it has no option for that.
 */
import { type Running, spawn, tempDir } from "@mcpgw/testkit/Process"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { parse } from "yaml"
import { readRows, type Row } from "./Results.ts"
import { isOutOfScope } from "./Scope.ts"

type Line = "conformance-0.1" | "conformance-0.2"
export type Role = "server" | "client"

export interface Run {
  readonly name: string
  readonly line: Line
  readonly role: Role
  /** The revision whose requirements are run; without one, everything the line has. */
  readonly revision?: string
}

const revised = (role: Role, revision: string): Run => ({
  name: `0.2 ${role} ${revision}`,
  line: "conformance-0.2",
  role,
  revision
})

const runsOf = (role: Role): ReadonlyArray<Run> => [
  revised(role, "2025-11-25"),
  revised(role, "2026-07-28"),
  { name: `0.1 ${role} all`, line: "conformance-0.1", role }
]

export const RUNS: ReadonlyArray<Run> = (["server", "client"] as const).flatMap(runsOf)

const folderOf = (line: Line): string => dirname(createRequire(import.meta.url).resolve(`${line}/package.json`))

/** The suite's program. */
export const programOf = (line: Line): string => join(folderOf(line), "dist", "index.js")

/** Why the suite can not be run here; undefined when it can. */
export const missing = (): string | undefined => {
  try {
    const absent = (["conformance-0.1", "conformance-0.2"] as const).find((line) => !existsSync(programOf(line)))
    return absent === undefined ? undefined : `${absent} has no program`
  } catch (cause) {
    return cause instanceof Error ? cause.message.split("\n")[0] : String(cause)
  }
}

interface Requirements {
  readonly server: ReadonlyArray<string>
  readonly client: ReadonlyArray<string>
  readonly not_scored: ReadonlyArray<{ readonly scenario: string; readonly leg: Role; readonly reason: string }>
}

/**
 * The scenarios of a run that must check something. The suite scores those that were required when the revision was released; here those it
 * added later or holds back for its own server's sake count as well. Of an extension the suite may skip what it likes.
 */
export const requiredOf = ({ line, role, revision }: Run, rows: ReadonlyArray<Row>): ReadonlySet<string> => {
  if (revision === undefined) return new Set(rows.map(({ scenario }) => scenario))
  const file = join(folderOf(line), "requirements", `${revision}.yaml`)
  const { [role]: scored, not_scored }: Requirements = parse(readFileSync(file, "utf8"))
  const later = not_scored.filter(({ leg, reason }) => leg === role && reason !== "extension")
  return new Set([...scored, ...later.map(({ scenario }) => scenario)].filter((scenario) => !isOutOfScope(scenario)))
}

/** What a client command finds in its environment when it is to go through the gateway. */
export type ClientEnv = Readonly<Record<string, string>>

const CLIENT = join(import.meta.dirname, "client.ts")

const wordsOf = ({ line, role, revision }: Run, url: string, output: string): ReadonlyArray<string> => [
  process.execPath,
  programOf(line),
  role,
  ...(revision === undefined ? ["--suite", "all"] : ["--requirements", revision]),
  ...(role === "server" ? ["--url", url] : ["--command", `${process.execPath} ${CLIENT}`, "--timeout", "60000"]),
  "--output-dir",
  output
]

/** Longer than any run takes on a busy machine; a suite that hangs is ended and its rows so far are read. */
const LIMIT_MS = 180_000

const ended = async (running: Running): Promise<void> => {
  const kill = setTimeout(() => void running.stop("SIGKILL"), LIMIT_MS)
  await running.exited
  clearTimeout(kill)
}

/** Runs it against the server at `url`, or with clients that have `env`. */
export const play = async (run: Run, url: string, env: ClientEnv): Promise<ReadonlyArray<Row>> => {
  const folder = tempDir("conformance")
  try {
    await ended(spawn({ command: wordsOf(run, url, folder.path), cwd: folder.path, env }))
    return readRows(folder.path, run.role)
  } finally {
    folder.remove()
  }
}
