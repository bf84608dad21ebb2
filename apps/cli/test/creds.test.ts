/** `mcpgw creds` against a real authorization server on loopback: what is obtained how, what is written, what is shown. */
import { it } from "@effect/vitest"
import { freePort, tempDir } from "@mcpgw/testkit/Process"
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { creds } from "../src/creds/commands.ts"
import { runCommand } from "./support/inProcess.ts"
import { browse, CLIENT, MACHINE, startProvider, type TestProvider } from "./support/provider.ts"

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
      runCommand(creds, [...words, "--folder", path], { REGISTRY_URL: "https://gw.example.com", ...env }),
    /** With a person at a browser who opens what is shown. `first` happens before they come. */
    agreed: (
      env: Readonly<Record<string, string>>,
      words: ReadonlyArray<string>,
      first: (page: URL) => Promise<void> = () => Promise.resolve()
    ) =>
      Effect.gen(function* () {
        const pages: Array<Promise<string>> = []
        const ran = yield* runCommand(
          creds,
          [...words, "--folder", path],
          { REGISTRY_URL: "https://gw.example.com", ...env },
          (line) => {
            const page = /^ {2}(http\S+)$/m.exec(line)?.[1]
            if (page !== undefined) pages.push(first(new URL(page)).then(() => browse(page)))
          }
        )
        return { ran, pages: yield* Effect.promise(() => Promise.all(pages)) }
      })
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
  EGRESS_OAUTH_SCOPE_1: "openid"
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

describe("contracts §2.14: egress by a person's agreement", () => {
  it.live(
    "authorization code with PKCE on a loopback redirect; strangers on this computer neither finish nor break it",
    () =>
      Effect.gen(function* () {
        const at = fresh()
        const strangers: Array<number> = []
        const { pages, ran } = yield* at.agreed(person(), ["--provider", "acme"], async (page) => {
          assert.strictEqual(page.searchParams.get("code_challenge_method"), "S256")
          for (const url of [
            `${redirect}?code=x&state=y`,
            `${redirect}?error=access_denied`,
            new URL("/", redirect).href
          ]) {
            strangers.push((await fetch(url)).status)
          }
        })
        assert.isTrue(ran.ok, ran.problem + ran.err)
        assert.deepEqual(strangers, [400, 400, 404])
        assert.include(pages[0], "You can close this window")
        const token = at.read("acme-notes-egress.json")
        assert.isString(token.refresh_token)
        assert.deepEqual(token.scopes, ["openid"])
        assert.deepEqual(at.read("egress.json"), token, "§2.16: the seed's name, too")
        const entry = at.read("mcp.json").mcpServers.notes
        assert.deepEqual(entry, {
          type: "streamable-http",
          url: "https://gw.example.com/notes/mcp",
          headers: { Authorization: `Bearer ${token.access_token}` },
          disabled: false,
          alwaysAllow: []
        })
        for (const secret of [token.access_token, token.refresh_token, CLIENT.client_secret]) {
          assert.notInclude(ran.out + ran.err, secret)
        }
        // Refreshed without a person; the refresh token rotates, both names follow.
        const asked = provider.grants.length
        const again = yield* at.run(person(), "refresh", "--once", "--force")
        assert.isTrue(again.ok, again.problem + again.err)
        assert.deepEqual(provider.grants.slice(asked), ["refresh_token"])
        const renewed = at.read("acme-notes-egress.json")
        assert.notStrictEqual(renewed.access_token, token.access_token)
        assert.notStrictEqual(renewed.refresh_token, token.refresh_token)
        assert.deepEqual(at.read("egress.json"), renewed)
        assert.include(JSON.stringify(at.read("vscode-mcp.json")), renewed.access_token)
        // Not due: nothing is asked.
        const idle = yield* at.run(person(), "refresh", "--once")
        assert.include(idle.err, "fresh     acme-notes-egress.json")
        assert.lengthOf(provider.grants, asked + 1)
      })
  )

  it.live("a redirect that leads elsewhere is refused before anybody is asked", () =>
    Effect.gen(function* () {
      const elsewhere = { ...person(), EGRESS_OAUTH_REDIRECT_URI_1: "https://evil.example/callback" }
      const { pages, ran } = yield* fresh().agreed(elsewhere, ["--egress-only"])
      assert.isFalse(ran.ok)
      assert.lengthOf(pages, 0)
      assert.include(ran.err, "does not lead to this computer")
    })
  )

  it.live("a revoked agreement: what to run is said, and the old token stays", () =>
    Effect.gen(function* () {
      const at = fresh()
      const old = {
        provider: "acme",
        access_token: "old",
        refresh_token: "gone",
        expires_at: 1,
        saved_at: "x",
        mine: 7
      }
      at.put("acme-notes-egress.json", old)
      const ran = yield* at.run(person(), "refresh", "--once")
      assert.isFalse(ran.ok)
      assert.include(ran.err, "acme: refused: invalid_grant")
      assert.deepEqual(at.read("acme-notes-egress.json"), old)
      at.put("acme-notes-egress.json", { ...old, refresh_token: null })
      const asked = yield* at.run(person(), "refresh", "--once")
      assert.include(asked.err, "a person has to agree again; run mcpgw creds --egress-only --provider acme --force")
    })
  )
})

