/** `mcpgw` against a real gateway: one process for all of it. */
import { afterAll, beforeAll, describe } from "vitest"
import { commandSuite } from "./suites/commands.ts"
import { importRegistrySuite } from "./suites/importRegistry.ts"
import { peopleSuite } from "./suites/people.ts"
import { readmeSuite } from "./suites/readme.ts"
import { signInSuite } from "./suites/signIn.ts"
import { type Stand, startStand } from "./support/stand.ts"

let started: Stand | undefined

const stand = (): Stand => {
  if (started === undefined) throw new Error("the gateway is not there")
  return started
}

beforeAll(async () => {
  started = await startStand()
})
afterAll(async () => {
  await started?.close()
})

describe("signing in", () => signInSuite(stand))
describe("README: sessions are real output", () => readmeSuite(stand))
describe("commands", () => commandSuite(stand))
describe("issue 6: people, groups and an old policy", () => peopleSuite(stand))
describe("issue 6: imports from other registries", () => importRegistrySuite(stand))
