/** Where this machine keeps a person's files. Changes nothing. */
import type { Os, Places } from "@mcpgw/ide/Client"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { homedir } from "node:os"
import { resolve } from "node:path"

const SYSTEMS: Partial<Record<NodeJS.Platform, Os>> = { darwin: "macos", win32: "windows" }

/** `HOME` is read first, so that another home can be named; the project's folder is the one the command is run in (`INIT_CWD` under npm). */
export const machine: Effect.Effect<Places> = Effect.gen(function* () {
  const text = (name: string) => Config.withDefault(Config.string(name), "")
  const [home, appData, started] = yield* Effect.all([text("HOME"), text("APPDATA"), text("INIT_CWD")])
  return {
    os: SYSTEMS[process.platform] ?? "linux",
    home: home === "" ? homedir() : home,
    project: started === "" ? process.cwd() : started,
    ...(appData === "" ? {} : { appData })
  }
}).pipe(Effect.orDie)

/** A name as it was typed, from the folder it was typed in. */
export const typedPath = (given: string): Effect.Effect<string> =>
  Effect.map(machine, ({ project }) => resolve(project, given))
