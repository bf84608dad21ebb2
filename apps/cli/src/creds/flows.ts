/**
 * The credential flows a person starts: ingress, egress, AgentCore and agents' tokens, one after the other. What is still good is left alone unless
 * forced. One that fails does not stop the others; all are told at the end.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { FileRefused } from "../ide/safeFile.ts"
import { isDue } from "./due.ts"
import type { Folder } from "./folder.ts"
import { type GrantFailed, type Grants, nowSeconds } from "./Grants.ts"
import type { Shown } from "./loopback.ts"
import { AGENTCORE, agentOf, agentTokenFile, egressFile, INGRESS } from "./names.ts"
import { obtainAgent, obtainAgentCore, obtainEgress, obtainIngress } from "./obtain.ts"
import { agentCoreSets, type EgressSet, egressSets, ingressSettings, type SettingsProblem } from "./settings.ts"
import { ageOf } from "./shapes.ts"

export type Part = "ingress" | "egress" | "agentcore" | "keycloak"
type Problem = GrantFailed | FileRefused | SettingsProblem

export interface FlowOptions {
  readonly folder: Folder
  readonly parts: ReadonlyArray<Part>
  /** Egress of this provider alone. */
  readonly provider: string | undefined
  /** Egress for this server alone. */
  readonly server: string | undefined
  /** This numbered set alone. */
  readonly set: number | undefined
  readonly force: boolean
  readonly show: Shown
}

/** One token to get. */
interface Task {
  readonly name: string
  readonly get: Effect.Effect<string, Problem, Grants>
}

const STILL_GOOD_SECONDS = 300

const stillGood = ({ folder, force }: FlowOptions, name: string): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const stored = yield* Effect.orElseSucceed(folder.token(name), () => undefined)
    return !force && stored !== undefined && !isDue(ageOf(stored), STILL_GOOD_SECONDS, yield* nowSeconds)
  })

/** `cognito-m2m` is `cognito_m2m`; a custom provider may have either in its name. */
const spelt = (name: string): string => name.toLowerCase().replaceAll("-", "_")

const isWanted = ({ provider, server, set }: FlowOptions, one: EgressSet): boolean =>
  (provider === undefined || spelt(one.provider.name) === spelt(provider)) &&
  (server === undefined || one.server === server.toLowerCase()) &&
  (set === undefined || one.number === set)

const egressTasks = (options: FlowOptions) =>
  Effect.map(egressSets, (sets) =>
    sets
      .filter((one) => isWanted(options, one))
      .map((one): Task => {
        const way = { ask: options.show, first: one.number === sets[0]?.number }
        return { name: egressFile(one.provider.name, one.server), get: obtainEgress(options.folder, one, way) }
      })
  )

const TASKS: Readonly<Record<Part, (options: FlowOptions) => Effect.Effect<ReadonlyArray<Task>, Problem>>> = {
  ingress: ({ folder }) =>
    Effect.map(ingressSettings, (ingress) => [{ name: INGRESS, get: obtainIngress(folder, ingress) }]),
  egress: egressTasks,
  agentcore: ({ folder }) =>
    Effect.map(agentCoreSets, (sets) =>
      sets.map((one) => ({ name: egressFile(AGENTCORE, one.server), get: obtainAgentCore(folder, one) }))
    ),
  keycloak: ({ folder }) =>
    Effect.map(folder.names, (names) =>
      names.flatMap((file) => {
        const id = agentOf(file)
        return id === undefined ? [] : [{ name: agentTokenFile(id), get: obtainAgent(folder, id) }]
      })
    )
}

export interface Done {
  readonly obtained: ReadonlyArray<string>
  readonly good: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
  /** Parts that nothing is set up for. */
  readonly empty: ReadonlyArray<Part>
}

const NONE: Done = { obtained: [], good: [], problems: [], empty: [] }

const both = (a: Done, b: Done): Done => ({
  obtained: [...a.obtained, ...b.obtained],
  good: [...a.good, ...b.good],
  problems: [...a.problems, ...b.problems],
  empty: [...a.empty, ...b.empty]
})

const runTask = (options: FlowOptions, { get, name }: Task): Effect.Effect<Done, never, Grants> =>
  Effect.gen(function* () {
    if (yield* stillGood(options, name)) {
      yield* Console.error(`good      ${name}`)
      return { ...NONE, good: [name] }
    }
    const saved = yield* get
    yield* Console.error(`saved     ${saved}`)
    return { ...NONE, obtained: [saved] }
  }).pipe(
    Effect.catchAll(({ message }: Problem) =>
      Effect.as(Console.error(`failed    ${name}: ${message}`), { ...NONE, problems: [`${name}: ${message}`] })
    )
  )

const runPart = (options: FlowOptions, part: Part): Effect.Effect<Done, never, Grants> =>
  TASKS[part](options).pipe(
    Effect.flatMap((tasks) =>
      tasks.length === 0
        ? Effect.succeed({ ...NONE, empty: [part] })
        : Effect.map(
            Effect.forEach(tasks, (task) => runTask(options, task)),
            (all) => all.reduce(both, NONE)
          )
    ),
    Effect.catchAll(({ message }: Problem) =>
      Effect.as(Console.error(`failed    ${part}: ${message}`), { ...NONE, problems: [`${part}: ${message}`] })
    )
  )

/** Runs the parts in order. */
export const runFlows = (options: FlowOptions): Effect.Effect<Done, never, Grants> =>
  Effect.map(
    Effect.forEach(options.parts, (part) => runPart(options, part)),
    (all) => all.reduce(both, NONE)
  )
