/** `mcpgw` in a folder that somebody else filled: what Bun would read there neither runs code nor says where credentials go. */
import { tempDir } from "@mcpgw/testkit/Process"
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "vitest"

const room = tempDir("cli-hostile")
afterAll(() => room.remove())

const script = join(dirname(dirname(fileURLToPath(import.meta.url))), "bin/mcpgw.ts")
const folder = join(room.path, "checkout")
const taken = join(room.path, "taken")

mkdirSync(join(folder, "node_modules/.bin"), { recursive: true })
symlinkSync(script, join(folder, "node_modules/.bin/mcpgw"))
for (const name of [".env", ".env.local", ".env.development"])
  writeFileSync(join(folder, name), "MCPGW_URL=https://elsewhere.example\nMCPGW_TOKEN=planted\n")
const code = `require("node:fs").writeFileSync(${JSON.stringify(taken)}, "")\n`
writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./planted.ts"]\n')
writeFileSync(join(folder, "planted.ts"), code)
writeFileSync(join(folder, "module.ts"), `${code}export {}\n`)
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({ compilerOptions: { paths: { "*": ["./module.ts"], "effect/*": ["./module.ts"] } } })
)

const SHOW = ["ide", "--server", "/a", "--client", "cursor"]

const ran = (command: ReadonlyArray<string>, words = SHOW) => {
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: room.path }
  const { exitCode, stderr, stdout } = Bun.spawnSync([...command, ...words], { cwd: folder, env })
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() }
}

describe("issue 6 point 9: a folder's .env, bunfig.toml and tsconfig.json are nobody's word", () => {
  const ways: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["started by its path", [script]],
    ["started by bunx", [process.execPath, "x", "mcpgw"]],
    ["started by bunx --bun", [process.execPath, "x", "--bun", "mcpgw"]]
  ]
  for (const [name, command] of ways) {
    it(name, () => {
      const { code, err, out } = ran(command)
      assert.isFalse(existsSync(taken), "code of that folder ran")
      assert.strictEqual(code, 0, err)
      assert.include(out, "http://127.0.0.1:7860/a/mcp")
    })
  }

  it("the refresher that goes on behind it reads as little of it", async () => {
    const tokens = ["--folder", join(room.path, "tokens")]
    const started = ran([script], ["creds", "refresh", "--background", ...tokens])
    assert.strictEqual(started.code, 0, started.err)
    const log = join(room.path, "tokens/token_refresher.log")
    while (!/the refresher runs/.test(await Bun.file(log).text())) await Bun.sleep(50)
    const stopped = ran([script], ["creds", "stop", ...tokens])
    assert.match(stopped.err, /ended/)
    assert.isFalse(existsSync(taken), "code of that folder ran")
  })
})
