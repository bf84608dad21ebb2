/** Signing in, staying so, and being told when one is not. */
import { assert, describe, it } from "vitest"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { freePort } from "@mcpgw/testkit/Process"
import { person } from "../support/person.ts"
import type { Stand } from "../support/stand.ts"

const credentials = (stand: Stand, name: string): string => `${stand.folder}/${name}/credentials.json`
const config = (stand: Stand, name: string) => ({ env: { MCPGW_CONFIG_DIR: `${stand.folder}/${name}` } })

export const signInSuite = (stand: () => Stand): void => {
  describe("login", () => {
    it("A-31: with a browser: PKCE, a loopback redirect, and a file that nobody else can read", async () => {
      const { gateway, run } = stand()
      const somebody = person("admin", gateway.adminPassword)
      const { promise, resolve } = Promise.withResolvers<string>()
      const signingIn = run(["login", "--no-browser"], {
        ...config(stand(), "browser"),
        onError: (text) => {
          const address = /http:\S+authorize\S+/.exec(text)?.[0]
          if (address !== undefined) resolve(address)
        }
      })
      const address = new URL(await promise)
      assert.strictEqual(address.searchParams.get("code_challenge_method"), "S256")
      assert.strictEqual(address.searchParams.get("resource"), gateway.url)
      const redirect = address.searchParams.get("redirect_uri") ?? ""
      assert.match(redirect, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
      // Whoever does not know the state ends nothing.
      assert.strictEqual((await fetch(`${redirect}?code=x&state=y`)).status, 404)
      assert.include(await somebody.through(address.href), "You are signed in")
      const ended = await signingIn
      assert.strictEqual(ended.code, 0, ended.err)
      assert.include(ended.out, `Signed in to ${gateway.url} as admin.`)
      assert.strictEqual(statSync(credentials(stand(), "browser")).mode & 0o777, 0o600)
      const me = await run(["whoami", "--json"], config(stand(), "browser"))
      assert.deepInclude(JSON.parse(me.out), { username: "admin", auth_method: "oauth", is_admin: true })
      const called = await run(
        ["call", "current_time_by_timezone", "-a", '{"tz_name":"UTC"}'],
        config(stand(), "browser")
      )
      assert.include(called.out, '"timezone": "UTC"')
      const printed = await run(["tokens", "print"], config(stand(), "browser"))
      const headers = { authorization: `Bearer ${printed.out}` }
      assert.strictEqual((await fetch(`${gateway.url}/api/auth/me`, { headers })).status, 200)
    })

    it("a token that is about to end is renewed before it is used, once", async () => {
      const { run } = stand()
      const file = credentials(stand(), "browser")
      const before = JSON.parse(readFileSync(file, "utf8"))
      const [url = ""] = Object.keys(before.gateways)
      const kept = before.gateways[url].access_token
      before.gateways[url].expires_at = Date.now() + 1_000
      writeFileSync(file, JSON.stringify(before))
      const all = await Promise.all([1, 2, 3].map(() => run(["whoami"], config(stand(), "browser"))))
      assert.deepStrictEqual(
        all.map(({ code }) => code),
        [0, 0, 0],
        all.map(({ err }) => err).join()
      )
      const after = JSON.parse(readFileSync(file, "utf8"))
      assert.notStrictEqual(after.gateways[url].access_token, kept)
      assert.isAbove(after.gateways[url].expires_at, Date.now() + 60_000)
    })

    it("only a session makes keys: the refusal says how to get one", async () => {
      const { code, err } = await stand().run(["keys", "create", "x"], config(stand(), "browser"))
      assert.strictEqual(code, 3)
      assert.include(err, "mcpgw login --username NAME")
    })

    it("logout ends it at the gateway, too", async () => {
      const { gateway, run } = stand()
      const held = JSON.parse(readFileSync(credentials(stand(), "browser"), "utf8")).gateways[gateway.url]
      assert.strictEqual((await run(["logout"], config(stand(), "browser"))).code, 0)
      const still = await fetch(`${gateway.url}/api/auth/me`, {
        headers: { authorization: `Bearer ${held.access_token}` }
      })
      assert.strictEqual(still.status, 401)
      const { code, err } = await run(["whoami"], config(stand(), "browser"))
      assert.strictEqual(code, 3)
      assert.include(err, "mcpgw login")
    })

    it("with a code for another device", async () => {
      const { gateway, run } = stand()
      const somebody = person("admin", gateway.adminPassword)
      const { promise, resolve } = Promise.withResolvers<readonly [string, string]>()
      const signingIn = run(["login", "--device"], {
        ...config(stand(), "device"),
        onError: (text) => {
          const [, where = "", code = ""] = /(http:\S+)[^]*the code {2}(\S+)/.exec(text) ?? []
          if (code !== "") resolve([where, code])
        }
      })
      const [where, code] = await promise
      await somebody.through(where, { user_code: code })
      const ended = await signingIn
      assert.strictEqual(ended.code, 0, ended.err)
      assert.strictEqual((await run(["whoami"], config(stand(), "device"))).code, 0)
    })

    it("with a wrong password nothing is kept, and nothing of it is said", async () => {
      const { code, err } = await stand().run(["login", "-u", "admin", "--password-stdin"], {
        ...config(stand(), "wrong"),
        stdin: "not the password"
      })
      assert.strictEqual(code, 3)
      assert.notInclude(err, "not the password")
      assert.isFalse(existsSync(credentials(stand(), "wrong")))
    })

    it("a sign-in is never sent to another gateway", async () => {
      const seen: Array<string | null> = []
      const other = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: ({ headers }) => {
          seen.push(headers.get("authorization"), headers.get("cookie"))
          return Response.json({ error: "who?" }, { status: 401 })
        }
      })
      const { code } = await stand().run(["servers", "list", "--url", `http://127.0.0.1:${other.port}`])
      await other.stop(true)
      assert.strictEqual(code, 3)
      assert.deepStrictEqual(seen, [null, null])
    })

    it("a credentials file that others can read is refused", async () => {
      const { run, folder } = stand()
      const made = await run(["login", "-u", "admin", "--password-stdin"], {
        ...config(stand(), "open"),
        stdin: stand().gateway.adminPassword
      })
      assert.strictEqual(made.code, 0)
      Bun.spawnSync(["chmod", "644", `${folder}/open/credentials.json`])
      const { code, err } = await run(["whoami"], config(stand(), "open"))
      assert.strictEqual(code, 1)
      assert.include(err, "chmod 600")
    })
  })

  describe("a token that is given", () => {
    it("contracts §2.7: from a file, of either shape, or its text", async () => {
      const { folder, gateway, run } = stand()
      const token = await gateway.token(["mcp-servers-demo/execute"])
      const texts = [
        token,
        JSON.stringify({ access_token: token }),
        JSON.stringify({ tokens: { access_token: token } }),
        `CLIENT_ID=x\nACCESS_TOKEN="${token}"\n`
      ]
      for (const [i, text] of texts.entries()) {
        writeFileSync(`${folder}/given-${i}.json`, text)
        const { out } = await run(["whoami", "--json", "--token-file", `${folder}/given-${i}.json`])
        assert.strictEqual(JSON.parse(out).username, "tester")
      }
      writeFileSync(`${folder}/none.json`, JSON.stringify({ secret_thing: 1 }))
      const { code, err } = await run(["whoami", "--token-file", `${folder}/none.json`])
      assert.strictEqual(code, 2)
      assert.include(err, "it may hold a token's text, or JSON with tokens.access_token or access_token")
    })

    it("--verbose says what is asked, never with what", async () => {
      const { gateway, run } = stand()
      const token = await gateway.token([])
      const { err } = await run(["whoami", "-v"], { env: { MCPGW_TOKEN: token } })
      assert.include(err, "> GET")
      assert.include(err, "< 200")
      assert.notInclude(err, token)
    })
  })

  it("5: nobody answers", async () => {
    const { code, err } = await stand().run(["whoami", "--url", `http://127.0.0.1:${await freePort()}`])
    assert.strictEqual(code, 5)
    assert.include(err, "is it running")
  })
}
