/** `mcpgw creds refresh | status | stop`: the refresher, in the foreground or behind. Says names, times and problems, never a token. */
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import {
  holdPidFile,
  LOG_FILE,
  PID_FILE,
  refuseAnother,
  runningPid,
  startBackground,
  STATUS_FILE,
  stopBackground
} from "./background.ts"
import { CredsProblem } from "./CredsProblem.ts"
import { dueAt } from "./due.ts"
import { type Folder, openFolder } from "./folder.ts"
import { Grants, nowSeconds } from "./Grants.ts"
import { agentOf, tokenFileOf } from "./names.ts"
import * as options from "./options.ts"
import { type Outcome, pass, type RefreshOptions, serve } from "./refresh.ts"
import { ageOf, human } from "./shapes.ts"

const line = ({ name, next, problem, result }: Outcome): string => {
  const when = next === undefined ? "" : `, next at ${human(next)}`
  return `${result.padEnd(9)} ${name}${problem === undefined ? "" : `: ${problem}`}${when}`
}

/** What status is told of: names, times and problems. */
const writeStatus = (folder: Folder, outcomes: ReadonlyArray<Outcome>) =>
  Effect.gen(function* () {
    const status = { pid: process.pid, looked_at: human(yield* nowSeconds), files: outcomes }
    yield* folder.write(STATUS_FILE, `${JSON.stringify(status, null, 2)}\n`)
  }).pipe(Effect.catchAll((refused) => Effect.logError(refused.message)))

/** Is it a file whose change may make something due? Our own pid, log, status and unfinished files are not. */
const matters = (path: string): boolean => {
  const name = path.split(/[\\/]/).at(-1) ?? ""
  return tokenFileOf(name) !== undefined || agentOf(name) !== undefined
}

/** Ends a sleep when somebody else changes the folder. A system that can not watch is looked at every interval all the same. */
const watch = (folder: Folder) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const changes = yield* Queue.sliding<void>(1)
    yield* fs.watch(folder.path).pipe(
      Stream.filter(({ path }) => matters(path)),
      Stream.runForEach(() => Queue.offer(changes, undefined)),
      Effect.catchAll(() => Effect.logWarning("The folder can not be watched; it is looked at every interval")),
      Effect.forkScoped
    )
    return Effect.zipRight(Effect.sleep("2 seconds"), Queue.take(changes))
  })

const looked = (folder: Folder) => (outcomes: ReadonlyArray<Outcome>) =>
  Effect.forEach(
    outcomes.filter(({ result }) => result !== "fresh" && result !== "waiting"),
    (outcome) => Console.error(`${new Date().toISOString()} ${line(outcome)}`)
  ).pipe(Effect.zipRight(writeStatus(folder, outcomes)))

const service = (refreshing: RefreshOptions) =>
  Effect.gen(function* () {
    yield* holdPidFile(refreshing.folder)
    yield* Console.error(`${new Date().toISOString()} the refresher runs as process ${process.pid}`)
    yield* serve(refreshing, looked(refreshing.folder), yield* watch(refreshing.folder))
  }).pipe(Effect.scoped)

const lookOnce = (refreshing: RefreshOptions) =>
  Effect.gen(function* () {
    const outcomes = yield* pass(refreshing, new Map())
    if (outcomes.length === 0) yield* Console.error(`no tokens in ${refreshing.folder.path}; mcpgw creds gets them`)
    yield* Effect.forEach(outcomes, (outcome) => Console.error(line(outcome)))
    const failed = outcomes.filter(({ result }) => result === "failed").length
    if (failed > 0)
      return yield* new CredsProblem({ problem: `${failed} of ${outcomes.length} tokens could not be renewed` })
  })

export const refresh = Command.make(
  "refresh",
  {
    folder: options.folder,
    servers: options.servers,
    interval: options.interval,
    buffer: options.buffer,
    once: options.once,
    force: options.force,
    agentId: options.agentId,
    background: options.background
  },
  (args) =>
    Effect.gen(function* () {
      if (args.once && args.background)
        return yield* new CredsProblem({ problem: "--once and --background are both set" })
      const folder = yield* openFolder(args.folder)
      const agentId = Option.getOrUndefined(args.agentId)
      const servers = Option.getOrUndefined(args.servers)
      const refreshing: RefreshOptions = { ...args, folder, agentId, servers }
      // One agent's token is asked for to be used now: the replaced documents end with reading its file.
      if (agentId !== undefined && !args.background) return yield* lookOnce(refreshing)
      if (!args.once && !args.background) return yield* service(refreshing)
      yield* refuseAnother(folder)
      if (args.once) return yield* lookOnce(refreshing)
      const words = ["creds", "refresh", "--folder", folder.path, "--interval", String(args.interval)]
      const more = [
        "--buffer",
        String(args.buffer),
        ...(args.force ? ["--force"] : []),
        ...(servers === undefined ? [] : ["--servers", servers])
      ]
      const pid = yield* startBackground(folder, [...words, ...more])
      yield* Console.error(`the refresher runs as process ${pid}; its log is ${folder.path}/${LOG_FILE}`)
    })
).pipe(
  Command.provide(Grants.layer),
  Command.withDescription(
    "Renew the tokens in .oauth-tokens before they end, again and again. Example: mcpgw creds refresh --background"
  )
)

export const status = Command.make("status", { folder: options.folder, buffer: options.buffer }, (args) =>
  Effect.gen(function* () {
    const folder = yield* openFolder(args.folder)
    const pid = yield* runningPid(folder)
    yield* Console.log(pid === undefined ? "the refresher does not run" : `the refresher runs as process ${pid}`)
    const now = yield* nowSeconds
    for (const name of yield* folder.names) {
      if (tokenFileOf(name) === undefined) continue
      const stored = yield* Effect.option(folder.token(name))
      if (Option.isNone(stored) || stored.value === undefined) {
        yield* Console.log(`unreadable ${name}`)
        continue
      }
      const age = ageOf(stored.value)
      const due = dueAt(age, args.buffer)
      const state =
        age.expiresAt === null
          ? "endless"
          : age.expiresAt <= now
            ? "ended"
            : due !== null && due <= now
              ? "due"
              : "good"
      yield* Console.log(
        `${state.padEnd(10)} ${name}${age.expiresAt === null ? "" : `, until ${human(age.expiresAt)}`}`
      )
    }
  })
).pipe(
  Command.withDescription(
    "Say whether the refresher runs, and how long each token is good. Example: mcpgw creds status"
  )
)

export const stop = Command.make("stop", { folder: options.folder }, (args) =>
  Effect.gen(function* () {
    const folder = yield* openFolder(args.folder)
    const pid = yield* stopBackground(folder)
    yield* Console.error(
      pid === undefined ? `no refresher runs (${folder.path}/${PID_FILE})` : `ended     process ${pid}`
    )
  })
).pipe(Command.withDescription("End the refresher in the background. Example: mcpgw creds stop"))
