/**
 * The replaced system's documented requests, as curl sends them, against a running gateway: each line is what its documents and clients send
 * (contracts.md §2.8, §2.16), and is answered as they say.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startGateway, type TestGateway } from "@mcpgw/testkit/Gateway"
import { spawn, tempDir } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

// A project does not inherit the root's limits.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const CURL = Bun.which("sh") !== null && Bun.which("curl") !== null

let gateway: TestGateway
const dir = tempDir("curl")

beforeAll(async () => {
  gateway = await startGateway()
})

afterAll(async () => {
  await gateway?.close()
  dir.remove()
})

interface Answer {
  readonly status: number
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

const jsonOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** Runs `curl {words}` in the test's folder; `GW` is where the gateway is, `PW` the administrator's password. */
const curl = async (words: string): Promise<Answer> => {
  const shell = spawn({
    command: ["sh", "-c", `cd '${dir.path}' && curl -sS -w '\\n%{http_code}' ${words}`],
    env: { PATH: process.env["PATH"] ?? "", GW: gateway.url, PW: gateway.adminPassword }
  })
  assert.strictEqual(await shell.exited, 0, shell.output())
  const output = shell.output().trimEnd()
  const cut = output.lastIndexOf("\n")
  const text = output.slice(0, Math.max(0, cut))
  return { status: Number(output.slice(cut + 1)), text, body: jsonOf(text) }
}

const JAR = "-b jar -H 'Accept: application/json'"

