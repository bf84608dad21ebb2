/**
 * The token refresh service: looks through the folder, renews what is due, writes the files that depend on it, and sleeps until the next one is
 * due. A provider that fails is left alone for longer and longer; the others go on. Asks no person, and the registry only for the servers that need
 * no token, when that is wanted; shows no token.
 */
import * as Effect from "effect/Effect"
import { FileRefused } from "../ide/safeFile.ts"
import { dueAt, isDue, retryAfter, sleepFor } from "./due.ts"
import type { Folder } from "./folder.ts"
import { type GrantFailed, type Grants, nowSeconds } from "./Grants.ts"
import { AGENTCORE, agentOf, agentTokenFile, egressFile, serverOf, tokenFileOf, type TokenFile } from "./names.ts"
import { obtainAgent, obtainAgentCore, obtainEgress, obtainIngress } from "./obtain.ts"
import { agentCoreSets, type EgressSet, egressSets, ingressSettings, SettingsProblem } from "./settings.ts"
import { ageOf, type Stored } from "./shapes.ts"
import { writeIdeFiles } from "./writeIdeFiles.ts"

export interface RefreshOptions {
  readonly folder: Folder
  /** Seconds before a token's end. */
  readonly buffer: number
  /** Longest sleep, in seconds. */
  readonly interval: number
  /** Renew whatever is there. */
  readonly force: boolean
  /** This agent's token alone. */
  readonly agentId: string | undefined
  /** A folder with server JSON files of the replaced system, for the servers that need no token. */
  readonly servers: string | undefined
}

export type Problem = GrantFailed | FileRefused | SettingsProblem

/** What became of one file in a pass. */
export interface Outcome {
  readonly name: string
  readonly result: "refreshed" | "fresh" | "waiting" | "failed"
  /** Why it failed, now or the last time. */
  readonly problem: string | undefined
  /** When it is due or tried again, in unix seconds; undefined for one that does not end. */
  readonly next: number | undefined
}

interface Failure {
  readonly count: number
  readonly until: number
  readonly problem: string
}

/** Failures by file, from pass to pass. */
export type Failures = Map<string, Failure>

const sameServer = (set: EgressSet, server: string | undefined): boolean => set.server === server

const egressAgain = (folder: Folder, stem: string, stored: Stored) =>
  Effect.gen(function* () {
    const provider = stored.provider ?? stem
    const server = serverOf(stem, provider)
    const name = `${stem}-egress.json`
    if (egressFile(provider, server) !== name && stem !== provider) {
      return yield* new FileRefused({ path: name, problem: `its name does not begin with its provider, ${provider}` })
    }
    if (provider === AGENTCORE) {
      const sets = yield* agentCoreSets
      const set = sets.find((one) => one.server === server) ?? (sets.length === 1 ? sets[0] : undefined)
      if (set !== undefined)
        return yield* obtainAgentCore(folder, { ...set, server: stem === AGENTCORE ? undefined : server })
      return yield* new SettingsProblem({ problems: [`no AGENTCORE_CLIENT_ID_N is for the server ${server ?? "?"}`] })
    }
    const sets = (yield* egressSets).filter((set) => set.provider.name === provider)
    const set = sets.find((one) => sameServer(one, server)) ?? sets[0]
    if (set !== undefined) return yield* obtainEgress(folder, { ...set, server }, { ask: undefined, first: false })
    return yield* new SettingsProblem({ problems: [`no EGRESS_PROVIDER_NAME_N is ${provider}`] })
  })

const again = (folder: Folder, file: TokenFile, stored: Stored | undefined): Effect.Effect<string, Problem, Grants> => {
  if (file.kind === "ingress") return Effect.flatMap(ingressSettings, (ingress) => obtainIngress(folder, ingress))
  if (file.kind === "agent") return obtainAgent(folder, file.id)
  return stored === undefined ? Effect.succeed(file.stem) : egressAgain(folder, file.stem, stored)
}

