/**
 * Issue 6: the replaced system's own documented commands and requests, as they are documented, against one running gateway. What they are and
 * must come to is data, in `documented/`; here they are run. A row of the table of replaced commands that no documented line uses fails.
 */
import { startScripted, type ScriptedServer } from "@mcpgw/testkit/ScriptedServer"
import { legacyScript } from "@mcpgw/testkit/LegacyScript"
import { freePort, spawn } from "@mcpgw/testkit/Process"
import * as BunContext from "@effect/platform-bun/BunContext"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { commandNames } from "../src/mcpgw.ts"
import { matched, patternOf } from "../src/old/pattern.ts"
import { REPLACED } from "../src/old/replaced.ts"
import { scriptName, translate } from "../src/old/translate.ts"
import { commands, inBackground } from "./documented/commands.ts"
import { copies, elsewhere } from "./documented/elsewhere.ts"
import { missingIn, valueAt } from "./documented/holds.ts"
import { registryManagement } from "./documented/registryManagement.ts"
import { requests, sockets } from "./documented/requests.ts"
import { typed } from "./documented/typed.ts"
import { startStand, type Stand } from "./support/stand.ts"

const SHELL = Bun.which("sh") !== null && Bun.which("curl") !== null

const ADMIN = ["mcp-registry-admin", "mcp-servers-unrestricted/read", "mcp-servers-unrestricted/execute"]
const USER = ["mcp-registry-user", "mcp-servers-restricted/read"]

const TOKENS = ".oauth-tokens"

let stand: Stand
let metrics: number
let env: Readonly<Record<string, string>>
const backends: Array<ScriptedServer> = []

/** A server of one tool, as the documents take it to be there. */
const backend = async (name: string, path: string, tool: string): Promise<void> => {
  const server = await startScripted(legacyScript({ tools: [tool] }))
  backends.push(server)
  const added = await stand.run(["servers", "add", "--name", name, "--path", path, "--proxy-pass-url", server.url])
  assert.strictEqual(added.code, 0, added.err)
}

/** Files the documented lines name. */
const files = async (): Promise<void> => {
  const { folder, gateway } = stand
  const token = await gateway.token(ADMIN)
  const server = {
    server_name: "Cloudflare Docs",
    path: "/cloudflare-docs",
    proxy_pass_url: "http://127.0.0.1:9/",
    description: "Documentation",
    tags: ["docs"]
  }
  writeFileSync(join(folder, "server.json"), JSON.stringify(server))
  writeFileSync(join(folder, "token.json"), JSON.stringify({ access_token: token }))
  writeFileSync(join(folder, "token-file.json"), JSON.stringify({ success: true, tokens: { access_token: token } }))
  writeFileSync(join(folder, "names.txt"), "com.example/weather\n")
  for (const name of [".vscode", ".claude-code", ".cursor", "servers"]) mkdirSync(join(folder, name))
  writeFileSync(join(folder, "servers/imported.json"), JSON.stringify({ ...server, path: "/imported" }))
  writeFileSync(join(folder, "servers/server_state.json"), JSON.stringify({ "/imported": false }))
}

/** An agent of the gateway, for the scripts that get its tokens. */
const agent = async (): Promise<Readonly<Record<string, string>>> => {
  const words = ["agents", "create", "creds-bot", "--group", "mcp-registry-admin", "--secret", "--json"]
  const made = await stand.run(words)
  const { client_id: id, client_secret: secret } = JSON.parse(made.out)
  return { MCPGW_CLIENT_ID: id, MCPGW_CLIENT_SECRET: secret }
}

/** Cognito's and Keycloak's paths in front of the gateway's token endpoint. */
const pool = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request) => {
    const { pathname } = new URL(request.url)
    if (!/^\/(?:oauth2|realms\/mcp-gateway\/protocol\/openid-connect)\/token$/.test(pathname)) {
      return new Response(null, { status: 404 })
    }
    const body = new URLSearchParams(await request.text())
    return fetch(`${stand.gateway.url}/oauth/token`, { method: "POST", body })
  }
})

