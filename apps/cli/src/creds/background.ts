/**
 * The refresher as a process in the background: its pid file, log and status in the token folder. One per folder. A process is stopped only when it
 * is a refresher: a number in a file may long be somebody else's.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { closeSync, constants, openSync } from "node:fs"
import { FILE_MODE, FileRefused, readPlain } from "../ide/safeFile.ts"
import { locked } from "../connect/lock.ts"
import type { Folder } from "./folder.ts"

export const PID_FILE = "token_refresher.pid"
export const LOG_FILE = "token_refresher.log"
export const STATUS_FILE = "token_refresher.status.json"

export class RefresherProblem extends Schema.TaggedError<RefresherProblem>()("RefresherProblem", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

const RUNS_AS = /\bcreds\b.*\brefresh\b/

/** The command line of a process; empty when it is not there. */
const commandLine = (pid: number) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const proc = yield* Effect.option(fs.readFileString(`/proc/${pid}/cmdline`))
    if (proc._tag === "Some") return proc.value.replaceAll("\0", " ")
    return yield* Effect.orElseSucceed(
      Command.string(Command.make("ps", "-o", "command=", "-p", String(pid))),
      () => ""
    )
  })

/** The pid of the refresher of this folder; undefined when none runs. */
export const runningPid = ({ path }: Folder) =>
  Effect.gen(function* () {
    const text = yield* readPlain(`${path}/${PID_FILE}`)
    const pid = Number((text ?? "").trim())
    if (!Number.isSafeInteger(pid) || pid <= 1) return undefined
    return RUNS_AS.test(yield* commandLine(pid)) ? pid : undefined
  })

const another = (pid: number): RefresherProblem =>
  new RefresherProblem({
    problem: `a refresher runs for this folder already, as process ${pid}; mcpgw creds stop ends it`
  })

/** Fails when a refresher runs: two would spend the same refresh tokens. */
export const refuseAnother = (folder: Folder) =>
  Effect.flatMap(runningPid(folder), (pid) => (pid === undefined ? Effect.void : another(pid)))

/** Holds the pid file while the scope is open; fails when another refresher has it. One that a dead process left is taken over. */
export const holdPidFile = (folder: Folder) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = `${folder.path}/${PID_FILE}`
    const own = `${process.pid}\n`
    const claim = fs.writeFileString(file, own, { flag: "wx", mode: FILE_MODE })
    const takeOver = Effect.gen(function* () {
      yield* refuseAnother(folder)
      yield* fs.remove(file, { force: true })
      yield* claim
    })
    // Two that find the same dead process's file must not both take it over.
    const alone = locked(fs, folder.path, `${folder.path}/.token_refresher.lock`)
    const letGo = Effect.gen(function* () {
      if ((yield* readPlain(file)) === own) yield* fs.remove(file, { force: true })
    })
    yield* Effect.acquireRelease(
      alone(Effect.orElse(claim, () => takeOver)).pipe(
        Effect.mapError((error) =>
          error._tag === "RefresherProblem" ? error : new FileRefused({ path: file, problem: error.message })
        )
      ),
      () => Effect.orElseSucceed(letGo, () => undefined)
    )
  })

/** A compiled binary has its script inside. */
const isInside = (script: string): boolean => /^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN)/.test(script)

/** Starts this command line again, detached, with these words; answers its pid. Its output goes into the log. */
export const startBackground = ({ path }: Folder, words: ReadonlyArray<string>) =>
  Effect.try({
    try: () => {
      const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
      const log = openSync(`${path}/${LOG_FILE}`, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, FILE_MODE)
      const script = process.argv[1] ?? ""
      // What keeps this process from reading the folder's files keeps the next one from it, too.
      const command = [...process.execArgv, ...(isInside(script) ? [] : [script]), ...words]
      const child = spawn(process.execPath, command, { detached: true, stdio: ["ignore", log, log] })
      child.unref()
      closeSync(log)
      return child.pid
    },
    catch: () =>
      new RefresherProblem({ problem: `the refresher could not be started; its log would be ${path}/${LOG_FILE}` })
  })

const STOPS_WITHIN_TRIES = 100

/** Ends the refresher of the folder; answers its pid, undefined when none ran. */
export const stopBackground = (folder: Folder) =>
  Effect.gen(function* () {
    const pid = yield* runningPid(folder)
    if (pid === undefined) return undefined
    yield* Effect.try({
      try: () => process.kill(pid, "SIGTERM"),
      catch: () => new RefresherProblem({ problem: `process ${pid} can not be ended; it may be somebody else's` })
    })
    for (let i = 0; i < STOPS_WITHIN_TRIES; i++) {
      if ((yield* runningPid(folder)) === undefined) return pid
      yield* Effect.sleep("100 millis")
    }
    return yield* new RefresherProblem({ problem: `process ${pid} was told to end and still runs` })
  })
