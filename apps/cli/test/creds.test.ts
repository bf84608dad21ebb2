/** `mcpgw creds` against a real authorization server on loopback: what is obtained how, what is written, what is shown. */
import { it } from "@effect/vitest"
import { freePort, tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { creds } from "../src/creds/commands.ts"
import { runCommand } from "./support/inProcess.ts"
import { CLIENT, MACHINE, startProvider, type TestProvider } from "./support/provider.ts"

const room = tempDir("creds")
let provider: TestProvider
let redirect: string

beforeAll(async () => {
  redirect = `http://127.0.0.1:${await freePort()}/callback`
  provider = await startProvider(redirect)
})
afterAll(async () => {
  await provider.close()
  room.remove()
})

let folders = 0
const fresh = () => {
  const path = join(room.path, `t${folders++}`)
  return {
    path,
    read: (name: string) => JSON.parse(readFileSync(join(path, name), "utf8")),
    put: (name: string, value: unknown) => {
      mkdirSync(path, { recursive: true, mode: 0o700 })
      chmodSync(path, 0o700)
      writeFileSync(join(path, name), JSON.stringify(value), { mode: 0o600 })
    },
    run: (env: Readonly<Record<string, string>>, ...words: ReadonlyArray<string>) =>
      runCommand(creds, [...words, "--folder", path], { REGISTRY_URL: "https://gw.example.com", ...env })
  }
}

const person = () => ({
  EGRESS_PROVIDER_NAME_1: "acme",
  EGRESS_MCP_SERVER_NAME_1: "notes",
  EGRESS_OAUTH_CLIENT_ID_1: CLIENT.client_id,
  EGRESS_OAUTH_CLIENT_SECRET_1: CLIENT.client_secret,
  EGRESS_OAUTH_REDIRECT_URI_1: redirect,
  EGRESS_OAUTH_AUTH_URL_1: `${provider.url}/auth`,
  EGRESS_OAUTH_TOKEN_URL_1: `${provider.url}/token`,
  EGRESS_OAUTH_SCOPE_1: "openid offline_access"
})

const machine = () => ({
  EGRESS_PROVIDER_NAME_2: "robots",
  EGRESS_OAUTH_CLIENT_ID_2: MACHINE.client_id,
  EGRESS_OAUTH_CLIENT_SECRET_2: MACHINE.client_secret,
  EGRESS_OAUTH_TOKEN_URL_2: `${provider.url}/token`
})

describe("contracts §2.14: egress by client credentials", () => {
  it.live(
    "writes {provider}-egress.json, 0600 in 0700, and the IDE files in both spellings; shows nothing secret",
    () =>
      Effect.gen(function* () {
        const at = fresh()
        const ran = yield* at.run(machine(), "--egress-only", "--verbose")
        assert.isTrue(ran.ok, ran.problem + ran.err)
        const names = ["mcp.json", "robots-egress.json", "vscode-mcp.json", "vscode_mcp.json"]
        assert.deepEqual(
          readdirSync(at.path)
            .filter((name) => name !== "egress.json")
            .sort(),
          names
        )
        assert.strictEqual(statSync(at.path).mode & 0o777, 0o700)
        for (const name of readdirSync(at.path)) assert.strictEqual(statSync(join(at.path, name)).mode & 0o777, 0o600)
        const token = at.read("robots-egress.json")
        assert.containsAllKeys(token, [
          "provider",
          "access_token",
          "refresh_token",
          "expires_at",
          "expires_at_human",
          "cloud_id",
          "scopes",
          "saved_at",
          "usage_notes"
        ])
        assert.approximately(token.expires_at, Date.now() / 1000 + 3600, 30)
        assert.strictEqual(
          at.read("vscode_mcp.json").mcp.servers.robots.headers.Authorization,
          `Bearer ${token.access_token}`
        )
        assert.strictEqual(at.read("mcp.json").mcpServers.robots.url, "https://gw.example.com/robots/mcp")
        for (const secret of [token.access_token, MACHINE.client_secret]) assert.notInclude(ran.out + ran.err, secret)
        const again = yield* at.run(machine(), "--egress-only")
        assert.include(again.err, "good      robots-egress.json")
        const forced = yield* at.run(machine(), "--egress-only", "--force")
        assert.include(forced.err, "saved     robots-egress.json")
      })
  )
})
