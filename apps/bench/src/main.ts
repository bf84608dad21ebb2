/** `bun run bench`: measures, prints, and fails only when something measured did not do its work. */
import * as BunRuntime from "@effect/platform-bun/BunRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { brokenOf } from "./bars.ts"
import { bench } from "./bench.ts"
import { BenchFailed } from "./BenchFailed.ts"
import { HELP, type Options, parse } from "./options.ts"
import { onTerminal } from "./progress.ts"
import { render, renderJson } from "./report.ts"

const run = (options: Options) =>
  Effect.gen(function* () {
    const figures = yield* bench(options, onTerminal)
    yield* Console.log((options.json ? renderJson(figures) : render(figures)).trimEnd())
    if (brokenOf(figures).length > 0) return yield* new BenchFailed({ problem: brokenOf(figures).join("; ") })
  })

const [, , ...args] = process.argv
const parsed = parse(args)
if (parsed._tag === "Help") process.stdout.write(HELP)
else if (parsed._tag === "Wrong") {
  process.stderr.write(`bench: ${parsed.problem}; see npm run bench -- --help\n`)
  process.exitCode = 2
} else {
  const explained = Effect.tapError(run(parsed.options), (error) => Console.error(`bench: ${error.message}`))
  BunRuntime.runMain(explained, { disableErrorReporting: true })
}