describe("contracts §2.13: agents and ingress", () => {
  /** Keycloak's path in front of the token endpoint. */
  const keycloak = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname !== "/realms/mcp-gateway/protocol/openid-connect/token") return new Response(null, { status: 404 })
      return fetch(`${provider.url}/token`, { method: "POST", body: await request.text(), headers: request.headers })
    }
  })
  afterAll(() => keycloak.stop(true))
  const url = `http://127.0.0.1:${keycloak.port}`

  it.live("--keycloak-only and --agent-id: the token, its .env twin, and a new agent's without a file yet", () =>
    Effect.gen(function* () {
      const at = fresh()
      at.put("agent-nightly-m2m.json", { ...MACHINE, keycloak_url: url, realm: "mcp-gateway" })
      at.put("agent-other-m2m.json", { ...MACHINE, keycloak_url: url, realm: "mcp-gateway" })
      const ran = yield* at.run({}, "refresh", "--agent-id", "nightly")
      assert.isTrue(ran.ok, ran.problem + ran.err)
      assert.notInclude(readdirSync(at.path).join(), "agent-other-m2m-token")
      const token = at.read("agent-nightly-m2m-token.json")
      assert.strictEqual(token.agent_name, "nightly")
      assert.strictEqual(token.expires_in, 3600)
      assert.strictEqual(token.keycloak_realm, "mcp-gateway")
      const env = readFileSync(join(at.path, "agent-nightly-m2m-token.env"), "utf8")
      assert.include(env, `ACCESS_TOKEN=${token.access_token}\nCLIENT_ID=robot\n`)
      const all = yield* at.run({}, "--keycloak-only")
      assert.isTrue(all.ok, all.problem + all.err)
      assert.include(all.err, "good      agent-nightly-m2m-token.json\nsaved     agent-other-m2m-token.json")
      const missing = yield* at.run({}, "refresh", "--agent-id", "nobody")
      assert.include(missing.err, "mcpgw keycloak credentials --save makes it")
    })
  )

  it.live("--ingress-only: Keycloak's client; the headers of the IDE files say whose token it is", () =>
    Effect.gen(function* () {
      const at = fresh()
      const servers = join(room.path, "servers")
      mkdirSync(servers, { recursive: true })
      writeFileSync(
        join(servers, "time.json"),
        JSON.stringify({ path: "/time", auth_type: "none", supported_transports: ["sse"] })
      )
      writeFileSync(join(servers, "paid.json"), JSON.stringify({ path: "/paid", auth_type: "oauth" }))
      const env = {
        KEYCLOAK_URL: url,
        KEYCLOAK_M2M_CLIENT_ID: MACHINE.client_id,
        KEYCLOAK_M2M_CLIENT_SECRET: MACHINE.client_secret
      }
      const ran = yield* at.run(env, "--ingress-only", "--servers", servers)
      assert.isTrue(ran.ok, ran.problem + ran.err)
      const token = at.read("ingress.json")
      assert.include(token, { provider: "keycloak_m2m", client_id: "robot", keycloak_url: url, realm: "mcp-gateway" })
      assert.deepEqual(at.read("mcp.json").mcpServers, {
        time: {
          type: "sse",
          url: "https://gw.example.com/time/mcp",
          headers: {
            "X-Authorization": `Bearer ${token.access_token}`,
            "X-Client-Id": "robot",
            "X-Keycloak-Realm": "mcp-gateway",
            "X-Keycloak-URL": url
          },
          disabled: false,
          alwaysAllow: []
        }
      })
    })
  )

  it.live("--agentcore-only: bedrock-agentcore-{server}-egress.json, renewed by its own client", () =>
    Effect.gen(function* () {
      const at = fresh()
      const pool = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: async (request) =>
          fetch(`${provider.url}/token`, { method: "POST", body: await request.text(), headers: request.headers })
      })
      const env = {
        COGNITO_DOMAIN: `http://127.0.0.1:${pool.port}`,
        AGENTCORE_CLIENT_ID_1: MACHINE.client_id,
        AGENTCORE_CLIENT_SECRET_1: MACHINE.client_secret,
        AGENTCORE_SERVER_NAME_1: "SRE-gateway"
      }
      const ran = yield* at.run(env, "--agentcore-only")
      assert.isTrue(ran.ok, ran.problem + ran.err)
      const first = at.read("bedrock-agentcore-sre-gateway-egress.json")
      assert.strictEqual(first.provider, "bedrock-agentcore")
      const again = yield* at.run(env, "refresh", "--once", "--force")
      assert.isTrue(again.ok, again.problem + again.err)
      assert.notStrictEqual(at.read("bedrock-agentcore-sre-gateway-egress.json").access_token, first.access_token)
      yield* Effect.promise(() => pool.stop(true))
    })
  )
})

