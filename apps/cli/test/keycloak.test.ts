/** `mcpgw keycloak` as an operator meets it, without a Keycloak: where the password comes from, what is refused, what is saved how. */
import { root, spawn, tempDir } from "@mcpgw/testkit/Process"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const PASSWORD = "correct horse battery 9"

/** Knows one administrator and two clients; one secret tries to take the terminal. */
const startFake = () => {
  const passwords: Array<string | null> = []
  const flags = {
    enabled: true,
    publicClient: false,
    standardFlowEnabled: true,
    serviceAccountsEnabled: false,
    directAccessGrantsEnabled: false,
    implicitFlowEnabled: false,
    fullScopeAllowed: false
  }
  const client = (clientId: string, id: string) => ({ ...flags, id, clientId, redirectUris: [], webOrigins: [] })
  const answers: Readonly<Record<string, unknown>> = {
    "/admin/realms/mcp-gateway/clients": [client("mcp-gateway-web", "1"), client("agent-a-m2m", "2")],
    "/admin/realms/mcp-gateway/clients/1/client-secret": { value: "web-secret" },
    "/admin/realms/mcp-gateway/clients/2/client-secret": { value: "a\u001b[2Jb\nAUTH_PROVIDER=none" }
  }
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname.endsWith("/token")) {
        passwords.push(new URLSearchParams(await request.text()).get("password"))
        return passwords.at(-1) === PASSWORD
          ? Response.json({ access_token: "t", expires_in: 60 })
          : Response.json({ error_description: "Invalid user credentials" }, { status: 401 })
      }
      const found = answers[pathname]
      return found === undefined ? new Response(null, { status: 404 }) : Response.json(found)
    }
  })
  return { url: `http://127.0.0.1:${server.port}`, passwords, stop: () => server.stop(true) }
}

let fake: ReturnType<typeof startFake>
const room = tempDir("cli")

beforeAll(() => {
  fake = startFake()
})
afterAll(async () => {
  await fake.stop()
  room.remove()
})

interface Ended {
  readonly code: number
  readonly output: string
}

const mcpgw = async (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  const running = spawn({
    command: [process.execPath, "--no-env-file", "run", join(root, "apps/cli"), ...words],
    env: { KEYCLOAK_URL: fake.url, KEYCLOAK_ADMIN_PASSWORD: PASSWORD, ...env }
  })
  return { code: await running.exited, output: running.output() }
}

describe("words", () => {
  it("--help names the commands", async () => {
    const { code, output } = await mcpgw(["--help"])
    assert.strictEqual(code, 0)
    for (const name of ["init", "add-agent", "credentials"]) assert.include(output, `keycloak ${name}`)
  })

  it("help says what one types, without colours in a pipe and without filler", async () => {
    const { output } = await mcpgw(["keycloak", "init", "--help"])
    assert.include(output, "$ mcpgw keycloak init ")
    for (const never of ["\u001b", "user-defined", "--wizard", "true or false value"]) assert.notInclude(output, never)
    for (const usual of ["http://localhost:8080", "mcp-gateway.", "http://127.0.0.1:7860"])
      assert.include(output, usual)
  })

  const refused: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["init", "--url", "ftp://x"], "--url (KEYCLOAK_URL) may hold an http:// or https:// URL"],
    [["init", "--url", "http://a:b@x"], "--url (KEYCLOAK_URL) may hold an http:// or https:// URL"],
    [["init", "--public-url", "http://x/y"], "--public-url (MCPGW_PUBLIC_URL) may hold an http:// or https:// origin"],
    [["init", "--realm", "../master"], "--realm (KEYCLOAK_REALM) may hold letters"],
    [["add-agent", "--agent", "../x", "--group", "g"], "--agent may hold 1 to 63 lower-case letters"],
    [["add-agent", "--agent", "x"], "--group"],
    [["init", "--password", PASSWORD], "--password"],
    [["inti"], 'keycloak has no command "inti"; it has add-agent, credentials, init']
  ]
  for (const [words, says] of refused) {
    it(`${words.join(" ")} is refused before anything is asked`, async () => {
      const before = fake.passwords.length
      const { code, output } = await mcpgw(["keycloak", ...words])
      assert.notStrictEqual(code, 0)
      assert.include(output, says)
      assert.strictEqual(fake.passwords.length, before)
    })
  }
})