/** What the scripts that get tokens find in the environment and in the folder: clients of providers, all of them this agent. */
const clients = async (): Promise<Readonly<Record<string, string>>> => {
  const { MCPGW_CLIENT_ID: id = "", MCPGW_CLIENT_SECRET: secret = "" } = await agent()
  const url = `http://127.0.0.1:${pool.port}`
  const egress = (n: number, provider: string) => ({
    [`EGRESS_PROVIDER_NAME_${n}`]: provider,
    [`EGRESS_OAUTH_CLIENT_ID_${n}`]: id,
    [`EGRESS_OAUTH_CLIENT_SECRET_${n}`]: secret,
    [`EGRESS_OAUTH_TOKEN_URL_${n}`]: `${stand.gateway.url}/oauth/token`
  })
  mkdirSync(join(stand.folder, TOKENS), { mode: 0o700 })
  const machine = JSON.stringify({ client_id: id, client_secret: secret, keycloak_url: url, realm: "mcp-gateway" })
  for (const name of ["nightly", "sre-agent"]) {
    writeFileSync(join(stand.folder, TOKENS, `agent-${name}-m2m.json`), machine, { mode: 0o600 })
  }
  return {
    MCPGW_CLIENT_ID: id,
    MCPGW_CLIENT_SECRET: secret,
    ...egress(1, "google"),
    ...egress(2, "atlassian"),
    EGRESS_MCP_SERVER_NAME_2: "atlassian",
    COGNITO_DOMAIN: url,
    AGENTCORE_CLIENT_ID_1: id,
    AGENTCORE_CLIENT_SECRET_1: secret,
    AGENTCORE_SERVER_NAME_1: "sre-gateway"
  }
}

beforeAll(async () => {
  metrics = await freePort()
  stand = await startStand({ OTEL_PROMETHEUS_PORT: String(metrics) })
  await files()
  await backend("Atlassian", "/atlassian", "search_issues")
  await backend("Financial Info", "/fininfo", "get_stock_aggregates")
  env = {
    KEYCLOAK_URL: "http://127.0.0.1:9",
    MCPGW_OAUTH_TOKENS_DIR: join(stand.folder, TOKENS),
    ...(await clients())
  }
}, 60_000)

afterAll(async () => {
  await pool.stop(true)
  await stand?.close()
  await Promise.all(backends.map((server) => server.stop()))
})

const read = (name: string): string => readFileSync(join(stand.folder, name), "utf8")

