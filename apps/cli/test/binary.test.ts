/** `bun run build` makes one file that runs without this checkout. */
import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import { cpSync, existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"

it("the compiled binary prints its help, asks a gateway, and ends as documented", { timeout: 120_000 }, async () => {
  const room = tempDir("cli-binary")
  const build = spawn({ command: [process.execPath, "run", "build"], cwd: join(root, "apps/cli") })
  assert.strictEqual(await build.exited, 0, build.output())
  const binary = join(room.path, "mcpgw")
  cpSync(join(root, "apps/cli/dist/mcpgw"), binary)
  // What Bun would read of a folder.
  const taken = join(room.path, "taken")
  const code = `require("node:fs").writeFileSync(${JSON.stringify(taken)}, "")\n`
  writeFileSync(join(room.path, ".env"), "MCPGW_URL=https://elsewhere.example\nMCPGW_TOKEN=planted\n")
  writeFileSync(join(room.path, "bunfig.toml"), 'preload = ["./planted.ts"]\n')
  writeFileSync(join(room.path, "planted.ts"), code)
  writeFileSync(join(room.path, "tsconfig.json"), '{"compilerOptions":{"paths":{"*":["./planted.ts"]}}}')
  const gateway = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ headers }) =>
      headers.get("authorization") === "Bearer t"
        ? Response.json({ servers: [], total: 0, next_cursor: null })
        : Response.json({ error: "Authentication required", detail: "Authentication required" }, { status: 401 })
  })
  const run = async (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const url = `http://127.0.0.1:${gateway.port}`
    const running = spawn({
      command: [binary, ...words],
      cwd: room.path,
      env: { MCPGW_URL: url, MCPGW_CONFIG_DIR: room.path, ...env }
    })
    return { code: await running.exited, output: running.output() }
  }
  const help = await run(["--help"])
  assert.strictEqual(help.code, 0)
  assert.include(help.output, "servers list")
  assert.include(help.output, "$ mcpgw\n")
  const list = await run(["servers", "list"], { MCPGW_TOKEN: "t" })
  assert.deepStrictEqual(list, { code: 0, output: "No servers that you may see.\n" })
  assert.strictEqual((await run(["servers", "list"])).code, 3)
  const ide = spawn({
    command: [binary, "ide", "--server", "/a", "--client", "cursor"],
    cwd: room.path,
    env: { MCPGW_CONFIG_DIR: room.path }
  })
  assert.strictEqual(await ide.exited, 0)
  assert.include(ide.output(), "http://127.0.0.1:7860/a/mcp")
  assert.isFalse(existsSync(taken), "code of that folder ran")
  assert.strictEqual((await run(["servers", "bogus"])).code, 2)
  await gateway.stop(true)
  assert.strictEqual((await run(["servers", "list"])).code, 5)
  room.remove()
})