describe("mcpgw creds refuses in words", () => {
  it.live("a folder that others can open", () =>
    Effect.gen(function* () {
      const at = fresh()
      mkdirSync(at.path)
      chmodSync(at.path, 0o755)
      const ran = yield* at.run({}, "status")
      assert.include(ran.problem, "others can open that folder; chmod 700 it")
    })
  )

  it.live("every wrong setting at once, and no secret in it", () =>
    Effect.gen(function* () {
      const ran = yield* fresh().run(
        {
          EGRESS_OAUTH_CLIENT_ID_1: "a",
          EGRESS_PROVIDER_NAME_2: "github",
          EGRESS_OAUTH_CLIENT_ID_3: "c",
          EGRESS_OAUTH_CLIENT_SECRET_3: "s3cret",
          EGRESS_PROVIDER_NAME_3: "nosuch",
          EGRESS_OAUTH_CLIENT_ID_100: "d",
          EGRESS_PROVIDER_NAME_100: "evil",
          EGRESS_OAUTH_TOKEN_URL_100: "http://evil.example/token"
        },
        "--egress-only"
      )
      assert.isFalse(ran.ok)
      for (const says of [
        "EGRESS_PROVIDER_NAME_1 is not set",
        "EGRESS_OAUTH_CLIENT_ID_2 is not set",
        'EGRESS_PROVIDER_NAME_3: the provider "nosuch" is none of atlassian, google',
        "EGRESS_OAUTH_TOKEN_URL_100 may hold an https:// URL, or one of this machine"
      ]) {
        assert.include(ran.err, says)
      }
      assert.notInclude(ran.err, "s3cret")
    })
  )

  it.live("a provider that is down: its name and status, and the others go on", () =>
    Effect.gen(function* () {
      provider.outage(true)
      const at = fresh()
      const ran = yield* at.run(machine(), "--egress-only")
      provider.outage(false)
      assert.isFalse(ran.ok)
      assert.include(ran.err, "failed    robots-egress.json: robots: answered with status 503")
      const status = yield* at.run({}, "status")
      assert.include(status.out, "the refresher does not run")
    })
  )
  it.live("status: what the refresher that runs could not renew, why, and when it tries again; --json as well", () =>
    Effect.gen(function* () {
      const at = fresh()
      // Whoever is called so is taken for the refresher.
      const other = Bun.spawn(["bash", "-c", 'exec -a "mcpgw creds refresh" sleep 60'])
      at.put("ingress.json", { access_token: "s3cret", expires_at: 1 })
      at.put("github-egress.json", { access_token: "s3cret", expires_at: null })
      at.put("broken-egress.json", {})
      at.put("token_refresher.pid", other.pid)
      at.put("token_refresher.status.json", {
        files: [
          { name: "ingress.json", result: "failed", problem: "keycloak_m2m: answered with status 503", next: 4e9 },
          { name: "github-egress.json", result: "fresh" }
        ]
      })
      while (!readFileSync(`/proc/${other.pid}/cmdline`, "utf8").startsWith("mcpgw")) yield* Effect.sleep("10 millis")
      const { out } = yield* at.run({}, "status")
      assert.include(out, `the refresher runs as process ${other.pid}`)
      assert.match(out, /ended +ingress\.json, until 1970-01-01.*\n +keycloak_m2m: .* 503; tried again at 2096-/)
      const json = JSON.parse((yield* at.run({}, "status", "--json")).out)
      other.kill()
      yield* Effect.promise(() => other.exited)
      assert.strictEqual(json.pid, other.pid)
      assert.deepEqual(json.tokens, [
        { file: "broken-egress.json", state: "unreadable", expires_at: null, problem: null, next_at: null },
        { file: "github-egress.json", state: "endless", expires_at: null, problem: null, next_at: null },
        {
          file: "ingress.json",
          state: "ended",
          expires_at: 1,
          problem: "keycloak_m2m: answered with status 503",
          next_at: 4e9
        }
      ])
      const later = JSON.parse((yield* at.run({}, "status", "--json")).out)
      assert.isNull(later.pid)
      assert.isNull(later.tokens[2].problem)
    })
  )
})
