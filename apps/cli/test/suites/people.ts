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
