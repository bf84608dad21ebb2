/** Each command once, with what it prints and how it ends. */
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { startScripted } from "@mcpgw/testkit/ScriptedServer"
import { assert, describe, it } from "vitest"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import type { Stand } from "../support/stand.ts"

export const commandSuite = (stand: () => Stand): void => {
  const ok = async (words: ReadonlyArray<string>): Promise<string> => {
    const { code, err, out } = await stand().run(words)
    assert.strictEqual(code, 0, `${words.join(" ")}: ${err}`)
    return out
  }
  const json = async (words: ReadonlyArray<string>) => JSON.parse(await ok([...words, "--json"]))

  describe("servers", () => {
    it("one is added from a file, found, changed, switched, called and removed", async () => {
      const backend = await startScripted(legacyScript({ tools: ["echo"] }))
      const file = `${stand().folder}/weather.json`
      writeFileSync(
        file,
        JSON.stringify({
          server_name: "Weather",
          path: "/weather",
          proxy_pass_url: backend.url,
          description: "Rain",
          tags: ["sky"]
        })
      )
      assert.include(await ok(["servers", "add", file]), "Registered /weather.")
      assert.include(await ok(["servers", "list", "--query", "rain"]), "/weather")
      assert.include(
        await ok(["servers", "update", "Weather", "--description", "Rain and sun", "--tag", "a,b"]),
        "Updated /weather."
      )
      const record = await json(["servers", "get", "weather/"])
      assert.deepInclude(record, { description: "Rain and sun", tags: ["a", "b"], proxy_pass_url: backend.url })
      assert.include(await ok(["servers", "add", file, "--overwrite", "--license", "MIT"]), "Updated /weather.")
      const sparse = `${stand().folder}/sparse.json`
      writeFileSync(sparse, JSON.stringify({ server_name: "Weather", path: "/weather", proxy_pass_url: backend.url }))
      await ok(["servers", "update", "weather", "--description", "Keep me"])
      assert.include(await ok(["servers", "add", sparse, "--overwrite"]), "Updated /weather.")
      const kept = await json(["servers", "get", "weather"])
      assert.deepInclude(kept, { description: "Keep me", tags: ["sky"], license: "MIT" })
      await ok(["servers", "update", "weather", "--tag", ""])
      assert.deepStrictEqual((await json(["servers", "get", "weather"])).tags, [])
      assert.include(await ok(["servers", "list", "-q", "nomatch"]), 'Nothing that you may see has "nomatch"')
      assert.match(
        await ok(["search", "current", "time"]),
        /server +[^\n]+\/currenttime[^]*tool +current_time_by_timezone/
      )
      const found = await json(["search", "current time", "--kind", "tools", "--limit", "1"])
      assert.deepInclude(found, { total_servers: 0, total_tools: 1 })
      assert.include(await ok(["search", "zyxwvut"]), "Nothing that you may use is like that.")
      assert.include(await ok(["servers", "disable", "weather"]), "/weather is off")
      assert.include(await ok(["servers", "toggle", "weather"]), "/weather is on: healthy")
      const refreshed = await ok(["servers", "refresh", "weather"])
      assert.match(refreshed, /^Service \/weather refreshed successfully\nTools: 1\n?$/)
      assert.include(await ok(["servers", "tools", "weather"]), "echo")
      assert.include(await ok(["call", "echo", "--args", '{"text":"hello"}']), "echo")
      await backend.stop()
      const checked = await stand().run(["servers", "refresh", "weather"])
      assert.strictEqual(checked.code, 1)
      assert.match(
        checked.out,
        /^Service \/weather was checked: unhealthy: [^]*Nothing answers at its address[^]*\nTools: 1\n?$/
      )
      assert.include(await ok(["servers", "remove", "weather"]), "Removed /weather.")
      assert.strictEqual((await stand().run(["servers", "get", "weather"])).code, 4)
    })

    it("S-04: a credential is set from standard input, and never shown", async () => {
      const words = ["servers", "credential", "currenttime"]
      const ended = await stand().run([...words, "--scheme", "bearer", "--stdin"], { stdin: "very-secret-value" })
      assert.strictEqual(ended.code, 0, ended.err)
      assert.notInclude(ended.out + ended.err, "very-secret-value")
      assert.match(ended.out, /scheme +bearer[^]*stored +yes/)
      assert.match(await ok(["servers", "get", "currenttime"]), /credential +bearer, stored/)
      const wrong = ["--scheme", "api_key", "--header-name", "a b"]
      const { code, err } = await stand().run([...words, ...wrong, "--stdin"], { stdin: "k" })
      assert.deepStrictEqual([code, err.split("\n").length], [1, 2], err)
      assert.include(err, "auth_header_name (--header-name): it must be a header's name")
      assert.notInclude(await ok([...words, "--json"]), "very-secret-value")
      for (const scheme of ["none", "client"]) {
        await stand().run([...words, "--scheme", "bearer", "--stdin"], { stdin: "very-secret-value" })
        const dropped = await stand().run([...words, "--scheme", scheme])
        assert.match(dropped.out, /stored +no/)
        assert.match(dropped.err, /the credential that was stored is thrown away; --stdin sets one anew/)
        assert.strictEqual((await stand().run([...words, "--scheme", scheme])).err, "", "nothing was stored then")
      }
      await stand().run([...words, "--scheme", "bearer", "--stdin"], { stdin: "very-secret-value" })
      assert.match(await ok([...words, "--forget"]), /stored +no/)
      assert.strictEqual((await stand().run([...words, "--forget", "--scheme", "none"])).code, 2)
    })

    it("a file with wrong fields is refused here, with every one of them", async () => {
      const file = `${stand().folder}/wrong.json`
      writeFileSync(file, JSON.stringify({ server_name: 1, path: "/x", proxy_pass_url: "ftp://x", colour: "red" }))
      const { code, err } = await stand().run(["servers", "add", file])
      assert.strictEqual(code, 2)
      for (const field of ["server_name", "proxy_pass_url", "colour"]) assert.include(err, field)
    })

    const refused: ReadonlyArray<readonly [ReadonlyArray<string>, number, string]> = [
      [["servers", "add"], 2, "Name a FILE, or --name, --path and --proxy-pass-url"],
      [["servers", "get", "nope"], 4, 'There is no server "nope" that you may see'],
      [["servers", "gte"], 2, "did you mean get?"],
      [
        ["servers", "credential", "currenttime", "--scheme", "bearer"],
        1,
        "auth_credential (--stdin): it is needed with auth_scheme bearer"
      ],
      [
        ["servers", "add", "--name", "x", "--path", "/x", "--proxy-pass-url", "ftp://x"],
        2,
        "proxy_pass_url (--proxy-pass-url): must begin with http"
      ],
      [
        ["servers", "add", "--name", "x", "--path", "/currenttime", "--proxy-pass-url", "http://127.0.0.1:9/"],
        1,
        "Service with path '/currenttime' already exists\n  add --overwrite to change that one"
      ],
      [["servers", "update", "currenttime"], 2, "What is to change?"],
      [["servers", "add", "--name", "x", "--path", "x", "--proxy-pass-url", "http://127.0.0.1:9/"], 2, 'path held "x"'],
      [["call", "current_time_by_timezone", "--args", "[]"], 2, "--args held"],
      [["call", "no_such_tool"], 4, "`mcpgw list` shows those there are"],
      [["call", "current_time_by_timezone", "--server", "realserverfaketools"], 1, "not found"],
      [["ping", "--server", "nope"], 4, "/nope"],
      [["agents", "get", "nobody"], 4, ""],
      [["servers", "list", "--url", "ftp://x"], 2, "--url (MCPGW_URL) may hold an http:// or https:// URL"],
      [["tokens", "revoke"], 2, "Give one of --id, --subject and --stdin"],
      [["login", "--device", "--username", "x"], 2, "--username signs in with a password"],
      [["servers", "rate", "currenttime", "9"], 2, 'STARS held "9"'],
      [["health", "--interval", "0"], 2, '--interval held "0"; it may hold whole seconds from 1 to 3600'],
      [["nonsense"], 2, "mcpgw has no command"]
    ]
    for (const [words, code, says] of refused) {
      it(`${code}: ${words.join(" ")}`, async () => {
        const ended = await stand().run(words)
        assert.strictEqual(ended.code, code, ended.err)
        assert.include(ended.err, says)
        assert.strictEqual(ended.out, "")
      })
    }

    it("3: who may not is told so", async () => {
      const token = await stand().gateway.token(["mcp-servers-demo/execute"])
      const env = { MCPGW_TOKEN: token }
      assert.strictEqual((await stand().run(["agents", "list"], { env })).code, 3)
      // A tool that is not for the caller is none, and what may be called need not be on a list.
      const hidden = await stand().run(["call", "temporal_anomaly_detector", "-s", "realserverfaketools"], { env })
      assert.strictEqual(hidden.code, 4, hidden.err)
      assert.include(hidden.err, "no tool 'temporal_anomaly_detector' for you")
      const own = await stand().run(["list", "-s", "realserverfaketools", "--json"], { env })
      assert.strictEqual(JSON.parse(own.out).length, 2)
      assert.strictEqual((await stand().run(["ping", "-s", "currenttime"], { env })).code, 3)
    })
  })

  describe("MCP through the gateway", () => {
    it("ping, list, init and call, as tables and as JSON", async () => {
      assert.match(await ok(["ping"]), /\/currenttime +\d+ ms +20/)
      const tools: ReadonlyArray<{ readonly server: string; readonly name: string }> = await json(["list"])
      assert.deepInclude(
        tools.map(({ name, server }) => ({ name, server })),
        {
          name: "current_time_by_timezone",
          server: "/currenttime"
        }
      )
      const [init] = await json(["init", "--server", "currenttime"])
      assert.strictEqual(init.name, "currenttime")
      const result = await json(["call", "current_time_by_timezone", "--args", '{"tz_name":"Asia/Tokyo"}'])
      assert.include(result.content[0].text, "Asia/Tokyo")
    })

    it("1: the tool says that it failed, after its words", async () => {
      const { code, err, out } = await stand().run(["call", "current_time_by_timezone", "-a", '{"tz_name":"No/Where"}'])
      assert.strictEqual(code, 1, err)
      assert.include(out, "No/Where")
    })

    it("one server that does not answer keeps the others from nothing", async () => {
      await ok(["servers", "add", "--name", "Dead", "--path", "/dead", "--proxy-pass-url", "http://127.0.0.1:9/"])
      const { code, err, out } = await stand().run(["ping"])
      assert.strictEqual(code, 5)
      assert.include(out, "/currenttime")
      assert.include(err, "/dead")
      const called = await stand().run(["ping", "--server", "dead"])
      assert.match(called.err, /`mcpgw servers refresh \/dead` checks it now/)
      for (const words of [
        ["refresh", "dead"],
        ["enable", "dead"],
        ["toggle", "dead"],
        ["toggle", "dead"]
      ]) {
        const checked = await stand().run(["servers", ...words])
        const off = /is off/.test(checked.out)
        assert.strictEqual(checked.code, off ? 0 : 1, checked.out)
        if (!off) assert.include(checked.err, "/dead is not well: unhealthy")
      }
      const health = await stand().run(["health"])
      assert.strictEqual(health.code, 1)
      assert.include(health.err, "Not well: /dead")
      await ok(["servers", "remove", "dead"])
    })
  })

  describe("keys, agents, tokens and users", () => {
    it("a key is shown once, works, and ends", async () => {
      const made = await json(["keys", "create", "one", "--tool", "/currenttime:current_time_by_timezone"])
      const { out } = await stand().run(["list", "--json"], { env: { MCPGW_TOKEN: made.key } })
      assert.deepStrictEqual(
        JSON.parse(out).map((tool: { readonly name: string }) => tool.name),
        ["current_time_by_timezone"]
      )
      assert.notInclude(await ok(["keys", "list", "--json"]), made.key)
      await ok(["keys", "revoke", made.id])
      assert.strictEqual((await stand().run(["whoami"], { env: { MCPGW_TOKEN: made.key } })).code, 3)
    })

    it("an agent with secrets is changed, shut out, let in again, and each secret ends for itself", async () => {
      const made = await json(["agents", "create", "robot", "--group", "mcp-registry-user", "-d", "A bot", "--secret"])
      assert.strictEqual(made.client_id, "agent-robot")
      const asks = async (secret: string): Promise<number> => {
        const body = new URLSearchParams({
          grant_type: "client_credentials",
          client_id: "agent-robot",
          client_secret: secret
        })
        return (await fetch(`${stand().gateway.url}/oauth/token`, { method: "POST", body })).status
      }
      assert.strictEqual(await asks(made.client_secret), 200)

      assert.match(
        await ok(["agents", "update", "robot", "--group", "mcp-registry-operator", "-d", "Another bot"]),
        /description +Another bot\ngroups +mcp-registry-operator\n/
      )
      assert.match(await ok(["agents", "get", "robot"]), /groups +mcp-registry-operator\n/)
      assert.strictEqual((await stand().run(["agents", "update", "robot"])).code, 2)

      const second = await json(["agents", "secret", "robot"])
      assert.strictEqual(await asks(second.secret), 200)
      assert.notInclude(await ok(["agents", "get", "robot", "--json"]), second.secret)
      assert.match(await ok(["agents", "revoke-secret", "robot", second.id]), /^Ended .*, and the tokens of robot\.$/)
      assert.strictEqual(await asks(second.secret), 401)
      assert.strictEqual(await asks(made.client_secret), 200, "the other secret goes on")

      assert.include(await ok(["agents", "disable", "robot"]), "disabled     yes")
      assert.strictEqual(await asks(made.client_secret), 401)
      assert.include(await ok(["agents", "enable", "robot"]), "disabled     no")
      assert.strictEqual(await asks(made.client_secret), 200)
      assert.include(await ok(["agents", "list"]), "agent-robot")
      await ok(["agents", "remove", "robot"])
    })

    it("a token is printed, and ends by its id, by itself and with all its person had", async () => {
      const may = async (token: string): Promise<number> =>
        (await stand().run(["whoami"], { env: { MCPGW_TOKEN: token } })).code
      const handed = { env: { MCPGW_TOKEN: "as-it-was-given" } }
      assert.strictEqual((await stand().run(["tokens", "print"], handed)).out, "as-it-was-given")
      // Signed in by a password there is a session, and no token.
      const session = await stand().run(["tokens", "print"])
      assert.match(session.err, /no token to print: a sign-in with --username is a session[^]*mcpgw tokens generate/)

      const made = await json(["tokens", "generate", "--hours", "1"])
      assert.strictEqual(await may(made.tokens.access_token), 0)
      // Nobody keeps a list of tokens: that an id is mistyped can only be said to be possible.
      const { token_id: id } = made.token_data
      assert.match(await ok(["tokens", "revoke", "--id", id]), new RegExp(`^Ended ${id}\\.\\n\\S`))
      assert.strictEqual(await may(made.tokens.access_token), 3)

      const other = await ok(["tokens", "generate"])
      const ended = await stand().run(["tokens", "revoke", "--stdin"], { stdin: `${other}\n` })
      assert.match(ended.out, /^Ended [\w-]+\.$/, ended.err)
      assert.strictEqual(await may(other), 3)

      const theirs = await stand().gateway.token(["mcp-registry-user"], { sub: "leaver", preferred_username: "leaver" })
      assert.strictEqual(await may(theirs), 0)
      assert.strictEqual(await ok(["tokens", "revoke", "--subject", "leaver"]), "Ended all that leaver had.")
      assert.strictEqual(await may(theirs), 3)

      const machine = await json(["tokens", "admin"])
      assert.strictEqual(await may(machine.tokens.access_token), 0)
      const file = (await ok(["tokens", "admin", "--save", `${stand().folder}/machine`])).replace(/^saved +/, "")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    })

    it("contracts §2.7: --save writes the old file in its old shape, 0600", async () => {
      const out = await ok(["tokens", "generate", "--hours", "1", "--save", `${stand().folder}/tokens`])
      const file = out.replace(/^saved +/, "")
      assert.match(file, /\/mcp-registry-api-tokens-\d{4}-\d\d-\d\d\.json$/)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      const saved = JSON.parse(readFileSync(file, "utf8"))
      assert.containsAllKeys(saved, [
        "success",
        "tokens",
        "keycloak_url",
        "realm",
        "client_id",
        "user_scopes",
        "requested_scopes"
      ])
      assert.containsAllKeys(saved.tokens, [
        "access_token",
        "refresh_token",
        "expires_in",
        "refresh_expires_in",
        "token_type",
        "scope"
      ])
      assert.strictEqual(
        (await stand().run(["whoami", "--token-file", file], { env: { MCPGW_CONFIG_DIR: "/nowhere" } })).code,
        0
      )
    })

    it("everybody with an account", async () => {
      assert.match(await ok(["users", "list"]), /admin +local +mcp-registry-admin/)
      assert.match(await ok(["users", "get", "admin"]), /groups +mcp-registry-admin/)
      assert.strictEqual((await stand().run(["users", "get", "nobody"])).code, 4)
    })
  })
}
