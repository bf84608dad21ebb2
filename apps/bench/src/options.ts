/** The command line: what may be asked for, and the help that teaches it. Pure. */

/** Arms of the load phase, in the order they are printed. */
export const ARMS = ["direct", "bare", "nginx", "nginx-auth", "mcpgw"] as const
/** `against`: another checkout of mcpgw, in a run that names one. */
export type ArmName = (typeof ARMS)[number] | "against"

/** The other things measured. */
export const PHASES = ["start", "streams", "flood", "registry", "micro"] as const
export type PhaseName = (typeof PHASES)[number]

/** Over what the registry is measured. */
export const DATABASES = ["sqlite", "postgres"] as const
export type DatabaseName = (typeof DATABASES)[number]

export interface Options {
  readonly rounds: number
  /** Of one arm in one round. */
  readonly seconds: number
  readonly connections: number
  readonly streams: number
  /** Registered before the registry is asked. */
  readonly servers: number
  readonly database: DatabaseName
  readonly only: ReadonlySet<ArmName | PhaseName>
  /** Folder of another checkout of mcpgw, measured beside this one; relative to this one's. */
  readonly against: string | undefined
  readonly generator: "wrk" | "bundled" | "any"
  readonly pin: boolean
  readonly json: boolean
}

export const defaults: Options = {
  rounds: 6,
  seconds: 3,
  connections: 32,
  streams: 5_000,
  servers: 10_000,
  database: "sqlite",
  only: new Set([...ARMS, ...PHASES]),
  against: undefined,
  generator: "any",
  pin: true,
  json: false
}

export type Parsed =
  | { readonly _tag: "Run"; readonly options: Options }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Wrong"; readonly problem: string }

const wrong = (problem: string): Parsed => ({ _tag: "Wrong", problem })

/** `--name value` flags that hold a number, with what they may hold. */
const NUMBERS = {
  "--rounds": { key: "rounds", least: 1, most: 100 },
  "--seconds": { key: "seconds", least: 1, most: 60 },
  "--connections": { key: "connections", least: 1, most: 1_000 },
  "--streams": { key: "streams", least: 10, most: 10_000 },
  "--servers": { key: "servers", least: 100, most: 100_000 }
} as const

const isNumberFlag = (flag: string): flag is keyof typeof NUMBERS => Object.hasOwn(NUMBERS, flag)

type Step =
  | { readonly _tag: "Set"; readonly set: Partial<Options>; readonly used: 1 | 2 }
  | Extract<Parsed, { _tag: "Help" | "Wrong" }>

const set = (set: Partial<Options>, used: 1 | 2): Step => ({ _tag: "Set", set, used })

const readFlag = (flag: string, value: string | undefined): Step => {
  if (isNumberFlag(flag)) {
    const { key, least, most } = NUMBERS[flag]
    const number = Number(value)
    return /^\d+$/.test(value ?? "") && number >= least && number <= most
      ? set({ [key]: number }, 2)
      : {
          _tag: "Wrong",
          problem: `${flag} held ${JSON.stringify(value ?? "nothing")}; it may hold an integer from ${least} to ${most}`
        }
  }
  switch (flag) {
    case "--only":
      return readOnly(value)
    case "--against":
      return value !== undefined && value !== "" && !value.startsWith("--")
        ? set({ against: value }, 2)
        : {
            _tag: "Wrong",
            problem: `--against held ${JSON.stringify(value ?? "nothing")}; it may hold the folder of another checkout of mcpgw`
          }
    case "--generator":
      return value === "wrk" || value === "bundled"
        ? set({ generator: value }, 2)
        : {
            _tag: "Wrong",
            problem: `--generator held ${JSON.stringify(value ?? "nothing")}; it may hold wrk or bundled`
          }
    case "--database": {
      const database = DATABASES.find((name) => name === value)
      return database === undefined
        ? {
            _tag: "Wrong",
            problem: `--database held ${JSON.stringify(value ?? "nothing")}; it may hold ${DATABASES.join(" or ")}`
          }
        : set({ database }, 2)
    }
    case "--no-pin":
      return set({ pin: false }, 1)
    case "--json":
      return set({ json: true }, 1)
    case "--help":
    case "-h":
      return { _tag: "Help" }
    default:
      return { _tag: "Wrong", problem: `unknown flag ${JSON.stringify(flag)}` }
  }
}

