/** `npm run conformance`: the official conformance suite against our server, directly and through the gateway; exits 1 when they differ. */
import { playAuthorization } from "./Authorization.ts"
import { loadExpected } from "./Expected.ts"
import { compare } from "./Report.ts"
import { startStand } from "./Stand.ts"
import { missing, RUNS } from "./Suite.ts"

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Answers how much is wrong. */
const runAll = async (): Promise<number> => {
  const expected = loadExpected(RUNS.map(({ name }) => name))
  const stand = await startStand()
  let wrong = 0
  try {
    for (const run of RUNS) {
      const { line, difference, problems } = await compare(run, stand, expected)
      for (const words of [line, ...difference, ...problems.map((problem) => `WRONG: ${problem}`)]) say(words)
      wrong += difference.length + problems.length
    }
    return wrong
  } finally {
    await stand.close()
  }
}

const runAuthorization = async (): Promise<number> => {
  const { line, problems } = await playAuthorization()
  for (const words of [line, ...problems.map((problem) => `WRONG: ${problem}`)]) say(words)
  return problems.length
}

const main = async (): Promise<number> => {
  const absent = missing()
  if (absent !== undefined) {
    say(`the conformance suite can not be run: ${absent}`)
    return 1
  }
  const begun = performance.now()
  const wrong = (await runAll()) + (await runAuthorization())
  say("left out: client scenarios auth/*, because behind the gateway a client never logs in at the server")
  say(`${wrong === 0 ? "conformant" : "NOT conformant"}, ${Math.round((performance.now() - begun) / 1000)} s`)
  return wrong === 0 ? 0 : 1
}

const HELP = `npm run conformance

  Runs the official MCP conformance suite against one server twice, directly and through the gateway, and its checks of an
  authorization server against the gateway. Takes about a minute, and no words but --help. Exit code 1: the results differ.
`

const [word] = process.argv.slice(2)
if (word === undefined) process.exitCode = await main()
else if (word === "--help" || word === "-h") process.stdout.write(HELP)
else {
  process.stderr.write(`conformance: unknown argument ${JSON.stringify(word)}; it takes none but --help\n`)
  process.exitCode = 2
}
