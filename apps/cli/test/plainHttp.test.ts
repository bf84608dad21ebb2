/** No credential crosses a network readable unless its host is named; every command that sends one is asked. */
import { tempDir } from "@mcpgw/testkit/Process"
import * as fc from "fast-check"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { isPrivateWay } from "../src/connect/plainHttp.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-http")
afterAll(() => room.remove())

/** A name that leads nowhere: what is sent there ends with 5. */
const PLAIN = "http://gateway.invalid"

const put = (path: string, text: string): string => {
  mkdirSync(join(room.path, path, ".."), { recursive: true, mode: 0o700 })
  writeFileSync(join(room.path, path), text, { mode: 0o600 })
  return join(room.path, path)
}
const token = put("token", "tok-secret")
const login = { _tag: "session", username: "ada", cookie: "session=s3cret" }
put("signed-in/credentials.json", JSON.stringify({ version: 1, current: PLAIN, gateways: { [PLAIN]: login } }))
mkdirSync(join(room.path, "tokens"), { mode: 0o700 })

const run = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}, config = "config") =>
  mcpgw(words, {
    stdin: "a-password",
    env: {
      HOME: room.path,
      MCPGW_CONFIG_DIR: join(room.path, config),
      MCPGW_OAUTH_TOKENS_DIR: join(room.path, "tokens"),
      MCPGW_URL: PLAIN,
      REGISTRY_URL: "https://gateway.invalid",
      KEYCLOAK_URL: "http://keycloak.invalid:8080",
      ...env
    }
  })

const IDE = ["ide", "--server", "/a", "--client", "cursor"]

const SENDING: ReadonlyArray<ReadonlyArray<string>> = [
  ["servers", "list", "--token", "tok-secret"],
  ["whoami", "--token-file", token],
  ["tokens", "generate", "--token-file", token],
  ["ping", "--server", "a", "--token-file", token],
  ["login"],
  ["login", "--device"],
  ["login", "--username", "ada", "--password-stdin"],
  [...IDE, "--token-file", token],
  ["ide", "--server", `${PLAIN}/a/mcp`, "--client", "cursor", "--header-form", "--embed-token", "--token-file", token],
  ["keycloak", "credentials", "--password-stdin"]
]

describe("issue 6 point 9: credentials and http", () => {
  for (const words of SENDING) {
    const name = words.map((word) => word.replace(room.path, "…")).join(" ")
    it(`${name}: refused, and told how to have it all the same`, async () => {
      const { code, err, out } = await run(words)
      assert.strictEqual(code, 2, err)
      assert.match(err, /is not encrypted: .* would cross the network readable, and is not sent/)
      assert.match(err, /MCPGW_ALLOW_HTTP=(?:gateway|keycloak)\.invalid/)
      assert.notMatch(out + err, /tok-secret|a-password/)
    })
  }

  it("with the host's name it is sent, with a warning; with another's it is not", async () => {
    const words = ["servers", "list", "--token", "t"]
    const sent = await run(words, { MCPGW_ALLOW_HTTP: "other.invalid, GATEWAY.invalid" })
    assert.strictEqual(sent.code, 5, sent.err)
    assert.include(sent.err, `warning: ${PLAIN} is not encrypted`)
    for (const others of ["other.invalid", "true", "*", "", "xgateway.invalid"])
      assert.strictEqual((await run(words, { MCPGW_ALLOW_HTTP: others })).code, 2)
  })

  it("a stored sign-in is none the less kept back; without any there is nothing to keep back", async () => {
    const kept = await run(["servers", "list"], {}, "signed-in")
    assert.strictEqual(kept.code, 2)
    assert.notInclude(kept.err, "s3cret")
    assert.strictEqual((await run(["servers", "list"])).code, 5)
    const out = await run(["logout"], {}, "signed-in")
    assert.strictEqual(out.code, 0)
    assert.include(out.err, "could not be told")
  })

  it("creds: a client's secret as well", async () => {
    const env = { KEYCLOAK_M2M_CLIENT_ID: "m2m", KEYCLOAK_M2M_CLIENT_SECRET: "m2m-secret" }
    const { code, err } = await run(["creds", "--ingress-only"], env)
    assert.strictEqual(code, 1)
    assert.match(err, /keycloak\.invalid.* is not encrypted: the client's secret would cross/)
    assert.notInclude(err, "m2m-secret")
  })

  it("creds: a custom provider's URLs go by the same rule, whether a person or a client's secret is sent there", async () => {
    const set = {
      EGRESS_OAUTH_CLIENT_ID_1: "a",
      EGRESS_OAUTH_CLIENT_SECRET_1: "own-secret",
      EGRESS_PROVIDER_NAME_1: "own"
    }
    const [plain, other] = ["http://own.invalid/token", "http://127.0.0.1:9/token"]
    for (const [authorize, token, named] of [
      [undefined, plain, "TOKEN"],
      ["http://own.invalid/authorize", other, "AUTH"],
      ["javascript:alert(1)", other, "AUTH"]
    ] as const) {
      const urls = { EGRESS_OAUTH_TOKEN_URL_1: token, ...(authorize && { EGRESS_OAUTH_AUTH_URL_1: authorize }) }
      const { code, err } = await run(["creds", "--egress-only"], { ...set, ...urls })
      assert.strictEqual(code, 1)
      assert.include(err, `EGRESS_OAUTH_${named}_URL_1 may hold an https:// URL`)
    }
    const env = { ...set, EGRESS_OAUTH_TOKEN_URL_1: plain, MCPGW_ALLOW_HTTP: "own.invalid" }
    const { err } = await run(["creds", "--egress-only"], env)
    assert.include(err, `warning: ${plain} is not encrypted; the client's secret crosses`)
    assert.notInclude(err, "may hold")
  })

  it("creds: the gateway's token is not sent to list servers, and clients that would send it are warned of", async () => {
    const env = { REGISTRY_URL: PLAIN, KEYCLOAK_M2M_CLIENT_ID: "m2m", KEYCLOAK_M2M_CLIENT_SECRET: "x" }
    const { err } = await run(["creds", "--ingress-only", "--servers", "registry"], env)
    assert.match(err, /warning: http:\/\/gateway\.invalid is not encrypted: the gateway's token would cross/)
    assert.include(err, "clients send these tokens readable")
  })

  it("only https, and http to this computer, are private", () => {
    for (const url of [
      "https://a",
      "http://localhost:1",
      "http://127.0.0.1",
      "http://127.1.2.3:9",
      "http://[::1]:7860"
    ])
      assert.isTrue(isPrivateWay(url), url)
    const names = [
      "http://localhost.example",
      "http://127.0.0.1.example",
      "http://a@evil",
      "ws://localhost",
      "javascript:1",
      "file:///x"
    ]
    for (const url of [...names, "http://0.0.0.0", "http://10.0.0.1", "nothing"]) assert.isFalse(isPrivateWay(url), url)
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["http"] }), (url) => {
        assert.isFalse(isPrivateWay(url))
      })
    )
  })
})
