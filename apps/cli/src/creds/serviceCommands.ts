/** `mcpgw creds refresh | status | stop`: the refresher, in the foreground or behind. Says names, times and problems, never a token. */
import * as Command from "@effect/cli/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
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
import { usage } from "../Failure.ts"
import { globals } from "../connect/options.ts"
import { about } from "../help.ts"
import { show } from "../show/table.ts"
import { CredsProblem } from "./CredsProblem.ts"
import { dueAt } from "./due.ts"
import { type Folder, knownFolder, openFolder } from "./folder.ts"
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

/** Says what changed, or with `verbose` all of it. */
const looked = (folder: Folder, verbose: boolean) => (outcomes: ReadonlyArray<Outcome>) =>
  Effect.forEach(
    outcomes.filter(({ result }) => verbose || (result !== "fresh" && result !== "waiting")),
    (outcome) => Console.error(`${new Date().toISOString()} ${line(outcome)}`)
  ).pipe(Effect.zipRight(writeStatus(folder, outcomes)))

const service = (refreshing: RefreshOptions, verbose: boolean) =>
  Effect.gen(function* () {
    yield* holdPidFile(refreshing.folder)
    yield* Console.error(`${new Date().toISOString()} the refresher runs as process ${process.pid}`)
    yield* serve(refreshing, looked(refreshing.folder, verbose), yield* watch(refreshing.folder))
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
    background: options.background,
    verbose: options.verbose
  },
  (args) =>
    Effect.gen(function* () {
      if (args.once && args.background) return yield* usage("--once and --background are both set")
      if (Option.isSome(args.agentId) && args.background)
        return yield* usage("--agent-id renews one token once; --background goes on with all")
      const folder = yield* openFolder(args.folder)
      const agentId = Option.getOrUndefined(args.agentId)
      const servers = Option.getOrUndefined(args.servers)
      const refreshing: RefreshOptions = { ...args, folder, agentId, servers }
      // One agent's token is asked for to be used now: the replaced documents end with reading its file.
      if (agentId !== undefined) return yield* lookOnce(refreshing)
      if (!args.once && !args.background) return yield* service(refreshing, args.verbose)
      yield* refuseAnother(folder)
      if (args.once) return yield* lookOnce(refreshing)
      const words = ["creds", "refresh", "--folder", folder.path, "--interval", String(args.interval)]
      const more = [
        "--buffer",
        String(args.buffer),
        ...(args.force ? ["--force"] : []),
        ...(args.verbose ? ["--verbose"] : []),
        ...(servers === undefined ? [] : ["--servers", servers])
      ]
      const pid = yield* startBackground(folder, [...words, ...more])
      yield* Console.error(`the refresher runs as process ${pid}; its log is ${folder.path}/${LOG_FILE}`)
    })
).pipe(
  Command.provide(Grants.layer),
  Command.withDescription(
    about(
      "Renew the tokens in .oauth-tokens before they end, again and again.",
      "creds refresh --background",
      "creds refresh --once --agent-id reader"
    )
  )
)

interface State {
  readonly file: string
  readonly state: "good" | "due" | "ended" | "endless" | "unreadable"
  /** Unix seconds; null: it does not end, or nobody knows. */
  readonly expires_at: number | null
  /** Why the refresher that runs could not renew it, the last time it tried; null: it could, or none runs. */
  readonly problem: string | null
  /** When it tries again, unix seconds. */
  readonly next_at: number | null
}

/** What the refresher wrote of its last look. */
const LastLook = Schema.parseJson(
  Schema.Struct({
    files: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        result: Schema.String,
        problem: Schema.optional(Schema.String),
        next: Schema.optional(Schema.Number)
      })
    )
  })
)

interface Problem {
  readonly problem?: string | undefined
  readonly next?: number | undefined
}

const NO_PROBLEMS: ReadonlyMap<string, Problem> = new Map()

/** Its problems, by file. */
const problemsIn = (folder: Folder) =>
  folder.text(STATUS_FILE).pipe(
    Effect.flatMap((text) => Schema.decodeUnknown(LastLook)(text)),
    Effect.map(({ files }) => files.filter(({ result }) => result === "failed" || result === "waiting")),
    Effect.map((files): ReadonlyMap<string, Problem> => new Map(files.map((one) => [one.name, one]))),
    Effect.orElseSucceed((): ReadonlyMap<string, Problem> => NO_PROBLEMS)
  )

/** How one file's token is now. */
const tokenState = (folder: Folder, file: string, buffer: number) =>
  Effect.gen(function* () {
    const now = yield* nowSeconds
    const stored = yield* Effect.option(folder.token(file))
    if (Option.isNone(stored) || stored.value === undefined) return { state: "unreadable", expires_at: null } as const
    const age = ageOf(stored.value)
    const { expiresAt } = age
    if (expiresAt === null) return { state: "endless", expires_at: null } as const
    const due = dueAt(age, buffer)
    const alive = due !== null && due <= now ? "due" : "good"
    return { state: expiresAt <= now ? "ended" : alive, expires_at: expiresAt } as const
  })

const stateLine = ({ expires_at: at, file, next_at: next, problem, state }: State): string =>
  [
    `${state.padEnd(10)} ${file}${at === null ? "" : `, until ${human(at)}`}`,
    ...(problem === null ? [] : [`           ${problem}${next === null ? "" : `; tried again at ${human(next)}`}`])
  ].join("\n")

export const status = Command.make(
  "status",
  { folder: options.folder, buffer: options.buffer, json: globals.json },
  (args) =>
    Effect.gen(function* () {
      const folder = yield* knownFolder(args.folder)
      const pid = yield* runningPid(folder)
      const files = (yield* folder.names).filter((name) => tokenFileOf(name) !== undefined)
      const problems = pid === undefined ? NO_PROBLEMS : yield* problemsIn(folder)
      const tokens = yield* Effect.forEach(files, (file) =>
        Effect.map(tokenState(folder, file, args.buffer), (now): State => {
          const { next, problem } = problems.get(file) ?? {}
          return { file, ...now, problem: problem ?? null, next_at: next ?? null }
        })
      )
      const runs = pid === undefined ? "the refresher does not run" : `the refresher runs as process ${pid}`
      yield* show(args.json, { pid: pid ?? null, tokens }, () => [runs, ...tokens.map(stateLine)].join("\n"))
    })
).pipe(
  Command.withDescription(about("Say whether the refresher runs, and how long each token is good.", "creds status"))
)

export const stop = Command.make("stop", { folder: options.folder }, (args) =>
  Effect.gen(function* () {
    const folder = yield* knownFolder(args.folder)
    const pid = yield* stopBackground(folder)
    yield* Console.error(
      pid === undefined ? `no refresher runs (${folder.path}/${PID_FILE})` : `ended     process ${pid}`
    )
  })
).pipe(Command.withDescription(about("End the refresher in the background.", "creds stop")))
