/**
 * What both programs do first: `--help`, and a start anew with the arguments that Bun reads once: how large a request's head may be.
 */
import { everySetting } from "./everySetting.ts"

export interface Booted {
  /** Lines at the top of `--help`: what it is, and how it is started. */
  readonly about: ReadonlyArray<string>
  /** Runs it. Loaded by nobody who only asks for help. */
  readonly main: () => Promise<unknown>
}

/** Beyond it Bun answers a bare 431 itself; far enough above our own limit that ours says why, and is recorded (S-16). */
const HEAD = "--max-http-header-size"
const MOST_HEAD = 65_536

const help = (about: ReadonlyArray<string>): string => {
  const lines = everySetting.map(
    ({ name, about, holds, shown }) =>
      `  ${name}\n      ${about}\n      May hold ${holds}.${shown === "" ? "" : ` Default: ${shown}`}`
  )
  return [...about, "", "Settings, from the environment or a .env file:", "", ...lines, ""].join("\n")
}

export const boot = async ({ about, main }: Booted): Promise<void> => {
  const [, , ...args] = process.argv
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(help(about))
  } else if (args.length > 0) {
    process.stderr.write(
      `mcpgw: unknown argument "${args[0]}"; it takes none but --help, settings come from the environment\n`
    )
    process.exitCode = 2
  } else if (!process.execArgv.some((argument) => argument.startsWith(HEAD)) && process.execve !== undefined) {
    const start = [process.execPath, ...process.execArgv, `${HEAD}=${MOST_HEAD}`, ...process.argv.slice(1)]
    process.execve(process.execPath, start, process.env)
  } else {
    await main()
  }
}
