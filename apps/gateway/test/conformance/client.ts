/**
 * The command that the suite starts once for each of its client scenarios, with the address of its server as the last word. Says `DONE` when the
 * scenario was played to its end. With `THROUGH` in the environment it goes through the gateway.
 */
import { DONE, isOutOfScope, THROUGH } from "./Scope.ts"

const main = async (scenario: string, server: string): Promise<void> => {
  if (isOutOfScope(scenario)) return
  // Loaded only now, because most scenarios are out of scope and the library is large.
  const { playScenario } = await import("./plays.ts")
  const through = process.env[THROUGH]
  await playScenario(scenario, server, through === undefined ? undefined : JSON.parse(through))
  process.stdout.write(`${DONE}\n`)
}

try {
  await main(process.env["MCP_CONFORMANCE_SCENARIO"] ?? "", process.argv.at(-1) ?? "")
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}
