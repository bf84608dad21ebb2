/** The commands people type, as they type them: the gateway answers, and ends in order. */
import { startGateway } from "@mcpgw/testkit/Gateway"
import { spawn, tempDir } from "@mcpgw/testkit/Process"
import { symlinkSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { node } from "./support/Checkout.ts"

/** A PATH with this `bun` in it, and no other. */
const room = tempDir("start")
symlinkSync(process.execPath, join(room.path, "bun"))
afterAll(room.remove)

const SYSTEM = ["/usr/bin", "/bin"].join(delimiter)
const onlyBun = [room.path, SYSTEM].join(delimiter)
const npm = node === undefined ? null : Bun.which("npm", { PATH: dirname(node) })
const withNode = [dirname(node ?? "/nowhere"), room.path, SYSTEM].join(delimiter)

const commands = [
  { command: ["bun", "run", "apps/gateway"], path: onlyBun },
  { command: ["bun", "start"], path: onlyBun },
  ...(npm === null ? [] : [{ command: ["npm", "start"], path: withNode }])
]

describe.each(commands)("$command", ({ command: [name = "", ...words], path }) => {
  const executable = Bun.which(name, { PATH: path }) ?? name

  it.each(["SIGTERM", "SIGINT"] as const)(
    "answers /health; %s ends it with 0, and nothing listens then",
    async (signal) => {
      const gateway = await startGateway({ command: [executable, ...words], env: { PATH: path } })
      try {
        const response = await fetch(`${gateway.url}/health`)
        assert.strictEqual(response.status, 200)
        assert.deepInclude(await response.json(), { status: "healthy" })
        assert.strictEqual(await gateway.stop(signal), 0)
        assert.include(gateway.output(), "draining")
        await fetch(`${gateway.url}/health`).then(
          () => assert.fail("still listening"),
          () => undefined
        )
      } finally {
        await gateway.close()
      }
    }
  )

  it("--help tells the settings", async () => {
    const running = spawn({
      command: [executable, ...words, ...(name === "npm" ? ["--"] : []), "--help"],
      env: { PATH: path }
    })
    assert.strictEqual(await running.exited, 0)
    assert.include(running.output(), "MCPGW_PORT")
  })
})
