/** What a first start shows a newcomer: a password that works, lines to paste, a warning where passwords would travel readable. */
import { freePort, type Running, spawn, tempDir } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { type Box, makeBox } from "./support/Box.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** Holds the port that some of these starts find taken. */
let box: Box
let running: Running

beforeAll(async () => {
  box = await makeBox({ scopes: "group_mappings: {}\n" })
  running = await box.start()
})

afterAll(async () => {
  await running?.stop()
  box?.remove()
})

const signInAt = (url: string, password: string): Promise<Response> =>
  fetch(`${url}/api/auth/login`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ username: "admin", password })
  })

describe("the first start's password", () => {
  const passwordIn = (output: string): string | undefined => /Password:\s+(\S+)/.exec(output)?.[1]

  it("a start that fails shows none and uses none up: the next one shows one that signs in", async () => {
    const dir = tempDir("first")
    const env = { MCPGW_DATA_DIR: dir.path, ADMIN_PASSWORD: "" }
    const taken = box.launch(env)
    assert.isAbove(await taken.exited, 0, "the port is taken")
    assert.isUndefined(passwordIn(taken.output()))

    const port = String(await freePort())
    const next = await box.start({ ...env, MCPGW_PORT: port })
    const password = passwordIn(next.output()) ?? ""
    assert.isAbove(password.length, 16)
    assert.strictEqual((await signInAt(`http://127.0.0.1:${port}`, password)).status, 200)
    assert.match(next.output(), /2 servers registered/, "the demo servers are there all the same")
    assert.strictEqual(await next.stop(), 0)

    const third = await box.start({ ...env, MCPGW_PORT: port })
    assert.isUndefined(passwordIn(third.output()))
    assert.match(third.output(), /<password>.*ADMIN_PASSWORD=/, "and what to do when it was lost")
    assert.strictEqual(await third.stop(), 0)
    dir.remove()
  })
})

describe("what a newcomer pastes", () => {
  const SHELL = Bun.which("sh") !== null && Bun.which("curl") !== null

  /** The lines of the first call, as a shell gets them. */
  const block = (output: string): string => output.slice(output.indexOf("    TOKEN=")).split("\n\n", 1)[0] ?? ""

  it.skipIf(!SHELL)(
    "calls a tool; with a wrong password it says so, and nothing else is taken for a token",
    async () => {
      const dir = tempDir("paste")
      const port = String(await freePort())
      const fresh = await box.start({ MCPGW_DATA_DIR: dir.path, MCPGW_PORT: port, ADMIN_PASSWORD: "" })
      const paste = block(fresh.output())
      const run = async (text: string): Promise<string> => {
        const shell = spawn({ command: ["sh", "-c", text] })
        await shell.exited
        return shell.output()
      }
      assert.match(await run(paste), /Europe\/Berlin/)
      const wrong = await run(paste.replace(/password=[^']+/, "password=not-the-password"))
      assert.match(wrong, /no token: .*password/)
      assert.match(wrong, /ADMIN_PASSWORD/)
      assert.match(wrong, /returned error: 401/)
      assert.notInclude(wrong, "TOKEN={")
      await fresh.stop()
      dir.remove()
    }
  )
})

describe("beyond loopback", () => {
  it("a start without TLS and without trusted proxies warns, and one on loopback does not", async () => {
    assert.notMatch(running.output(), /level=WARN/)
    const dir = tempDir("open")
    const env = { MCPGW_DATA_DIR: dir.path, MCPGW_PORT: String(await freePort()), MCPGW_HOST: "0.0.0.0" }
    const open = await box.start(env)
    await open.printed(/level=WARN .*MCPGW_HOST.*MCPGW_TLS_CERT.*MCPGW_TRUSTED_PROXIES/)
    await open.printed(/level=WARN .*MCPGW_PUBLIC_URL is unset.*http:\/\/localhost:/)
    await open.stop()
    const behind = await box.start({ ...env, MCPGW_TRUSTED_PROXIES: "127.0.0.1", MCPGW_PUBLIC_URL: "http://localhost" })
    await behind.stop()
    assert.notMatch(behind.output(), /MCPGW_TLS_CERT|MCPGW_PUBLIC_URL/)
    assert.match(behind.output(), /is ready at http:\/\/localhost\n +listening on \S+, port \d+/)
    assert.notInclude(open.output(), "listening on")
    dir.remove()
  })
})
