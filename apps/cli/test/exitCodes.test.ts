/** Which exit code each mistake ends with, before anything is asked of anybody: the table of `--help` and of the README is true. */
import { root, tempDir } from "@mcpgw/testkit/Process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { EXIT } from "../src/Failure.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-codes")
afterAll(() => room.remove())

/** Nobody listens there: whatever is asked ends with 5. */
const NOWHERE = "http://127.0.0.1:9"
const FROM = ["import", "registry", "--from", "https://registry.example.com"]
const IDE = ["ide", "--server", "/a", "--client", "cursor"]
const file = (name: string, text: string): string => {
  writeFileSync(join(room.path, name), text, { mode: 0o600 })
  return join(room.path, name)
}
const TOKEN = file("token", "tok")
const EMPTY = file("empty.json", "{}")
const NAMELESS = file("nameless.json", '{"path":"/a","colour":"red"}')
const ADD = ["--name", "a", "--path", "/a", "--proxy-pass-url", "http://x/"]
const NO_FOLDER = join(room.path, "none/at/all")
const LIST = file("list.txt", "com.example/a\n")
mkdirSync(join(room.path, "tokens"), { mode: 0o700 })

const run = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  mcpgw(words, {
    env: {
      HOME: room.path,
      MCPGW_CONFIG_DIR: `${room.path}/config`,
      MCPGW_URL: NOWHERE,
      MCPGW_OAUTH_TOKENS_DIR: `${room.path}/tokens`,
      KEYCLOAK_URL: NOWHERE,
      ...env
    }
  })

/** Words, and what is said of them. */
const WRONG: ReadonlyArray<readonly [words: ReadonlyArray<string>, says: RegExp]> = [
  [["bogus"], /has no command "bogus"/],
  [["servers", "lst"], /did you mean list/],
  [["servers", "list", "--bogus"], /^mcpgw: [^\n]*'--bogus'\n {2}`mcpgw servers list --help` says what it takes\n*$/],
  [["ide"], /^mcpgw: Expected to find option: '--server'\n {2}[^]*`mcpgw ide --help`/],
  [["servers", "get"], /^mcpgw: Missing argument <SERVER>\n {2}`mcpgw servers get --help`/],
  [["servers", "list", "--url", "ftp://x"], /--url \(MCPGW_URL\) may hold/],
  [["whoami", "--token-file", join(room.path, "none")], /can not be read/],
  [["whoami", "--token-file", EMPTY], /holds no token/],
  [["login", "--username", "a", "--device"], /--username signs in with a password/],
  [["login", "--username", "a", "--no-browser"], /--username signs in with a password/],
  [["login", "--password-stdin"], /--password-stdin needs --username/],
  [["login", "--username", "a"], /no terminal to ask/],
  [["login", "--username", "a", "--password-stdin"], /standard input held nothing/],
  [["servers", "add"], /Which server\?/],
  [["servers", "add", NAMELESS], /server_name/],
  [["servers", "add", "--name", "a", "--path", "a", "--proxy-pass-url", "http://x/"], /path held "a"/],
  [["servers", "add", "--header", "x"], /--header may hold/],
  [["servers", "update", "a"], /What is to change\?/],
  [["servers", "rate", "a", "6"], /a whole number from 1 to 5/],
  [["servers", "rate", "a", "many"], /STARS held "many"; it may hold a whole number from 1 to 5/],
  [["servers", "get", "/"], /a server's path or name/],
  [["servers", "credential", "a", "--scheme", "magic"], /none, bearer, api_key, client/],
  [["call", "x", "--args", "[1]", "--server", "a"], /--args held/],
  [["health", "--interval", "0"], /whole seconds from 1 to 3600/],
  [["users", "update", "ada"], /What is to change\?/],
  [["users", "create", "ada", "--password-stdin"], /standard input held nothing/],
  [["agents", "update", "robot"], /What is to change\?/],
  [["groups", "create", " "], /GROUP held/],
  [["keys", "create", "x", "--tool", "x"], /--tool held/],
  [["keys", "create", "x", "--expires", "tomorrow"], /^mcpgw: --expires: it must be a day or a time[^\n]*\n*$/],
  [["agents", "secret", "bot", "--expires", "tomorrow"], /^mcpgw: --expires: it must be a day or a time[^\n]*\n*$/],
  [["tokens", "generate", "--hours", "x"], /--hours held "x"; it may hold whole hours/],
  [
    ["servers", "add", ...ADD, "--transport", "carrier-pigeon"],
    /^(?!(?:[^]*supported_transports){2})[^]*"streamable-http", "sse" or "stdio"/
  ],
  [["tokens", "revoke"], /Which token\?/],
  [["tokens", "revoke", "--id", "1", "--subject", "a"], /Which token\?/],
  [["tokens", "revoke", "--id", "1", "--stdin"], /Which token\?/],
  [["published", "list", "--limit", "0"], /from 1 to 100/],
  [["policy", "explain", "--server", "a", "--scopes", LIST], /./],
  [
    ["policy", "test", LIST, "--scopes", join(room.path, "none.yml")],
    /--scopes "[^"]+" can not be read: there is no such file/
  ],
  [["import", "registry", "--select", "--list", LIST], /choose servers both/],
  [["import", "registry", "--search", "x"], /add --select/],
  [["import", "registry", "--every", "60"], /add --mirror/],
  [["import", "registry", "--mirror", "--dry-run"], /changes nothing/],
  [["import", "registry", "--resume", "--dry-run"], /--resume goes on/],
  [["import", "registry", "--resume", "--list", LIST], /--resume goes on/],
  [["import", "registry", "--select"], /needs a terminal/],
  [["import", "registry", "--from-header", "X-Key"], /add --from-token-file/],
  [["import", "registry", "--from-token-file", TOKEN], /the public registry wants no token/],
  [
    [...FROM, "--from-token-file", join(room.path, "none")],
    /--from-token-file .* can not be read: there is no such file\n*$/
  ],
  [[...FROM, "--from-token-file", EMPTY], /--from-token-file .* holds no token/],
  [
    ["import", "registry", "--list", EMPTY, "--every", "5", "--mirror"],
    /--every held "5"; it may hold 60 seconds or more/
  ],
  [["import", "files", join(room.path, "tokens")], /holds no server files/],
  [[...IDE, "--write", "--remove"], /both set/],
  [[...IDE, "--embed-token"], /--embed-token needs/],
  [[...IDE, "--embed-token", "--header-form"], /--embed-token needs/],
  [[...IDE, "--embed-token", "--header-form", "--token-file", TOKEN, "--scope", "project"], /others may read/],
  [[...IDE, "--backend-auth", "none"], /add --header-form/],
  [[...IDE, "--backend-header", "X-A"], /add --header-form/],
  [[...IDE, "--backend-header", "a b"], /the name of a header/],
  [[...IDE, "--name", "a b"], /--name may hold/],
  [[...IDE, "--token-file", EMPTY], /holds no token/],
  [[...IDE, "--token-file", join(room.path, "none")], /nothing is there/],
  [["ide", "--server", "/../a", "--client", "cursor"], /--server held/],
  [["ide", "--server", "/a", "--client", "emacs"], /vscode, cursor/],
  [["ide", "--server", "/a", "--client", "goose", "--scope", "project"], /no configuration of a project/],
  [["creds", "--all", "--ingress-only"], /--all and one/],
  [["creds", "--ingress-only", "--provider", "google"], /belong to egress/],
  [["creds", "--keycloak-only", "--config-set", "1"], /belong to egress/],
  [["creds", "--agentcore-only", "--mcp-server-name", "x"], /belong to egress/],
  [["creds", "--egress-only", "--agent-id", "a"], /belongs to the agents/],
  [["creds", "--config-set", "101"], /from 1 to 100/],
  [["creds", "--agent-id", "../x"], /--agent-id may hold/],
  [["creds", "refresh", "--once", "--background"], /both set/],
  [["creds", "refresh", "--agent-id", "a", "--background"], /renews one token once/],
  [["creds", "refresh", "--interval", "0"], /seconds from 1/],
  [["creds", "status", "--folder", NO_FOLDER], /--folder "[^"]+": there is no such folder/],
  [["creds", "stop", "--folder", NO_FOLDER], /there is no such folder/],
  [["replaced", "--script", "nope"], /--script held "nope"[^]*service_mgmt/],
  [["keycloak", "init", "--realm", "a b"], /--realm/],
  [["keycloak", "add-agent", "--agent", "A_"], /--agent may hold/],
  [["keycloak", "credentials"], /no terminal to ask in/]
]

