import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { defineConfig } from "vitest/config"

/** What tests make in the temporary folder is made here, and gone with the run. Other users get through: PostgreSQL does not run as root. */
const room = mkdtempSync(join(tmpdir(), "mcpgw-tests-"))
chmodSync(room, 0o711)
process.env["TMPDIR"] = room
process.on("exit", () => rmSync(room, { recursive: true, force: true }))

/** Packages are projects when one is asked for by name. Asked for all, they are one: projects wait for one another's last file. */
const byName = process.argv.some((word) => word.startsWith("--project"))

/** What takes longest begins first, so that nothing long is left alone at the end. Others follow as vitest orders them. */
const LONGEST = [
  "gateway/test/identity/keycloak",
  "gateway/test/conformance/conformance",
  "gateway/test/lifecycle/store",
  "gateway/test/clients/Revoked",
  "gateway/test/oauth/browser",
  "gateway/test/edge/Tls",
  "identity/test/postgres",
  "gateway/test/faults/limits",
  "gateway/test/settings",
  "gateway/test/replicas/processes",
  "gateway/test/lifecycle/start",
  "gateway/test/wire/sessions",
  "deploy/test/start",
  "gateway/test/wire/fuzz",
  "gateway/test/lifecycle/firstStart",
  "gateway/test/clients/Upkeep",
  "gateway/test/wire/states",
  "gateway/test/wire/crowd",
  "registry/test/postgres",
  "control/test/permissions",
  "control/test/auth",
  "control/test/vending"
]

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
  return place === -1 ? LONGEST.length : place
}

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

const shared = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // Bun loads the sources itself, as it does where they run; vitest sees the test files alone.
  server: { deps: { external: [/\/(?:packages|apps)\/.*(?<!\.test)\.ts$/] } }
}

export default defineConfig({
  test: {
    ...shared,
    ...(byName ? { projects: ["packages/*", "apps/*"] } : { include: ["{packages,apps}/*/test/**/*.test.ts"] }),
    // A process for many files, one after another: loading what they stand on takes longer than most of them.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Most of what a test file takes is waiting, for processes to start above all: three at a time, also where there are only two cores.
    minWorkers: 3,
    maxWorkers: 3
  }
})
