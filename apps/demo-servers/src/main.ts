/** `bun run apps/demo-servers <server>`: serves one demo server until SIGINT or SIGTERM. */
import { parseArguments, USAGE } from "./Arguments.ts"

const main = async (words: ReadonlyArray<string>): Promise<number> => {
  const given = parseArguments(words)
  if (given.kind === "help") {
    process.stdout.write(USAGE)
    return 0
  }
  if (given.kind === "wrong") {
    process.stderr.write(`${given.problem}\n\n${USAGE}`)
    return 2
  }
  const { serve } = await import("./Serve.ts")
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve())
    process.once("SIGTERM", () => resolve())
  })
  try {
    const running = serve(given.name, given.host, given.port)
    process.stdout.write(`${given.name} is listening at ${running.url}\n`)
    await stopped
    await running.stop()
    return 0
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    process.stderr.write(`cannot listen on ${given.host} port ${given.port}: ${why}\n`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