describe("the administrator's password", () => {
  it("comes from standard input when asked to, without the line's end", async () => {
    const child = Bun.spawn(
      [process.execPath, "--no-env-file", "run", join(root, "apps/cli"), "keycloak", "credentials", "--password-stdin"],
      { cwd: root, env: { KEYCLOAK_URL: fake.url }, stdin: new Blob([`${PASSWORD}\n`]), stdout: "pipe", stderr: "pipe" }
    )
    const output = await new Response(child.stdout).text()
    assert.strictEqual(await child.exited, 0)
    assert.include(output, "KEYCLOAK_CLIENT_SECRET=web-secret")
  })

  it("is missed in words where there is no terminal to ask in", async () => {
    const { code, output } = await mcpgw(["keycloak", "credentials"], { KEYCLOAK_ADMIN_PASSWORD: "" })
    assert.strictEqual(code, 2)
    assert.include(output, "set KEYCLOAK_ADMIN_PASSWORD, pipe it in with --password-stdin, or run this in a terminal")
  })

  it("is not sent where it would cross a network readable, and with a warning where that is allowed", async () => {
    const words = ["keycloak", "credentials", "--url", "http://keycloak.invalid:8080"]
    const refused = await mcpgw(words)
    assert.strictEqual(refused.code, 2)
    assert.include(refused.output, "MCPGW_ALLOW_HTTP=keycloak.invalid")
    const { output } = await mcpgw(words, { MCPGW_ALLOW_HTTP: "keycloak.invalid" })
    assert.include(output, "warning: http://keycloak.invalid:8080 is not encrypted")
    assert.include(output, "Keycloak can not be reached at http://keycloak.invalid:8080")
    assert.notInclude(output, PASSWORD)
  })
})

describe("credentials", () => {
  it("are settings; what a server put into one stays in it", async () => {
    const { code, output } = await mcpgw(["keycloak", "credentials"])
    assert.strictEqual(code, 0)
    assert.include(output, "KEYCLOAK_CLIENT_ID=mcp-gateway-web\nKEYCLOAK_CLIENT_SECRET=web-secret\n")
    assert.notInclude(output, "\u001b")
    assert.lengthOf(output.match(/^AUTH_PROVIDER=/gm) ?? [], 1)
  })

  it("contracts §2.13: --save leaves a file per client, readable by its owner alone, whatever was there before", async () => {
    const folder = join(room.path, "new", "folder")
    for (const _ of [1, 2]) assert.strictEqual((await mcpgw(["keycloak", "credentials", "--save", folder])).code, 0)
    assert.deepEqual(readdirSync(folder).sort(), ["agent-a-m2m.json", "keycloak.env", "mcp-gateway-web.json"])
    assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
    for (const name of readdirSync(folder)) assert.strictEqual(statSync(join(folder, name)).mode & 0o777, 0o600)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "mcp-gateway-web.json"), "utf8")), {
      client_id: "mcp-gateway-web",
      client_secret: "web-secret",
      keycloak_url: fake.url,
      realm: "mcp-gateway"
    })
  })

  it("are not saved in a folder that others can open", async () => {
    const folder = join(room.path, "open")
    mkdirSync(folder)
    chmodSync(folder, 0o755)
    const { code, output } = await mcpgw(["keycloak", "credentials", "--save", folder])
    assert.strictEqual(code, 1)
    assert.include(output, "others can open that folder; chmod 700 it or name another")
    assert.isEmpty(readdirSync(folder))
  })

  it("are not saved where a file is", async () => {
    const { code, output } = await mcpgw(["keycloak", "credentials", "--save", join(root, "package.json", "x")])
    assert.strictEqual(code, 1)
    assert.match(output, /credentials can not be saved in ".+": /)
    assert.isFalse(existsSync(join(root, "package.json", "x")))
  })
})
