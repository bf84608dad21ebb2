/**
 * The official conformance suite finds the same at our reference server and through the gateway before it, authentication and policy on: every
 * scenario, check and status (protocol.md §5.3). `bun run conformance` does the same without a test runner.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { loadExpected } from "./Expected.ts"
import { compare } from "./Report.ts"
import { type Stand, startStand } from "./Stand.ts"
import { missing, RUNS } from "./Suite.ts"

const absent = missing()

/** One run takes seconds; the suite is ended by `Suite.ts` long before this. */
const LIMIT_MS = 400_000

it("the official conformance suite is here: what is skipped proves nothing", () => assert.isUndefined(absent))

describe.skipIf(absent !== undefined)(`official conformance suite${absent === undefined ? "" : ` (${absent})`}`, () => {
  const expected = loadExpected(RUNS.map(({ name }) => name))
  let stand: Stand

  beforeAll(async () => {
    stand = await startStand()
  }, 120_000)
  afterAll(() => stand?.close(), 60_000)

  it.each(RUNS.map((run) => ({ ...run })))(
    "$name: the gateway changes nothing, and what is required passes",
    async (run) => {
      const { line, difference, problems } = await compare(run, stand, expected)
      process.stdout.write(`${line}\n`)
      assert.deepEqual({ difference, problems }, { difference: [], problems: [] })
    },
    LIMIT_MS
  )
})