describe.skipIf(!CURL)("contracts §2.8, §2.16: documented curl lines", () => {
  it("health, sign-in with a cookie jar, and the list", async () => {
    const health = await curl(`"$GW/health"`)
    assert.deepStrictEqual(health.body, { status: "healthy", service: "mcp-gateway-registry" })
    const login = await curl(
      `-X POST -c jar --data-urlencode username=admin --data-urlencode "password=$PW" -H 'Accept: application/json' "$GW/login"`
    )
    assert.strictEqual(login.status, 200, login.text)
    const list = await curl(`${JAR} "$GW/api/servers?query=time"`)
    assert.include(list.text, '"path":"/currenttime"')
  })

  it("register, details, toggle, edit, tools, refresh: both spellings, as forms", async () => {
    const form = `-d name='Example Server' -d description=d -d path=/example-server -d proxy_pass_url=http://127.0.0.1:1/ -d 'tags=a,b' -d num_tools=0 -d num_stars=0 -d is_python=false -d license=MIT`
    const made = await curl(`${JAR} -X POST ${form} "$GW/register"`)
    assert.strictEqual(made.status, 201, made.text)
    assert.strictEqual(made.body["message"], "Service registered successfully")
    const again = await curl(`${JAR} -X POST ${form} "$GW/api/register"`)
    assert.strictEqual(again.status, 400)
    assert.strictEqual(again.body["error"], "Service with path '/example-server' already exists or failed to save")
    const details = await curl(`${JAR} "$GW/api/server_details/example-server"`)
    assert.include(details.body, { server_name: "Example Server", license: "MIT" })
    const off = await curl(`${JAR} -X POST -d enabled=off "$GW/toggle/example-server"`)
    assert.include(off.body, { service_path: "/example-server", new_enabled_state: false, status: "disabled" })
    const tools = await curl(`${JAR} "$GW/api/tools/example-server"`)
    assert.deepStrictEqual([tools.status, tools.body["error"]], [400, "Cannot fetch tools from disabled service"])
    const edit = await curl(`-b jar -X POST -d name='Example Server' -d license=Apache-2.0 "$GW/edit/example-server"`)
    assert.strictEqual(edit.status, 303, "without Accept: application/json it leads to the console")
    const refresh = await curl(`${JAR} -X POST "$GW/api/refresh/currenttime"`)
    assert.include(refresh.body, { service_path: "/currenttime", status: "healthy" })
    const all = await curl(`${JAR} "$GW/api/tools/currenttime"`)
    assert.include(all.text, "current_time_by_timezone")
    const unknown = await curl(`${JAR} -X POST -d enabled=on "$GW/api/toggle/nothing"`)
    assert.deepStrictEqual([unknown.status, unknown.body["error"]], [404, "Service path not registered"])
  })

  it("the administrators' routes by Basic", async () => {
    const basic = `-u "admin:$PW"`
    const form = `-d name=Internal -d description=d -d path=/internal-one -d proxy_pass_url=http://127.0.0.1:1/ --data-urlencode 'supported_transports=["streamable-http"]' --data-urlencode 'headers=[{"Authorization":"Bearer $ATLASSIAN_AUTH_TOKEN"}]'`
    const made = await curl(`${basic} -X POST ${form} "$GW/api/internal/register"`)
    assert.strictEqual(made.status, 201, made.text)
    const refused = await curl(`${basic} -X POST ${form} -d overwrite=false "$GW/api/internal/register"`)
    assert.strictEqual(refused.status, 409)
    assert.hasAllKeys({ error: refused.body["error"], ...refused.body }, [
      "type",
      "title",
      "status",
      "error",
      "detail",
      "reason",
      "suggestion"
    ])
    const flipped = await curl(`${basic} -X POST -d service_path=/internal-one "$GW/api/internal/toggle"`)
    assert.include(flipped.body, { new_enabled_state: false })
    const list = await curl(`${basic} "$GW/api/internal/list"`)
    assert.isAtLeast(Number(list.body["total_count"]), 3)
    const health = await curl(`${basic} -X POST "$GW/api/internal/healthcheck"`)
    assert.include(Object(health.body["/internal-one"]), { status: "disabled" })
    const gone = await curl(`${basic} -X POST -d service_path=/internal-one "$GW/api/internal/remove"`)
    assert.deepStrictEqual(gone.body, { message: "Service removed successfully", service_path: "/internal-one" })
    const wrong = await curl(`-u admin:wrong "$GW/api/internal/list"`)
    assert.deepStrictEqual([wrong.status, wrong.body["error"]], [401, "Invalid admin credentials"])
    const nobody = await curl(`"$GW/api/internal/list"`)
    assert.deepStrictEqual([nobody.status, nobody.body["error"]], [401, "Authentication required"])
  })

  it("the replaced system's folder is taken over as it is", async () => {
    mkdirSync(join(dir.path, "servers"), { recursive: true })
    const atlassian = {
      server_name: "Atlassian",
      path: "/atlassian",
      proxy_pass_url: "http://127.0.0.1:1/",
      headers: [{ Authorization: "Bearer $ATLASSIAN_AUTH_TOKEN" }]
    }
    writeFileSync(join(dir.path, "servers", "atlassian.json"), JSON.stringify(atlassian))
    writeFileSync(join(dir.path, "servers", "server_state.json"), JSON.stringify({ "/atlassian": false }))
    const words = `-u "admin:$PW" -X POST -F f=@servers/atlassian.json -F f=@servers/server_state.json "$GW/api/import/servers"`
    assert.include((await curl(words)).body, { created: 1, refused: 0 })
    assert.include((await curl(words)).body, { created: 0, unchanged: 1 })
  })

  it("documents: read with a tag, patched with it, refused with an old one; rated", async () => {
    const at = `"$GW/api/servers/atlassian"`
    const read = await curl(`${JAR} -D head ${at}`)
    assert.include(read.body, { path: "/atlassian", is_enabled: false })
    const tag = `-H "If-Match: $(sed -n 's/^etag: //Ip' head | tr -d '\\r')"`
    const patch = `${JAR} -X PATCH -H 'content-type: application/merge-patch+json' -d '{"license":"MIT"}' ${tag} ${at}`
    assert.include((await curl(patch)).body, { license: "MIT" })
    assert.strictEqual((await curl(patch)).status, 412)
    const rated = await curl(
      `${JAR} -X POST -H 'content-type: application/json' -d '{"rating":4}' "$GW/api/servers/atlassian/rate"`
    )
    assert.include(rated.body, { num_stars: 4, my_rating: 4 })
  })

  it("what anyone may read, and the sign-out", async () => {
    assert.deepInclude((await curl(`"$GW/.well-known/mcp-servers"`)).body, { version: "1.0", servers: [] })
    assert.include((await curl(`"$GW/openapi.json"`)).body, { openapi: "3.1.0" })
    assert.include((await curl(`"$GW/docs"`)).text, "/api/import/servers")
    assert.isBelow((await curl(`${JAR} -X POST "$GW/logout"`)).status, 400)
    assert.strictEqual((await curl(`${JAR} "$GW/api/servers"`)).status, 401)
  })
})
