/**
 * A wrong setting stops the start in words: the variable, what it held, what it may hold. Nothing opens before that. Real processes,
 * because what counts is what a person at a terminal gets.
 */
import { BUN } from "@mcpgw/testkit/Gateway"
import { freePort, spawn, tempDir } from "@mcpgw/testkit/Process"
import { existsSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { afterAll, assert, describe, it, vi } from "vitest"
import { everySetting } from "../src/everySetting.ts"
import { settings } from "../src/settings.ts"

const COMMAND = [...BUN, "run", "apps/gateway"]

vi.setConfig({ testTimeout: 30_000 })

const room = tempDir("settings")
afterAll(room.remove)

interface Outcome {
  readonly code: number
  readonly output: string
  readonly listening: boolean
  readonly dataDir: string
}

let started = 0

const start = async (env: Readonly<Record<string, string>>): Promise<Outcome> => {
  const port = await freePort()
  started += 1
  const dataDir = join(room.path, `data-${started}`)
  const running = spawn({
    command: COMMAND,
    env: { MCPGW_PORT: String(port), MCPGW_DATA_DIR: dataDir, ...env }
  })
  const ready = await running.printed(/is ready at|can not start:/, 25_000)
  const code = ready[0].startsWith("is") ? await running.stop() : await running.exited
  return { code, output: running.output(), listening: await isListening(port), dataDir }
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

const refused = (outcome: Outcome, ...words: ReadonlyArray<string>): void => {
  assert.notStrictEqual(outcome.code, 0)
  assert.isFalse(outcome.listening)
  assert.match(outcome.output, /mcpgw can not start:/)
  assert.notMatch(outcome.output, /is ready at/)
  assert.notMatch(outcome.output, /\n\s+at /, "a stack trace")
  for (const word of words) assert.include(outcome.output, word)
}

/** Texts that a setting may not hold; none for those that take any text. */
const WRONG: Readonly<Record<string, ReadonlyArray<string>>> = {
  MCPGW_HOST: ["not a host", "127.0.0.1/8", "http://localhost"],
  MCPGW_PORT: ["0", "65536", "-1", "7860.5", "http", "0x10", "1e3"],
  MCPGW_PUBLIC_URL: [
    "mcp.example.com",
    "ftp://x",
    "https://u:p@x",
    "https://x/a%20b",
    "https://x//path",
    "https://x/?q=1",
    "https://x/#f"
  ],
  MCPGW_REGISTRY: ["postgres", "Store", "memory", "file"],
  MCPGW_POLICY: ["database", "Store", "scopes.yml", "true"],
  MCPGW_KEYS_LOST: ["maybe", "1", "yes", "TRUE"],
  DEPLOYMENT_MODE: ["gateway", "registry", "with_gateway", "Registry-Only"],
  ENABLE_WELLKNOWN_DISCOVERY: ["maybe", "1", "yes", "TRUE"],
  MCPGW_DEMO_SERVERS: ["maybe", "1", "yes", "TRUE"],
  MCPGW_ALLOWED_UPSTREAMS: ["a b", "http://internal:80", "10.0.0.0/99", "host:99999", "good.internal,a b"],
  MCPGW_TRUSTED_PROXIES: ["proxy.internal", "10.0.0.0/33", "10.0.0.1,0.0.0.0/0", "::/0", "10.0.0.1:80", ","],
  MCPGW_ALLOWED_CIDRS: ["everybody", "10.0.0/8", "10.0.0.0/-1", "fe80::1%eth0", "10.0.0.1/8/8", ","],
  MCPGW_CORS_ORIGINS: [
    "*",
    "https://*.example.com",
    "https://app.example.com/path",
    "app.example.com",
    "null",
    "https://u:p@app.example.com",
    "https://a.example,",
    "https://a.example/?q=1"
  ],
  MCPGW_CLIENT_METADATA_HOSTS: ["https://vscode.dev", "vscode.dev/x", "*.dev", "vscode.dev,", "a b"],
  MCPGW_REDIRECT_PORT: ["0", "65536", "http"],
  ADMIN_USER: ["a b", "-admin", "a".repeat(129), "<script>"],
  MCPGW_SESSION_HOURS: ["0", "721", "8h"],
  MCPGW_TOKEN_MAX_HOURS: ["0", "721", "-1"],
  MCPGW_TOKEN_DEFAULT_HOURS: ["0", "721", "1.5"],
  MCPGW_TOKENS_PER_HOUR: ["0", "1000001", "many"],
  MCPGW_OIDC_ISSUER: ["notaurl", "ftp://idp.example.com"],
  MCPGW_OIDC_JWKS_URL: ["keys.json", "file:///etc/passwd"],
  KEYCLOAK_URL: ["keycloak:8080", "keycloak"],
  KEYCLOAK_EXTERNAL_URL: ["javascript:alert(1)"],
  KEYCLOAK_ADMIN_URL: ["javascript:alert(1)"],
  OKTA_DOMAIN: ["https://dev-1.okta.com", "okta"],
  AUTH0_DOMAIN: ["tenant.auth0.com/"],
  GITHUB_ORG_GROUPS: ["yes"],
  HEALTH_CHECK_INTERVAL_SECONDS: ["0", "86401", "soon"],
  MCPGW_CONNECT_TIMEOUT_SECONDS: ["0", "601", "-1"],
  MCPGW_FIRST_BYTE_TIMEOUT_SECONDS: ["0", "3601"],
  MCPGW_IDLE_TIMEOUT_SECONDS: ["0", "86401"],
  MCPGW_TOTAL_TIMEOUT_SECONDS: ["0", "604801"],
  MCPGW_HEARTBEAT_SECONDS: ["-1", "3601"],
  MCPGW_MAX_STREAMS_PER_CALLER: ["0", "1000001"],
  MCPGW_MAX_BODY_BYTES: ["1023", "4MB", "1073741825"],
  MCPGW_DRAIN_SECONDS: ["-1", "3601"],
  OTEL_PROMETHEUS_PORT: ["0", "65536", "metrics"],
  MCPGW_DATABASE_URL: [
    "mysql://mcpgw:hunter2@db/mcpgw",
    "postgres://mcpgw:hunter2@db",
    "postgres:///mcpgw",
    "postgres://mcpgw:hunter2@db/a/b",
    "postgres://mcpgw:hunter2@db/mcpgw#x",
    "postgres://mcpgw:hunter2@db/mcpgw?sslmode=prefer",
    "postgres://mcpgw:hunter2@db/mcpgw?sslmode=verify_full",
    "postgres://mcpgw:hunter2@db/mcpgw?sslmode=verify-full&sslmode=allow",
    "mcpgw",
    "sqlite:",
    "sqlite::memory:",
    "sqlite:///data/mcpgw.db"
  ],
  MCPGW_AUDIT_RETENTION_DAYS: ["0", "36501", "forever"],
  MCPGW_LOG_LEVEL: ["loud", "trace"]
}

const all = everySetting
const every = all.flatMap((setting) =>
  (WRONG[setting.name] ?? []).map((value) => ({ name: setting.name, setting, value }))
)
const first = all.flatMap((setting) => every.filter(({ name }) => name === setting.name).slice(0, 1))

describe("design §8: a value that a setting may not hold", () => {
  it.each(every)("$name=$value is not parsed", ({ setting, value }) => {
    assert.isUndefined(setting.parse(value))
  })

  it("each setting has wrong values here, but those that take any text or path", () => {
    const picky = all.filter(({ holds }) => holds !== "a text" && !holds.startsWith("a path")).map(({ name }) => name)
    assert.sameMembers(Object.keys(WRONG), picky)
  })

  it("a wrong value of each stops the start; all are told at once, with what they held and may hold", async () => {
    const outcome = await start(Object.fromEntries(first.map(({ name, value }) => [name, value])))
    const sentences = first.map(({ name, setting, value }) => {
      const echo = setting.echo(value)
      const held = echo === undefined ? `a value of ${value.length} characters` : JSON.stringify(echo)
      return `${name}: held ${held}; it may hold ${setting.holds}`
    })
    refused(outcome, ...sentences)
    assert.notInclude(outcome.output, "hunter2", "a password")
    assert.isFalse(existsSync(outcome.dataDir), "the data folder was made before the settings were judged")
  })

  it("one wrong value stops the start", async () => {
    refused(await start({ MCPGW_IDLE_TIMEOUT_SECONDS: "0" }), 'MCPGW_IDLE_TIMEOUT_SECONDS: held "0"; it may hold')
  })

  it("a long value is cut", async () => {
    const outcome = await start({ MCPGW_PUBLIC_URL: "x".repeat(5_000) })
    refused(outcome, `MCPGW_PUBLIC_URL: held "${"x".repeat(200)}"`)
    assert.isBelow(outcome.output.length, 1_000)
  })
})

describe("design §8: settings that take any text", () => {
  it("MCPGW_DATA_DIR that can not be a folder", async () => {
    refused(
      await start({ MCPGW_DATA_DIR: "/dev/null/data" }),
      `MCPGW_DATA_DIR: held "/dev/null/data"`,
      "it may hold a folder"
    )
  })

  it("design §6: a weak ADMIN_PASSWORD is told by its length alone", async () => {
    const outcome = await start({ ADMIN_PASSWORD: "hunter2-x" })
    refused(outcome, "ADMIN_PASSWORD", "9 characters", "it may hold 12 to 1024 characters")
    assert.notInclude(outcome.output, "hunter2")
  })

  it.each([
    ["MCPGW_TLS_CERT", "MCPGW_TLS_KEY"],
    ["MCPGW_TLS_KEY", "MCPGW_TLS_CERT"]
  ])("%s without %s", async (given, missing) => {
    refused(await start({ [given]: "https://idp.example.com" }), `${missing}: held nothing`, "go together")
  })
})

describe("contracts §2.6: identity providers that can not be used stop the start", () => {
  it.each([
    ["AUTH_PROVIDER", { AUTH_PROVIDER: "ldap" }, 'AUTH_PROVIDER: held "ldap"; it may hold keycloak, cognito'],
    ["no client", { AUTH_PROVIDER: "github" }, "GITHUB_CLIENT_ID: held nothing; it may hold"],
    [
      "a tenant by its name",
      { AUTH_PROVIDER: "entra", ENTRA_CLIENT_ID: "x", ENTRA_TENANT_ID: "contoso.com" },
      'ENTRA_TENANT_ID: held "contoso.com"; it may hold'
    ],
    ["an audience without an issuer", { MCPGW_OIDC_AUDIENCE: "mcp" }, "MCPGW_OIDC_ISSUER: held nothing"],
    ["an issuer alone", { MCPGW_OIDC_ISSUER: "https://idp.example.com" }, "MCPGW_OIDC_CLIENT_ID: held nothing"],
    ["a file that is not there", { MCPGW_OAUTH2_PROVIDERS_FILE: "/nowhere/p.yml" }, "MCPGW_OAUTH2_PROVIDERS_FILE"]
  ])("%s", async (_, env, words) => {
    const outcome = await start({ ...env, GITHUB_CLIENT_SECRET: "gh-hush" })
    refused(outcome, words)
    assert.notInclude(outcome.output, "hush")
  })
})

describe("settings that only make sense together", () => {
  it("a default life of tokens longer than the longest is refused", async () => {
    refused(
      await start({ MCPGW_TOKEN_MAX_HOURS: "4", MCPGW_TOKEN_DEFAULT_HOURS: "5" }),
      'MCPGW_TOKEN_DEFAULT_HOURS: held "5"; it may hold at most what MCPGW_TOKEN_MAX_HOURS holds, 4'
    )
  })

  it("MCPGW_REDIRECT_PORT without TLS has nowhere to lead", async () => {
    refused(
      await start({ MCPGW_REDIRECT_PORT: "8080" }),
      `MCPGW_REDIRECT_PORT: held "8080"; it may hold a port only together with MCPGW_TLS_CERT`
    )
  })

  it("MCPGW_REGISTRY=store shares nothing without a database", async () => {
    refused(
      await start({ MCPGW_REGISTRY: "store" }),
      `MCPGW_REGISTRY: held "store"; it may hold that only together with MCPGW_DATABASE_URL`
    )
  })

  it("MCPGW_REDIRECT_PORT of another listener is refused", async () => {
    refused(
      await start({ MCPGW_REDIRECT_PORT: "9465", OTEL_PROMETHEUS_PORT: "9465" }),
      `MCPGW_REDIRECT_PORT: held "9465"; it may hold another port than OTEL_PROMETHEUS_PORT`
    )
  })
})

describe("design §6: MCPGW_DATABASE_URL is shown without its password", () => {
  it.each([
    ["mysql://u:hunter2@db/x", "mysql://u:***@db/x"],
    ["postgres://u:hunter2@db:5432?password=hunter2", "postgres://u:***@db:5432/"],
    ["postgres://u@db:0/a/b", "postgres://u@db:0/a/b"],
    ["sqlite:", "sqlite:"],
    ["postgres://u:hunter2@hunter2@db/x", undefined],
    ["postgres://u:hun/ter2@db/x", undefined],
    ["postgres://u:12/hunter2@db/x", undefined],
    ["postgres://u:12?hunter2@db/x", undefined],
    ["u:hunter2@db/x", undefined],
    ["password=hunter2 host=db", undefined]
  ])("%s", (held, shown) => assert.strictEqual(settings.databaseUrl.echo(held), shown))

  it("a server that can not be reached stops the start, named", async () => {
    refused(
      await start({ MCPGW_DATABASE_URL: "postgres://mcpgw:hunter2@127.0.0.1:1/mcpgw" }),
      "Can not open the database postgres://mcpgw@127.0.0.1:1/mcpgw: "
    )
  })
})

describe("W-17: MCPGW_CORS_ORIGINS", () => {
  it.each([
    ["https://app.example.com", ["https://app.example.com"]],
    ["https://App.Example.com:443/ , http://localhost:6274", ["https://app.example.com", "http://localhost:6274"]],
    ["http://[::1]:3000", ["http://[::1]:3000"]],
    ["chrome-extension://abcdefghijklmnop", ["chrome-extension://abcdefghijklmnop"]]
  ])("%s is read as browsers spell it", (text, expected) => {
    assert.deepEqual(settings.corsOrigins.parse(text), expected)
  })
})

describe("W-11: by default", () => {
  it("loopback alone is listened on", () => {
    assert.strictEqual(settings.host.fallback, "127.0.0.1")
  })
})

describe("design §8: files that can not be read", () => {
  it("MCPGW_TLS_CERT that is not there is named", async () => {
    const outcome = await start({ MCPGW_TLS_CERT: "/nowhere/cert.pem", MCPGW_TLS_KEY: "/nowhere/key.pem" })
    refused(outcome, "MCPGW_TLS_CERT", "/nowhere/cert.pem", "it may hold")
  })

  it("MCPGW_SCOPES_FILE that is not there is named", async () => {
    const outcome = await start({ MCPGW_SCOPES_FILE: "/nowhere/scopes.yml" })
    assert.match(outcome.output, /level=WARN .*MCPGW_SCOPES_FILE|mcpgw can not start:\s+MCPGW_SCOPES_FILE/)
  })
})

describe("design §8: names that are no settings", () => {
  it("a misspelling is warned about, with the name that was meant; the start goes on", async () => {
    const outcome = await start({
      MCPGW_PROT: "7860",
      MCPGW_SOMETHING_ELSE: "1",
      MCPGW_ALOWED_UPSTREAMS: "secret-host",
      MCPGW_CONFIG_DIR: "/of/the/command/line"
    })
    assert.strictEqual(outcome.code, 0)
    assert.notInclude(outcome.output, "MCPGW_CONFIG_DIR")
    assert.match(outcome.output, /level=WARN .*MCPGW_PROT is no setting of this version; did you mean MCPGW_PORT\?/)
    assert.match(
      outcome.output,
      /MCPGW_ALOWED_UPSTREAMS is no setting of this version; did you mean MCPGW_ALLOWED_UPSTREAMS\?/
    )
    assert.match(outcome.output, /MCPGW_SOMETHING_ELSE is no setting of this version"/)
    assert.notInclude(outcome.output, "secret-host")
  })

  it("contracts §2.14: names of the replaced system that do nothing yet are told once, by name alone", async () => {
    const outcome = await start({
      KEYCLOAK_ADMIN_PASSWORD: "kc-hush",
      KEYCLOAK_REALM: "",
      SECRET_KEY: "sk-hush",
      METRICS_RETENTION_DAYS: "90",
      OTEL_OTLP_ENDPOINT: "http://collector:4318",
      AWS_REGION: "eu-central-1"
    })
    assert.strictEqual(outcome.code, 0)
    const lines = outcome.output.split("\n").filter((line) => line.includes("not used by this version yet"))
    assert.strictEqual(lines.length, 1)
    assert.match(
      lines[0] ?? "",
      /level=WARN .*yet: METRICS_RETENTION_DAYS, OTEL_OTLP_ENDPOINT, SECRET_KEY; SECRET_KEY never/
    )
    assert.notMatch(outcome.output, /hush|collector/)
  })

  it("settings that are right are not warned about, and an empty value is an unset one", async () => {
    const outcome = await start({ MCPGW_LOG_LEVEL: "", MCPGW_PUBLIC_URL: " ", MCPGW_DRAIN_SECONDS: "1" })
    assert.strictEqual(outcome.code, 0)
    assert.notInclude(outcome.output, "is no setting")
    assert.notInclude(outcome.output, "not used by this version")
    assert.isTrue(existsSync(join(outcome.dataDir, "keys")))
  })
})