describe("2: the command line is wrong, or a file it names", () => {
  for (const [words, says] of WRONG) {
    it(words.map((word) => word.replace(room.path, "…")).join(" "), async () => {
      const { code, err, out } = await run(words)
      assert.match(`${err}\n${out}`, says)
      assert.strictEqual(code, EXIT.usage)
    })
  }
})

describe("the other codes", () => {
  it("a question makes no folder", async () => {
    await run(["creds", "status", "--folder", NO_FOLDER])
    assert.isFalse(existsSync(NO_FOLDER))
  })

  it("5: nobody answers, whatever asks", async () => {
    const asked = [
      ["servers", "list"],
      ["ping"],
      ["login", "--device"],
      [...IDE, "--token-file", TOKEN],
      ["import", "jobs"]
    ]
    for (const words of asked) assert.strictEqual((await run(words)).code, EXIT.unreachable, words.join(" "))
    const keycloak = await run(["keycloak", "credentials"], { KEYCLOAK_ADMIN_PASSWORD: "x" })
    assert.strictEqual(keycloak.code, EXIT.unreachable, keycloak.err)
  })

  it("0 and 1: help, and a file that is left as it is", async () => {
    for (const words of [["--help"], ["servers"], ["creds", "--help"], IDE])
      assert.strictEqual((await run(words)).code, EXIT.ok, words.join(" "))
    const broken = file("mcp.json", "{ broken")
    assert.strictEqual((await run([...IDE, "--write", "--file", broken])).code, EXIT.failed)
  })

  it("the README and --help say them all", async () => {
    const { out } = await run(["--help"])
    const readme = readFileSync(join(root, "README.md"), "utf8")
    for (const code of Object.values(EXIT)) {
      assert.match(readme, new RegExp(`^\\| ${code} \\| `, "m"))
      assert.match(out.replaceAll(/\s+/g, " "), new RegExp(`[ ,]${code} [a-z]`))
    }
  })
})