/** A token file, or an agent that has none yet. */
interface Candidate {
  readonly name: string
  readonly file: TokenFile
}

const candidates = (names: ReadonlyArray<string>, agentId: string | undefined): ReadonlyArray<Candidate> => {
  const there = names.flatMap((name) => {
    const file = tokenFileOf(name)
    return file === undefined ? [] : [{ name, file }]
  })
  const known = new Set(there.map(({ name }) => name))
  const agents = [...names.map(agentOf), agentId].filter((id) => id !== undefined)
  const fresh = [...new Set(agents)]
    .map((id): Candidate => ({ name: agentTokenFile(id), file: { kind: "agent", id } }))
    .filter(({ name }) => !known.has(name))
  const all = [...there, ...fresh]
  return agentId === undefined ? all : all.filter(({ file }) => file.kind === "agent" && file.id === agentId)
}

/** One file: is it due, may it be tried, what came of it. Fails never: a problem is an outcome. */
const one = (options: RefreshOptions, failures: Failures, { file, name }: Candidate) =>
  Effect.gen(function* () {
    const { buffer, folder, force } = options
    const now = yield* nowSeconds
    const stored = yield* folder.token(name)
    const age = stored === undefined ? undefined : ageOf(stored)
    if (age !== undefined && !force && !isDue(age, buffer, now)) {
      failures.delete(name)
      return { name, result: "fresh", problem: undefined, next: dueAt(age, buffer) ?? undefined } satisfies Outcome
    }
    const failed = failures.get(name)
    if (failed !== undefined && failed.until > now && !force) {
      return { name, result: "waiting", problem: failed.problem, next: failed.until } satisfies Outcome
    }
    yield* again(folder, file, stored)
    failures.delete(name)
    const renewed = yield* folder.token(name)
    const next = renewed === undefined ? null : dueAt(ageOf(renewed), buffer)
    return { name, result: "refreshed", problem: undefined, next: next ?? undefined } satisfies Outcome
  }).pipe(
    Effect.catchAll((problem: Problem) =>
      Effect.map(nowSeconds, (now): Outcome => {
        const count = (failures.get(name)?.count ?? 0) + 1
        const until = now + retryAfter(count)
        failures.set(name, { count, until, problem: problem.message })
        return { name, result: "failed", problem: problem.message, next: until }
      })
    )
  )

/** Goes through the folder once. Only a folder that can not be read fails. */
export const pass = (
  options: RefreshOptions,
  failures: Failures
): Effect.Effect<ReadonlyArray<Outcome>, FileRefused, Grants | WriteNeeds> =>
  Effect.gen(function* () {
    const names = yield* options.folder.names
    const outcomes = yield* Effect.forEach(candidates(names, options.agentId), (candidate) =>
      one(options, failures, candidate)
    )
    // Also what somebody else put there goes into the IDE files; they are written only where they say something else.
    if (outcomes.some(({ result }) => result === "refreshed" || result === "fresh"))
      yield* writeIdeFiles(options.folder, options.servers)
    return outcomes
  })

type WriteNeeds = Effect.Effect.Context<ReturnType<typeof writeIdeFiles>>

/** Passes for ever. `seen` is told of each; `woken` ends a sleep early, when somebody changed the folder. */
export const serve = <R>(
  options: RefreshOptions,
  seen: (outcomes: ReadonlyArray<Outcome>) => Effect.Effect<void, never, R>,
  woken: Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const failures: Failures = new Map()
    let force = options.force
    for (;;) {
      const outcomes = yield* Effect.catchAll(pass({ ...options, force }, failures), (refused) =>
        Effect.as(Effect.logError(refused.message), new Array<Outcome>())
      )
      force = false
      yield* seen(outcomes)
      const moments = outcomes.flatMap(({ next }) => (next === undefined ? [] : [next]))
      const seconds = sleepFor(moments, options.interval, yield* nowSeconds)
      yield* Effect.race(Effect.sleep(`${seconds} seconds`), woken)
    }
  })