const hosts = (text: string): string =>
  text
    .replaceAll("http://localhost:9465", `http://127.0.0.1:${metrics}`)
    .replace(/https?:\/\/(?:localhost(?::7860|:8003)?|your-(?:gateway|domain)\.com)(?=[/"' ]|$)/g, stand.gateway.url)

describe("issue 6: documented requests", () => {
  const variables = async () => ({
    PATH: process.env["PATH"] ?? "",
    HOME: stand.folder,
    PASSWORD: stand.gateway.adminPassword,
    ACCESS_TOKEN: await stand.gateway.token(ADMIN),
    USER_TOKEN: await stand.gateway.token(USER)
  })
  const shell = async (line: string): Promise<string> => {
    const command = ["sh", "-c", `cd "$HOME" && ${line}`]
    const running = spawn({ command, env: await variables() })
    await running.exited
    return running.output()
  }

  for (const { at, body, headers = {}, keys, line, status, text = [] } of requests) {
    it.skipIf(!SHELL)(`${at}: ${line}`, async () => {
      // A stream goes on for ever: two seconds of it are enough.
      const quiet = `curl -sS -m ${line.includes("/sse") ? 2 : 20} -D head -o body -w '%{http_code}'`
      const told = await shell(`${hosts(line).replace(/^curl/, `: > body; ${quiet}`)} > code`)
      const answer = read("body")
      assert.strictEqual(read("code"), String(status), `${told}\n${answer}`)
      const parsed = (): unknown => JSON.parse(answer)
      if (body !== undefined) assert.deepStrictEqual(missingIn(parsed(), body), [], answer)
      if (keys !== undefined) assert.containsAllKeys(Object(valueAt(parsed(), keys[0])), keys.slice(1), answer)
      for (const pattern of text) assert.match(answer, pattern)
      const head = read("head")
      for (const [name, pattern] of Object.entries(headers)) {
        const value = new RegExp(`^${name}: (.*?)\\r?$`, "im").exec(head)?.[1]
        assert.match(value ?? `no ${name} in ${head}`, pattern)
      }
    })
  }

  for (const path of sockets) {
    it(`summary 402, contracts §2.11, §2.16: WebSocket ${path}`, async () => {
      const cookie = await stand.gateway.signIn()
      // Bun's takes headers; the type of the browsers' does not.
      const at = [stand.gateway.url.replace("http", "ws") + path, { headers: { cookie } }]
      const socket: WebSocket = Reflect.construct(WebSocket, at)
      const first = await new Promise<string>((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => resolve(String(data)))
        socket.addEventListener("close", ({ reason }) => reject(new Error(reason)))
      })
      socket.close()
      assert.containsAllKeys(JSON.parse(first)["/currenttime"], ["status", "last_checked_iso", "num_tools"])
      const refused = await fetch(stand.gateway.url + path)
      assert.strictEqual(refused.status, 401, "the replaced system told anyone")
    })
  }

  describe("files for IDEs", () => {
    beforeAll(async () => {
      const made = await stand.run(["creds", "--ingress-only", "--servers", "registry"], { env })
      assert.strictEqual(made.code, 0, made.err)
    })

    for (const { at, copy, holds, line } of copies) {
      it.skipIf(!SHELL)(`${at}: ${line}`, async () => {
        assert.strictEqual(await shell(line), "")
        assert.isDefined(valueAt(JSON.parse(read(copy)), holds))
      })
    }
  })
})

describe("issue 6: documented commands", () => {
  const all = [...commands, ...registryManagement]
  const wordsOf = (line: string) => typed(hosts(line), stand.folder)

  for (const { at, ends, line } of all) {
    it(`${at}: ${line}`, async () => {
      const [code, says] = ends
      const { env: set, words } = wordsOf(line)
      const keys = words.includes("--select") ? ["down", "down", "space", "enter"] : undefined
      const ended = await stand.run(words, {
        stdin: "correct horse battery 10",
        env: { ...env, ...set },
        ...(keys === undefined ? {} : { keys })
      })
      const printed = `${ended.out}\n${ended.err}`
      assert.match(printed, says)
      assert.strictEqual(ended.code, code, printed)
      // What is said to be there is, and holds a token.
      for (const [, name = ""] of ended.err.matchAll(/^(?:saved|good|fresh|refreshed) +(\S+\.json)\b/gm)) {
        assert.match(read(join(TOKENS, name)), /"access_token": "\S+"|Bearer \S/, name)
      }
    })
  }

  for (const { at, becomes, line } of inBackground) {
    it(`${at}: ${line} goes on in a process of its own`, async () => {
      const words = await translate(wordsOf(line).words).pipe(Effect.provide(BunContext.layer), Effect.runPromise)
      assert.strictEqual(Option.getOrElse(words, () => []).join(" "), becomes)
    })
  }

  it("every row of the table of replaced commands has a documented line", () => {
    const used = new Set(
      [...all.map(({ line }) => line), ...inBackground.map(({ line }) => line)].flatMap((line) => {
        const [script = "", ...words] = typed(line, "").words
        const rows = REPLACED.filter((row) => scriptName(row.script) === scriptName(script))
        return rows.filter(({ was }) => matched(patternOf(was), words) !== undefined).slice(0, 1)
      })
    )
    assert.deepStrictEqual(
      REPLACED.filter((row) => !used.has(row)).map(({ script, was }) => `${script} ${was}`),
      []
    )
  })

  it("words of the table name commands that are there", () => {
    for (const { now } of REPLACED) {
      if (now === undefined) continue
      const [first = "", second = ""] = now.split(" ")
      // An option, or in brackets one that may be left out, is of the command before it.
      const below = /^\[|^-/.test(second) ? undefined : commandNames.get(first)
      const known = below === undefined ? commandNames.get("mcpgw")?.includes(first) === true : below.includes(second)
      assert.isTrue(known, now)
    }
  })

  it("how much of what is documented this is", () => {
    const instead = all.filter(({ ends: [, says] }) => says.source.startsWith(": not here")).length
    const run = requests.length + sockets.length + copies.length + all.length + inBackground.length
    const differs = requests.filter((one) => one.differs !== undefined).length
    const lines = [
      `${run + elsewhere.length} documented: ${run} run (${differs} with another answer than was documented, ${instead} told what to do instead), ${elsewhere.length} not applicable:`,
      ...elsewhere.map(({ at, line, why }) => `  ${at}: ${line} — ${why}`)
    ]
    process.stdout.write(`${lines.join("\n")}\n`)
    assert.isAbove(run, 300)
  })
})
