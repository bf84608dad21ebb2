/** A gateway whose certificate is not trusted is not said to be down: every command names the certificate and how to have it trusted. */
import { tempDir } from "@mcpgw/testkit/Process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { certificateFailure } from "../src/Failure.ts"
import { mcpgw } from "./support/run.ts"

const room = tempDir("cli-tls")
const openssl = Bun.which("openssl")
if (openssl === null) process.stderr.write("skipped: TLS tests need the program openssl, which is not installed\n")

const token = join(room.path, "token")
writeFileSync(token, "tok-secret", { mode: 0o600 })
let asked = 0
let gateway: Bun.Server<undefined> | undefined

beforeAll(() => {
  if (openssl === null) return
  const [cert, key] = [join(room.path, "a.crt"), join(room.path, "a.key")]
  Bun.spawnSync([
    openssl,
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=a".split(" "),
    ...`-addext subjectAltName=IP:127.0.0.1 -out ${cert} -keyout ${key}`.split(" ")
  ])
  gateway = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") },
    fetch: () => {
      asked++
      return new Response("{}")
    }
  })
})
afterAll(async () => {
  await gateway?.stop(true)
  room.remove()
})

const COMMANDS: ReadonlyArray<ReadonlyArray<string>> = [
  ["login", "--device"],
  ["login", "--username", "ada", "--password-stdin"],
  ["servers", "list", "--token-file", token],
  ["groups", "list", "--token-file", token],
  ["ping", "--server", "a", "--token-file", token],
  ["ide", "--server", "/a", "--client", "cursor", "--token-file", token]
]

describe.skipIf(openssl === null)("a certificate that is not trusted", () => {
  for (const words of COMMANDS) {
    it(`${words.slice(0, 2).join(" ")}: is named, with NODE_EXTRA_CA_CERTS, and nothing is sent`, async () => {
      const env = { HOME: room.path, MCPGW_CONFIG_DIR: room.path, MCPGW_URL: `https://127.0.0.1:${gateway?.port}` }
      const { code, err, out } = await mcpgw(words, { stdin: "a-password", env })
      assert.strictEqual(code, 5, err + out)
      assert.match(err + out, /its certificate is self-signed, and not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
      assert.match(err + out, /NODE_EXTRA_CA_CERTS=FILE/)
      assert.strictEqual(asked, 0)
    })
  }

  it("login --help says how to have one trusted", async () => {
    const { out } = await mcpgw(["login", "--help"], { env: { HOME: room.path } })
    assert.match(out.replaceAll(/\s+/g, " "), /NODE_EXTRA_CA_CERTS=FILE/)
  })
})

describe("what is wrong with a certificate", () => {
  it("one that is expired, or another's, is not cured by trust; what is no matter of certificates is none", () => {
    const said = (code: string) =>
      certificateFailure("https://a", new TypeError("fetch", { cause: Object.assign(new Error(code), { code }) }))
        ?.message
    assert.match(said("CERT_HAS_EXPIRED") ?? "", /has expired/)
    assert.notMatch(said("ERR_TLS_CERT_ALTNAME_INVALID") ?? "NODE_EXTRA", /NODE_EXTRA/)
    for (const code of ["ECONNREFUSED", "constructor", ""]) assert.isUndefined(said(code))
  })
})
