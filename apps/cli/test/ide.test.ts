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
      const settings = at(".cline/data/settings/cline_mcp_settings.json")
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
      assert.match(ran.problem, /--server held "\/\.\.\/x"\n {2}it may hold/)
    })
  )
})

describe("issue 6 point 7: mcpgw ide asks the registry as whoever is signed in", () => {
  interface Seen {
    readonly authorization: string | null
    readonly cookie: string | null
  }
  const seen: Array<Seen> = []
  const answers: Readonly<Record<string, object>> = {
    "/api/servers/direct/connect-config": {
      path: "/direct",
      url: "https://backend.example.com/mcp",
      through_gateway: false,
      backend: { scheme: "api_key", header: "X-Weather-Key", others: ["X-Region"] }
    },
    "/api/servers/a/connect-config": {
      path: "/a",
      url: "https://public.example.com/a/mcp",
      through_gateway: true,
      backend: { scheme: "none", others: [] }
    }
  }
  const registry = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ headers, url }) => {
      seen.push({ authorization: headers.get("authorization"), cookie: headers.get("cookie") })
      const answer = answers[new URL(url).pathname]
      return answer === undefined
        ? Response.json({ error: "Service path not registered", detail: "" }, { status: 404 })
        : Response.json({ server_name: "A", form: "oauth", configs: [], ...answer })
    }
  })
  const gateway = `http://127.0.0.1:${registry.port}`
  afterAll(() => registry.stop(true))

  const signedIn = (url: string) => {
    const place = machine()
    const login = { _tag: "session", username: "ada", cookie: "session=s1" }
    const text = JSON.stringify({ version: 1, current: url, gateways: { [url]: login } })
    place.put(".config/mcpgw/credentials.json", text, 0o600)
    return { ...place, run: (...words: ReadonlyArray<string>) => place.run(...words, "--url", url) }
  }

  it.effect("registry-only: the server's own URL and headers, and none of the gateway", () =>
    Effect.gen(function* () {
      const { put, run } = machine()
      const file = put("t", "tok-2\n", 0o600)
      const words = ["--url", gateway, "--token-file", file, "--client", "kiro"]
      const ran = yield* run("--server", "/direct", ...words, "--header-form")
      assert.deepEqual(JSON.parse(ran.out), {
        mcpServers: {
          direct: {
            url: "https://backend.example.com/mcp",
            headers: { "X-Region": "${MCP_HEADER_X_REGION}", "X-Weather-Key": "${MCP_SERVER_TOKEN}" }
          }
        }
      })
      assert.deepEqual(seen.at(-1), { authorization: "Bearer tok-2", cookie: null })
      const unknown = yield* run("--server", "/b", ...words)
      assert.match(unknown.problem, /^Service path not registered/)
    })
  )

  it.effect("contracts §2.13: a token file is read as every command reads it, an agent's ACCESS_TOKEN line too", () =>
    Effect.gen(function* () {
      const { put, run } = machine()
      const words = ["--server", "/a", "--client", "kiro", "--url", gateway]
      const held = [
        "ACCESS_TOKEN=tok-4",
        "export ACCESS_TOKEN='tok-4'\n",
        '# agent\nCLIENT_ID=x\nACCESS_TOKEN="tok-4"\n'
      ]
      for (const text of held) {
        const ran = yield* run(...words, "--token-file", put("agent.env", text, 0o600))
        assert.isTrue(ran.ok, ran.problem)
        assert.deepEqual(seen.at(-1), { authorization: "Bearer tok-4", cookie: null }, text)
      }
      for (const text of ["MCPGW_TOKEN=tok-4", "ACCESS_TOKEN=", "tok 4"]) {
        const ran = yield* run(...words, "--token-file", put("agent.env", text, 0o600))
        assert.match(ran.problem, /holds no token/, text)
      }
    })
  )

  it.effect("with the sign-in of `mcpgw login`: what the server wants, unless it is said", () =>
    Effect.gen(function* () {
      const { run } = signedIn(gateway)
      const words = ["--server", "/a", "--client", "kiro", "--header-form"]
      const ran = yield* run(...words)
      assert.deepEqual(JSON.parse(ran.out), {
        mcpServers: {
          a: { url: "https://public.example.com/a/mcp", headers: { "X-Authorization": "Bearer ${MCPGW_TOKEN}" } }
        }
      })
      assert.deepEqual(seen.at(-1), { authorization: null, cookie: "session=s1" })
      const said = yield* run(...words, "--backend-header", "X-Mine")
      assert.deepEqual(Object.keys(JSON.parse(said.out).mcpServers.a.headers), ["X-Mine", "X-Authorization"])
    })
  )

  it.effect("a sign-in whose gateway does not answer is no hindrance; a token that was given is", () =>
    Effect.gen(function* () {
      const { put, run } = signedIn("http://127.0.0.1:9")
      const words = ["--server", "/a", "--client", "cursor"]
      const ran = yield* run(...words)
      assert.include(ran.out, "http://127.0.0.1:9/a/mcp")
      assert.include(ran.err, "warning: the registry at http://127.0.0.1:9 can not be reached")
      const given = yield* run(...words, "--token-file", put("t", "tok", 0o600))
      assert.isFalse(given.ok)
    })
  )

  it.effect("--json: all there is to know of the entry; of a change the file, and nothing of what is in it", () =>
    Effect.gen(function* () {
      const { at, put, run } = machine()
      const shown = yield* run(...CURSOR, "--json")
      const answer = JSON.parse(shown.out)
      assert.deepInclude(answer, {
        client: "cursor",
        key: "team-search",
        url: "https://gw.example.com/team/search/mcp",
        through_gateway: true,
        form: "oauth",
        entry: { url: "https://gw.example.com/team/search/mcp" },
        inputs: [],
        file: at(".cursor/mcp.json"),
        command: null
      })
      assert.match(answer.install_link, /^cursor:/)
      assert.strictEqual(shown.err, "")
      const file = put("t", "tok-3", 0o600)
      const url = ["--server", "https://gw.example.com/x/mcp", "--client", "cursor"]
      const embed = ["--header-form", "--embed-token", "--token-file", file, "--write", "--json"]
      const wrote = yield* run(...url, ...embed)
      assert.deepEqual(JSON.parse(wrote.out), {
        key: "x",
        file: at(".cursor/mcp.json"),
        changed: true,
        backup: null
      })
      const again = yield* run(...url, "--remove", "--json")
      assert.isTrue(JSON.parse(again.out).changed)
      assert.isString(JSON.parse(again.out).backup)
    })
  )
})
