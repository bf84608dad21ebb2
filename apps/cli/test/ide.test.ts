/** `mcpgw ide` on real files: what is written where and how, and what is left alone. */
import { it } from "@effect/vitest"
import { tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import { ide } from "../src/ide/commands.ts"
import { runCommand } from "./support/inProcess.ts"

const room = tempDir("ide")
afterAll(() => room.remove())

let homes = 0
/** A home folder and a project of its own. */
const machine = () => {
  const home = join(room.path, `home${homes++}`)
  const project = join(home, "project")
  mkdirSync(project, { recursive: true })
  const env = { HOME: home, INIT_CWD: project, MCPGW_URL: "https://gw.example.com" }
  return {
    home,
    project,
    at: (path: string) => join(home, path),
    put: (path: string, text: string, mode = 0o644): string => {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text, { mode })
      chmodSync(join(home, path), mode)
      return join(home, path)
    },
    run: (...words: ReadonlyArray<string>) => runCommand(ide, words, env)
  }
}

const CURSOR = ["--server", "/team/search", "--client", "cursor"]
const mode = (file: string): number => statSync(file).mode & 0o777

describe("contracts §2.13: mcpgw ide", () => {
  it.effect("shows the entry, where it belongs and the one click; touches nothing", () =>
    Effect.gen(function* () {
      const { at, run } = machine()
      const ran = yield* run(...CURSOR)
      assert.deepEqual(JSON.parse(ran.out), {
        mcpServers: { "team-search": { url: "https://gw.example.com/team/search/mcp" } }
      })
      assert.include(ran.err, at(".cursor/mcp.json"))
      assert.match(ran.err, /cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?name=team-search&config=/)
      assert.isFalse(existsSync(at(".cursor")))
    })
  )

  it.effect("writes a new file 0600 in a new folder 0700", () =>
    Effect.gen(function* () {
      const { at, run } = machine()
      const ran = yield* run(...CURSOR, "--write")
      assert.isTrue(ran.ok, ran.problem)
      assert.strictEqual(mode(at(".cursor/mcp.json")), 0o600)
      assert.strictEqual(mode(at(".cursor")), 0o700)
      assert.deepEqual(readdirSync(at(".cursor")), ["mcp.json"])
    })
  )

  it.effect("merges, keeps a backup of what was there, and is done when nothing is to do", () =>
    Effect.gen(function* () {
      const { at, put, run } = machine()
      const before = `{\n  // mine\n  "mcpServers": {\n    "mine": { "command": "x" } // why\n  }\n}\n`
      const file = put(".cursor/mcp.json", before)
      const ran = yield* run(...CURSOR, "--write")
      assert.isTrue(ran.ok, ran.problem)
      const text = readFileSync(file, "utf8")
      for (const kept of ["// mine", '"mine": { "command": "x" }', "// why", "/team/search/mcp"])
        assert.include(text, kept)
      assert.strictEqual(mode(file), 0o600)
      const backups = readdirSync(at(".cursor")).filter((name) => name !== "mcp.json")
      assert.lengthOf(backups, 1)
      assert.match(backups[0] ?? "", /^mcp\.json\.backup-/)
      assert.strictEqual(readFileSync(at(`.cursor/${backups[0]}`), "utf8"), before)
      assert.strictEqual(mode(at(`.cursor/${backups[0]}`)), 0o600)
      const again = yield* run(...CURSOR, "--write")
      assert.include(again.err, "unchanged")
      assert.lengthOf(readdirSync(at(".cursor")), 2)
      const gone = yield* run(...CURSOR, "--remove")
      assert.isTrue(gone.ok, gone.problem)
      assert.strictEqual(readFileSync(file, "utf8"), before)
    })
  )

  it.effect("a project's file; a client without one says so", () =>
    Effect.gen(function* () {
      const { project, run } = machine()
      assert.isTrue((yield* run("--server", "/a", "--client", "codex", "--scope", "project", "--write")).ok)
      assert.strictEqual(
        readFileSync(join(project, ".codex/config.toml"), "utf8"),
        `[mcp_servers.a]\nurl = "https://gw.example.com/a/mcp"\n`
      )
      const goose = yield* run("--server", "/a", "--client", "goose", "--scope", "project", "--write")
      assert.include(goose.problem, "Goose has no configuration of a project")
    })
  )

  it.effect("--header-form: placeholders; the token itself only when it is said, and never into a project", () =>
    Effect.gen(function* () {
      const { at, put, run } = machine()
      const file = put("t.json", JSON.stringify({ tokens: { access_token: "tok-1" } }), 0o600)
      const words = ["--server", "https://gw.example.com/a/mcp", "--client", "cline", "--header-form", "--write"]
      assert.isTrue((yield* run(...words)).ok)
      const settings = at(".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json")
      assert.include(readFileSync(settings, "utf8"), "Bearer [YOUR_GATEWAY_TOKEN]")
      const embedded = yield* run(...words, "--embed-token", "--token-file", file)
      assert.isTrue(embedded.ok, embedded.problem)
      assert.include(readFileSync(settings, "utf8"), "Bearer tok-1")
      for (const said of [embedded.out, embedded.err]) assert.notInclude(said, "tok-1")
      const project = yield* run(
        ...words.map((word) => (word === "cline" ? "cursor" : word)),
        "--embed-token",
        "--token-file",
        file,
        "--scope",
        "project"
      )
      assert.include(project.problem, "others may read")
    })
  )
})