const readOnly = (value: string | undefined): Step => {
  const known: ReadonlyArray<ArmName | PhaseName> = [...ARMS, ...PHASES]
  const asked = (value ?? "").split(",").filter((name) => name !== "")
  const names = known.filter((name) => asked.includes(name))
  const stranger = asked.find((name) => !known.some((candidate) => candidate === name))
  if (asked.length === 0 || stranger !== undefined) {
    const held = stranger ?? "nothing"
    return {
      _tag: "Wrong",
      problem: `--only held ${JSON.stringify(held)}; it may hold, separated by commas, ${known.join(", ")}`
    }
  }
  const loads = ARMS.some((arm) => asked.includes(arm))
  // Everything is measured against the bare proxy.
  return set({ only: new Set(loads ? [...names, "bare"] : names) }, 2)
}

/** Reads the arguments behind the program's name. */
export const parse = (args: ReadonlyArray<string>): Parsed => {
  let options = defaults
  for (let i = 0; i < args.length;) {
    const flag = args[i] ?? ""
    const step = readFlag(flag, args[i + 1])
    if (step._tag === "Wrong") return wrong(step.problem)
    if (step._tag === "Help") return step
    options = { ...options, ...step.set }
    i += step.used
  }
  return { _tag: "Run", options }
}

/** Arms asked for, in the order they are printed. Another checkout is measured where this one is. */
export const armsOf = ({ only, against }: Options): ReadonlyArray<ArmName> => [
  ...ARMS.filter((arm) => only.has(arm)),
  ...(against !== undefined && only.has("mcpgw") ? (["against"] as const) : [])
]

export const HELP = `npm run bench — what a governed call costs, beside what it costs without us

  Starts its own MCP echo server and everything measured, each a process of its own, on loopback and free ports; leaves
  nothing behind. Takes several minutes. Needs Linux (/proc); uses wrk, nginx and taskset where they are installed.

  Arms of the load phase, interleaved in every round, in an order that turns from round to round:
    direct       the load generator straight to the echo server
    bare         a Bun proxy of ten lines, Bun.serve and fetch: the yardstick
    nginx        nginx as a proxy, one worker, kept-alive connections, no access log
    nginx-auth   the same, asking a Bun server that remembers verified tokens before every call (auth_request)
    mcpgw        the gateway as shipped: token, policy, strict envelope check, metrics, audit rows on disk
    against      the same of another checkout, with --against: before and after in one run

  Other phases:
    start        start to first answered call, and memory at rest
    streams      idle event streams: memory and CPU per stream, CPU per event relayed, bare and governed
    flood        a caller whose token is known, alone and beside as many calls a second of a known token, of distinct forged tokens
                 and of distinct new valid ones: its p50 and p99, in turns within each round
    registry     the API over thousands of registered servers: pages of the list, queries, tags, search by words, as an administrator
                 and as somebody to whom the policy opens half of them; then a thousand registrations
    micro        envelope check, list filter, decision and stream filter beside JSON.parse of the same text; the relay of
                 event streams beside a bare stream

  Flags:
    --rounds N        of the load and flood phases (${defaults.rounds}); medians and ranges are over these
    --seconds N       of load per arm and round (${defaults.seconds})
    --connections N   kept-alive connections, each with one call at a time (${defaults.connections})
    --streams N       idle streams (${defaults.streams}, where the bar is set)
    --servers N       servers registered before the registry is asked (${defaults.servers}, where the bars are set)
    --database D      what the registry is measured over: sqlite, or postgres, a server of Debian's package postgresql that the
                      bench starts (${defaults.database})
    --only A,B        only these arms and phases; bare is added to any arm
    --against DIR     measure another checkout of mcpgw beside this one, such as an older commit: a folder, relative to this
                      one, with its dependencies installed. It gets a data folder of its own and learns of its server over
                      its own API. To make one:
                        git worktree add ../before <commit>
                        node ../before/apps/deploy/launch.mjs exec install --frozen-lockfile
                        npm run bench -- --only mcpgw --against ../before
    --generator G     wrk or bundled (wrk when installed)
    --no-pin          do not pin: otherwise what serves has core 0, load and echo server have core 1
    --json            print the figures as JSON

  How to read it: CPU per request counts the processes that serve, not the load and not the echo server. Ratios are taken
  round by round against the bare arm of the same round. A run whose bare arm wobbles by more than 15 % between rounds is
  INCONCLUSIVE: something else was using the machine; a flood is, when
  the caller's p99 beside known tokens ranges by more than half. Exit code 1: something measured did not do its work, such as a call
  without its audit row. A missed bar is printed, not an exit code.
`
