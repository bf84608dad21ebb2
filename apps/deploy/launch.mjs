/**
 * The commands of `package.json`, for a machine that has Node and npm, or Bun, or both: finds a Bun or fetches one, installs what
 * the lockfile names, then runs. Plain JavaScript without dependencies, because it runs before any is there. It never writes
 * outside the checkout.
 */
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { findBun, leastBun } from "./launch/bun.mjs"
import { installDependencies } from "./launch/dependencies.mjs"
import { note, Problem } from "./launch/words.mjs"
import { run } from "./launch/run.mjs"
import { runSuite } from "./launch/suite.mjs"

const LEAST_NODE = 20

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const HELP = `mcpgw

  npm start                start the gateway and its registry        (bun start)
  npm test                 types, lint, format, then every test      (bun run test)
  npm run bench            measure the gateway                       (bun run bench)

  npm run conformance      the official MCP conformance suite, direct and through the gateway
  npm run audit            the last rows of the audit record
  npm run rotate-keys      fresh keys for tokens and sessions; the older ones stay valid
  npm run mcpgw -- …       tools around the gateway, such as keycloak init; mcpgw -- --help lists them

  node apps/deploy/launch.mjs exec <words…>    the same Bun, with any words: exec run apps/demo-servers --help

What follows the command is passed on: npm start -- --help, npm test -- --project @mcpgw/policy
`

/** As the gateway would start itself over to have it (apps/gateway/src/start.ts). */
const LARGE_HEADS = "--max-http-header-size=65536"

/** Each answers the exit code. `apart`: not in the terminal's process group, so that Ctrl-C reaches it once, from us. */
const commands = {
  start: (bun, words) =>
    run(bun, [LARGE_HEADS, "run", "--no-orphans", "apps/gateway", ...words], { cwd: root, apart: true }),
  test: (bun, words) => runSuite(bun, root, words),
  bench: (bun, words) => run(bun, ["run", "apps/bench", ...words], { cwd: root }),
  conformance: (bun, words) => run(bun, ["run", "apps/gateway/test/conformance/run.ts", ...words], { cwd: root }),
  audit: (bun, words) => run(bun, ["run", "apps/deploy/audit.mjs", ...words], { cwd: root }),
  "rotate-keys": (bun, words) => run(bun, ["run", "apps/gateway/scripts/rotate-keys.ts", ...words], { cwd: root }),
  mcpgw: (bun, words) => run(bun, ["run", "apps/cli", ...words], { cwd: root }),
  exec: (bun, words) => run(bun, words, { cwd: root })
}

const main = async ([name, ...words]) => {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP)
    return name === undefined ? 2 : 0
  }
  if (!Object.hasOwn(commands, name)) {
    throw new Problem(`unknown command "${name}"; it may be ${Object.keys(commands).join(", ")} or --help`, 2)
  }
  const bun = await findBun(root)
  await installDependencies(root, bun)
  return commands[name](bun, words)
}

const nodeIsOld = process.versions.bun === undefined && Number.parseInt(process.versions.node, 10) < LEAST_NODE

if (nodeIsOld) {
  note(
    `Node ${process.versions.node} is too old; install Node ${LEAST_NODE} or later, or Bun ${leastBun(root)} or later (https://bun.sh)`
  )
  process.exitCode = 1
} else {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    note(error.message)
    process.exitCode = error.exitCode
  }
}
