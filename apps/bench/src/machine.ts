/** What this machine offers: tools found, cores to pin to, the environment a child gets. Reads the machine, changes nothing. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { BenchFailed } from "./BenchFailed.ts"
import type { Options } from "./options.ts"

/** The workspace's folder. */
export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Path of another program file of the bench. */
export const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface Machine {
  readonly wrk: string | undefined
  readonly nginx: string | undefined
  /** Are processes held on cores? */
  readonly pinned: boolean
  readonly cores: number
  /** Commands on the core of what serves, and on that of load and echo server. */
  readonly serving: (command: ReadonlyArray<string>) => ReadonlyArray<string>
  readonly loading: (command: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Runs a file of ours. */
  readonly bun: (file: string, ...args: ReadonlyArray<string>) => ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

/** Servers are often installed where only an administrator's PATH leads. */
const SEARCHED = ":/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin"

export const look = (options: Options): Effect.Effect<Machine, BenchFailed> =>
  Effect.gen(function* () {
    if (!existsSync("/proc/self/stat")) {
      return yield* new BenchFailed({ problem: "no /proc here: CPU per request can only be read on Linux" })
    }
    const path = yield* Config.string("PATH").pipe(Config.withDefault("/usr/bin:/bin"), Effect.orDie)
    const home = yield* Config.string("HOME").pipe(Config.withDefault("/"), Effect.orDie)
    const find = (name: string): string | undefined => Bun.which(name, { PATH: path + SEARCHED }) ?? undefined
    const wrk = options.generator === "bundled" ? undefined : find("wrk")
    if (wrk === undefined && options.generator === "wrk") {
      return yield* new BenchFailed({
        problem: "--generator wrk: wrk is not installed; leave the flag out for the bundled one"
      })
    }
    const taskset = find("taskset")
    const cores = availableParallelism()
    const pinned = options.pin && taskset !== undefined && cores >= 2
    const on = (core: number) => (command: ReadonlyArray<string>) =>
      pinned && taskset !== undefined ? [taskset, "-c", String(core), ...command] : command
    return {
      wrk,
      nginx: find("nginx"),
      pinned,
      cores,
      serving: on(0),
      loading: on(1),
      bun: (file, ...args) => [process.execPath, "run", file, ...args],
      // Bun's own limit of 256 requests in flight must be lifted from outside (design.md §4, rule 0).
      env: { PATH: path, HOME: home, BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" }
    }
  })
