/** The official suite's scenarios for authorization servers pass against the gateway's. `bun run conformance` does the same. */
import { assert, describe, it } from "vitest"
import { playAuthorization } from "./Authorization.ts"
import { missing } from "./Suite.ts"

const absent = missing()

describe.skipIf(absent !== undefined)(`official conformance suite${absent === undefined ? "" : ` (${absent})`}`, () => {
  it("A-30, A-31: authorization server metadata and the code grant", { timeout: 150_000 }, async () => {
    const { line, problems } = await playAuthorization()
    process.stdout.write(`${line}\n`)
    assert.deepEqual(problems, [])
  })
})
