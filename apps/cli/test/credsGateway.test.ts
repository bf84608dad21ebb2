/** `mcpgw creds` and `mcpgw ide` as processes, against a real gateway: its own token endpoint, and the refresher in the background. */
import { spawn, tempDir } from "@mcpgw/testkit/Process"
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { creds } from "../src/creds/commands.ts"
import { ide } from "../src/ide/commands.ts"
import { runCommand } from "./support/inProcess.ts"

const room = tempDir("creds-gateway")
const folder = join(room.path, "tokens")
let gateway: TestGateway
let agent: Readonly<Record<string, string>>

const api = async (path: string, json: unknown): Promise<Readonly<Record<string, string>>> => {
  const response = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie: await gateway.signIn() },
    body: JSON.stringify(json)
  })
  return JSON.parse(await response.text())
}

beforeAll(async () => {
  gateway = await startGateway()
  await api("/api/agents", { name: "nightly", groups: ["mcp-registry-admin"] })
  agent = await api("/api/agents/nightly/secrets", {})
})
afterAll(async () => {
  await mcpgw("creds", "stop", "--folder", folder)
  await gateway.close()
  room.remove()
})

const environment = () => ({
  HOME: room.path,
  MCPGW_URL: gateway.url,
  MCPGW_CLIENT_ID: agent["client_id"] ?? "",
  MCPGW_CLIENT_SECRET: agent["secret"] ?? ""
})

interface Ended {
  readonly code: number
  readonly output: string
}

/** As a process of its own. */
const started = async (...words: ReadonlyArray<string>): Promise<Ended> => {
  const command = [process.execPath, "--no-env-file", "run", "apps/cli", ...words]
  const running = spawn({ command, env: environment() })
  return { code: await running.exited, output: running.output() }
}

/** In this process, which is quicker. */
const mcpgw = async (...words: ReadonlyArray<string>): Promise<Ended> => {
  const command =
    words[0] === "ide"
      ? runCommand(ide, words.slice(1), environment())
      : runCommand(creds, words.slice(1), environment())
  const ran = await Effect.runPromise(command)
  return { code: ran.ok ? 0 : 1, output: [ran.out, ran.err, ran.problem].join("\n") }
}

const ingress = () => JSON.parse(readFileSync(join(folder, "ingress.json"), "utf8"))

describe("contracts §2.14: the gateway's own token endpoint", () => {
  it("creds --ingress-only gets a token that the API takes, and ide asks with it where a server is", async () => {
    const { code, output } = await mcpgw("creds", "--ingress-only", "--folder", folder, "--servers", "registry")
    assert.strictEqual(code, 0, output)
    const token = ingress()
    assert.strictEqual(token.provider, "mcpgw_m2m")
    for (const secret of [token.access_token, agent["secret"] ?? "-"]) assert.notInclude(output, secret)
    const headers = { authorization: `Bearer ${token.access_token}` }
    assert.strictEqual((await fetch(`${gateway.url}/api/servers`, { headers })).status, 200)
    const { mcpServers } = JSON.parse(readFileSync(join(folder, "mcp.json"), "utf8"))
    assert.deepInclude(mcpServers.currenttime, {
      url: `${gateway.url}/currenttime/mcp`,
      headers: { "X-Authorization": `Bearer ${token.access_token}` }
    })
    const words = ["ide", "--client", "kiro", "--token-file", join(folder, "ingress.json")]
    const shown = await mcpgw(...words, "--server", "/currenttime", "--write")
    assert.strictEqual(shown.code, 0, shown.output)
    const file = join(room.path, ".kiro/settings/mcp.json")
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
      mcpServers: { currenttime: { url: `${gateway.url}/currenttime/mcp` } }
    })
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    const unknown = await mcpgw(...words, "--server", "/nosuch")
    assert.strictEqual(unknown.code, 1)
    assert.include(unknown.output, "answered 404: Service path not registered")
  })
})

describe("issue 6.8: in the background", () => {
  it("runs once, renews a token that somebody made due, tells its status, and ends when told", async () => {
    const { code, output } = await started("creds", "refresh", "--background", "--folder", folder)
    assert.strictEqual(code, 0, output)
    const pid = /process (\d+)/.exec(output)?.[1]
    const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
      for (let i = 0; i < 200 && !(await what()); i++) await Bun.sleep(50)
      assert.isTrue(await what(), readFileSync(join(folder, "token_refresher.log"), "utf8"))
    }
    await until(() => existsSync(join(folder, "token_refresher.status.json")))
    assert.strictEqual(readFileSync(join(folder, "token_refresher.pid"), "utf8").trim(), pid)
    const twice = await mcpgw("creds", "refresh", "--folder", folder)
    assert.strictEqual(twice.code, 1)
    assert.include(twice.output, `runs for this folder already, as process ${pid}`)
    const before = ingress()
    writeFileSync(join(folder, "ingress.json"), JSON.stringify({ ...before, expires_at: 1 }))
    await until(() => ingress().access_token !== before.access_token)
    const status = await mcpgw("creds", "status", "--folder", folder)
    assert.include(status.output, `runs as process ${pid}`)
    assert.match(status.output, /good +ingress\.json, until 20/)
    for (const name of ["token_refresher.log", "token_refresher.pid", "token_refresher.status.json", "ingress.json"]) {
      assert.strictEqual(statSync(join(folder, name)).mode & 0o777, 0o600, name)
      if (name !== "ingress.json") assert.notInclude(readFileSync(join(folder, name), "utf8"), ingress().access_token)
    }
    const stopped = await mcpgw("creds", "stop", "--folder", folder)
    assert.include(stopped.output, `ended     process ${pid}`)
    assert.isFalse(existsSync(join(folder, "token_refresher.pid")))
    assert.include((await mcpgw("creds", "status", "--folder", folder)).output, "does not run")
  })

  it("a pid that is somebody else's by now is not ended", async () => {
    writeFileSync(join(folder, "token_refresher.pid"), `${gateway.pid}\n`)
    const stopped = await mcpgw("creds", "stop", "--folder", folder)
    assert.include(stopped.output, "no refresher runs")
    assert.strictEqual((await fetch(`${gateway.url}/health`)).status, 200)
  })
})