describe("mcpgw ide leaves alone what it must", () => {
  const refused = (words: ReadonlyArray<string>, held: string | Uint8Array, says: RegExp) =>
    Effect.gen(function* () {
      const { at, put, run } = machine()
      const file = put(".cursor/mcp.json", "")
      writeFileSync(file, held)
      const ran = yield* run(...CURSOR, ...words)
      assert.isFalse(ran.ok)
      assert.match(ran.problem, says)
      assert.deepEqual(
        new Uint8Array(readFileSync(file)),
        typeof held === "string" ? new TextEncoder().encode(held) : held
      )
      assert.deepEqual(readdirSync(at(".cursor")), ["mcp.json"])
    })

  it.effect("what it can not read", () => refused(["--write"], "{ broken", /left as it is: it is no JSON/))
  it.effect("what is no text", () => refused(["--write"], new Uint8Array([0xff, 0xfe, 0x7b]), /no UTF-8/))
  it.effect("somebody else's entry of that name", () =>
    refused(
      ["--write"],
      `{"mcpServers":{"team-search":{"url":"https://other/"}}}`,
      /leads to https:\/\/other\/; .*--replace/
    )
  )
  it.effect("a program under that name", () =>
    refused(["--write"], `{"mcpServers":{"team-search":{"command":"rm"}}}`, /runs a program/)
  )
  it.effect("everything, when told two things at once", () => refused(["--write", "--remove"], "{}", /both set/))

  it.effect("a symbolic link, also one on the way into a project", () =>
    Effect.gen(function* () {
      const { at, project, put, run } = machine()
      const real = put("real.json", "{}")
      mkdirSync(at(".cursor"))
      symlinkSync(real, at(".cursor/mcp.json"))
      const linked = yield* run(...CURSOR, "--write")
      assert.match(linked.problem, /symbolic link/)
      mkdirSync(at("elsewhere"))
      symlinkSync(at("elsewhere"), join(project, ".cursor"))
      const way = yield* run(...CURSOR, "--write", "--scope", "project")
      assert.match(way.problem, /symbolic link/)
      assert.deepEqual(readdirSync(at("elsewhere")), [])
      assert.strictEqual(readFileSync(real, "utf8"), "{}")
    })
  )

  it.effect("a path that is none is refused by name", () =>
    Effect.gen(function* () {
      const ran = yield* machine().run("--server", "/../x", "--client", "kiro")
      assert.match(ran.problem, /--server holds "\/\.\.\/x", but it may hold/)
    })
  )
})

describe("mcpgw ide asks the registry when it has a token", () => {
  const answers: Array<string | null> = []
  const registry = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      answers.push(request.headers.get("authorization"))
      const { pathname } = new URL(request.url)
      if (pathname !== "/api/servers/a/connect-config") {
        return Response.json({ error: "Service path not registered", detail: "" }, { status: 404 })
      }
      return Response.json({
        path: "/a",
        server_name: "A",
        url: "https://backend.example.com/mcp",
        through_gateway: false,
        form: "oauth",
        configs: []
      })
    }
  })
  afterAll(() => registry.stop(true))

  it.effect("registry-only: the server's own URL, and no header of the gateway", () =>
    Effect.gen(function* () {
      const { put, run } = machine()
      const file = put("t", "tok-2\n", 0o600)
      const words = ["--url", `http://127.0.0.1:${registry.port}`, "--token-file", file, "--client", "kiro"]
      const ran = yield* run("--server", "/a", ...words, "--header-form")
      assert.deepEqual(JSON.parse(ran.out), {
        mcpServers: {
          a: { url: "https://backend.example.com/mcp", headers: { Authorization: "Bearer ${MCP_SERVER_TOKEN}" } }
        }
      })
      assert.deepEqual(answers, ["Bearer tok-2"])
      const unknown = yield* run("--server", "/b", ...words)
      assert.match(unknown.problem, /answered 404: Service path not registered/)
    })
  )
})
