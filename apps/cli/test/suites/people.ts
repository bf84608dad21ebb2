/** People, groups, collaborators and an old policy at the command line, with a gateway that administers no identity provider. */
import { mkdirSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import type { Stand } from "../support/stand.ts"

const OLD_SCOPES = `
UI-Scopes:
  finance:
    list_service: [Financial Info]
group_mappings:
  finance: [finance]
finance:
  - server: fininfo/
    methods: [initialize, notifications/initialized, ping, tools/list, tools/call, resources/list, resources/templates/list]
    tools: [print_stock_data]
`

export const peopleSuite = (stand: () => Stand): void => {
  const ok = async (words: ReadonlyArray<string>): Promise<string> => {
    const { code, err, out } = await stand().run(words)
    assert.strictEqual(code, 0, `${words.join(" ")}: ${err}`)
    return out
  }

  describe("people and groups", () => {
    it("contracts §2.14: somebody with names, in a group that is shown, who works on a server", async () => {
      const names = ["--email", "lin@example.com", "--first-name", "Lin", "--last-name", "Clark"]
      assert.match(await ok(["users", "create", "lin", "--group", "mcp-registry-user", ...names]), /provider +local/)
      assert.match(await ok(["users", "list", "--group", "mcp-registry-user"]), /lin +local .*lin@example\.com/)
      assert.notInclude(await ok(["users", "list", "--group", "mcp-registry-operator"]), "lin@example.com")
      assert.include(await ok(["users", "list", "--compare"]), "No identity provider is administered from here.")
      const group = await ok(["groups", "get", "mcp-registry-user"])
      assert.match(group, /users +.*lin/)
      assert.match(group, /SERVER +SCOPE +TOOLS +METHODS/)
      const add = ["collaborators", "add", "currenttime"]
      assert.match(await ok([...add, "lin", "--role", "user"]), /lin +person +user/)
      assert.match(
        await ok([...add, "mcp-registry-user", "--group", "--role", "manager"]),
        /mcp-registry-user +group +manager/
      )
      assert.match(await ok([...add, "lin", "--role", "manager"]), /lin +person +manager/)
      assert.notInclude(await ok(["collaborators", "remove", "currenttime", "lin"]), "lin")
      await ok(["collaborators", "remove", "currenttime", "mcp-registry-user", "--group"])
      assert.include(await ok(["collaborators", "list", "currenttime"]), "Nobody works on /currenttime")
      await ok(["users", "remove", "lin"])
    })

    it("a person is given other groups, shut out and let in again", async () => {
      const password = "correct horse battery 11"
      const create = ["users", "create", "kai", "--group", "mcp-registry-user", "--password-stdin"]
      assert.strictEqual((await stand().run(create, { stdin: password })).code, 0)
      const signsIn = async (): Promise<number> => {
        const env = { MCPGW_CONFIG_DIR: `${stand().folder}/kai` }
        return (await stand().run(["login", "--username", "kai", "--password-stdin"], { stdin: password, env })).code
      }
      assert.strictEqual(await signsIn(), 0)
      assert.match(
        await ok(["users", "update", "kai", "--group", "mcp-registry-operator"]),
        /groups +mcp-registry-operator\ndisabled +no/
      )
      assert.match(await ok(["users", "get", "kai"]), /groups +mcp-registry-operator\n/)
      assert.strictEqual((await stand().run(["users", "update", "kai"])).code, 2)
      assert.match(await ok(["users", "disable", "kai"]), /disabled +yes/)
      assert.strictEqual(await signsIn(), 3)
      assert.match(await ok(["users", "enable", "kai"]), /disabled +no/)
      assert.strictEqual(await signsIn(), 0)
      await ok(["users", "remove", "kai"])
    })

    it("issue 6.3: a user of a server calls what their scopes say, and with none of them nothing", async () => {
      const who = { sub: "uma", preferred_username: "uma" }
      const holding = async (scope: string) => ({ env: { MCPGW_TOKEN: await stand().gateway.token([scope], who) } })
      const [without, scoped] = [await holding("mcp-servers-demo/execute"), await holding("mcp-registry-user")]
      const call = (as: typeof scoped, server: string, tool: string) =>
        stand().run(["call", tool, "--server", server, "--args", '{"tz_name":"Asia/Tokyo"}'], as)
      const clock = (as: typeof scoped) => call(as, "currenttime", "current_time_by_timezone")
      const before = await clock(without)
      assert.strictEqual(before.code, 3, before.err)
      await ok(["users", "create", "uma", "--group", "mcp-registry-user"])
      await ok(["collaborators", "add", "currenttime", "uma", "--role", "user"])

      const after = await clock(without)
      assert.deepStrictEqual([after.code, after.out], [3, ""], "the role opens no server that scopes do not")
      const tools = await stand().run(["list", "--json"], without)
      assert.notInclude(tools.out, "current_time_by_timezone")
      const may = await clock(scoped)
      assert.strictEqual(may.code, 0, may.err)
      assert.include(may.out, "Asia/Tokyo")
      const elsewhere = await call(scoped, "realserverfaketools", "quantum_flux_analyzer")
      assert.strictEqual(elsewhere.code, 3, elsewhere.err)
      const edit = await stand().run(["servers", "update", "currenttime", "--description", "mine"], scoped)
      assert.strictEqual(edit.code, 3, edit.err)
      await ok(["users", "remove", "uma"])
    })

    it("a wish for Keycloak is refused where none is administered, and one can not wish for both", async () => {
      for (const words of [
        ["users", "create", "kim", "--keycloak"],
        ["agents", "create", "kim", "--keycloak"]
      ]) {
        const refused = await stand().run(words)
        assert.notStrictEqual(refused.code, 0)
        assert.include(refused.err, "no identity provider with an admin API is configured")
        assert.strictEqual((await stand().run([...words, "--local"])).code, 2)
      }
      assert.notInclude(await ok(["users", "list"]), "kim")
    })

    it("design §6: policy explain and test ask the gateway one is signed in to, by the policy in force there", async () => {
      const { folder, gateway, run } = stand()
      const words = ["--group", "ops", "--server", "currenttime", "--tool", "current_time_by_timezone"]
      const explain = (...more: ReadonlyArray<string>) => run(["policy", "explain", ...words, ...more])
      const before = await explain()
      assert.strictEqual(before.code, 1, before.err)
      assert.match(before.out, /decision +deny/)
      assert.include(before.err, `judged by the gateway at ${gateway.url}`)
      await ok(["groups", "create", "ops"])
      await ok(["groups", "add-server", "currenttime", "ops"])
      const after = await explain("--json")
      assert.strictEqual(after.code, 0, after.err)
      const { access, ...answer } = JSON.parse(after.out)
      assert.deepInclude(answer, { allowed: true, scope: "ops", scopes: ["ops"] })
      assert.strictEqual(access.method, "tools/call")
      const cases = `${folder}/cases.yml`
      writeFileSync(cases, `- {groups: [ops, other], server: realserverfaketools, tool: x, expect: deny}\n`)
      const tested = await run(["policy", "test", cases])
      assert.match(tested.out, /1 passed, 0 failed/)
      assert.include(tested.err, `judged by the gateway at ${gateway.url}`)
      const other = `${folder}/other-scopes.yml`
      writeFileSync(other, "group_mappings: {}\n")
      const byFile = await explain("--scopes", other)
      assert.deepStrictEqual([byFile.code, byFile.err.includes(`judged by ${other}`)], [1, true])
      const env = { MCPGW_TOKEN: await gateway.token(["mcp-servers-demo/execute"]) }
      const stranger = await run(["policy", "explain", ...words], { env })
      assert.strictEqual(stranger.code, 3)
      assert.match(stranger.err, /only available to admin users\n +administrators may ask; --scopes FILE/)
      const nobody = { env: { MCPGW_CONFIG_DIR: `${folder}/nobody` } }
      assert.strictEqual((await run(["policy", "explain", ...words, "--gateway"], nobody)).code, 3)
      await ok(["groups", "remove", "ops"])
    })

    it("import files: one that is no JSON is refused by name, and the others are judged", async () => {
      const folder = `${stand().folder}/torn`
      mkdirSync(folder, { recursive: true })
      const good = { server_name: "Torn", path: "/torn", proxy_pass_url: "http://127.0.0.1:9/", description: "One" }
      writeFileSync(`${folder}/good.json`, JSON.stringify(good))
      writeFileSync(`${folder}/torn.json`, "{")
      const { code, err, out } = await stand().run(["import", "files", folder, "--dry-run"])
      assert.strictEqual(code, 1, err)
      assert.match(out, /good\.json +\/torn +created/)
      assert.match(out, /torn\.json .*refused +file: it must hold JSON/)
      assert.include(err, "1 of 2 files were refused")
    })

    it("contracts §2.1: an old policy is tried, then merged, and says what it changed", async () => {
      const folder = `${stand().folder}/old`
      mkdirSync(folder, { recursive: true })
      const scopes = `${stand().folder}/old-scopes.yml`
      writeFileSync(scopes, OLD_SCOPES)
      const words = ["import", "files", folder, "--scopes", scopes, "--apply-scopes", "merge"]
      assert.match(await ok([...words, "--dry-run"]), /groups +finance +added/)
      assert.strictEqual((await stand().run(["groups", "get", "finance"])).code, 4)
      assert.match(await ok(words), /scopes +finance +added/)
      assert.match(await ok(["groups", "get", "finance"]), /fininfo.*print_stock_data/)
      assert.include(await ok(words), "The policy says all of that already.")
      await ok(["groups", "remove", "finance"])
      assert.strictEqual((await stand().run(["import", "files", folder, "--apply-scopes", "merge"])).code, 2)
    })
  })
}
