/** A second issuer by configuration alone (MCPGW_OIDC_*): groups become scopes, other audiences are refused, no keys is 503. */
import type { Running } from "@mcpgw/testkit/Process"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { signIn } from "../refusals/Keys.ts"
import { ask, type Told } from "./support/Ask.ts"
import { auditUntil } from "./support/AuditFile.ts"
import { type Backend, startBackend } from "./support/Backend.ts"
import { type Box, makeBox, serverAt } from "./support/Box.ts"
import { type Claims, claimsFor, freshKey, gatewayKey, mint } from "./support/Minting.ts"

// A project of the workspace does not inherit these.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const SCOPES = `
group_mappings:
  staff: [tester]
  mcp-registry-admin: [mcp-registry-admin]
tester:
  - server: backend
    methods: [tools/list]
    tools: [echo]
`

const ISSUER = "https://issuer.example/realms/one"
const AUDIENCE = "mcp-gateway"

/** A key set on loopback that can be made to fail. */
const startKeySet = (keys: ReadonlyArray<unknown>) => {
  const state = { failing: true, asked: 0 }
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      state.asked += 1
      return state.failing ? new Response("down", { status: 503 }) : Response.json({ keys })
    }
  })
  return { state, url: `http://127.0.0.1:${server.port}/jwks`, stop: () => server.stop(true) }
}

const key = freshKey("issuer-key-1")
const stranger = freshKey("issuer-key-1")

let box: Box
let running: Running
let backend: Backend
let keySet: ReturnType<typeof startKeySet>
let whileDown: Told
let whileDownOwn: Told

const claims = (more: Claims = {}): Claims => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "ada",
  preferred_username: "ada",
  azp: "cli",
  groups: ["staff"],
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 600,
  ...more
})

const token = (more: Claims = {}, header: Claims = {}): string => mint(key, claims(more), { typ: "JWT", ...header })

const call = (bearer: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> =>
  ask({ url: `${box.url}/backend/mcp`, token: bearer, headers })

beforeAll(async () => {
  backend = startBackend()
  keySet = startKeySet([{ ...key.jwk, kid: key.kid, alg: "EdDSA", use: "sig" }])
  box = await makeBox({
    scopes: SCOPES,
    servers: [serverAt("/backend", backend.url)],
    env: { MCPGW_OIDC_ISSUER: ISSUER, MCPGW_OIDC_AUDIENCE: AUDIENCE, MCPGW_OIDC_JWKS_URL: keySet.url }
  })
  running = await box.start()
  whileDown = await call(token())
  whileDownOwn = await call(mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"])))
  keySet.state.failing = false
  // A set that failed is asked for again after five seconds, not at every request.
  const deadline = Date.now() + 10_000
  while ((await call(token())).status === 503 && Date.now() < deadline) await Bun.sleep(200)
})

afterAll(async () => {
  await running?.stop()
  await keySet?.stop()
  await backend?.stop()
  box?.remove()
})

describe("a key set that can not be had", () => {
  it("protocol A-07: is 503, never 401 and never a pass", () => {
    assert.strictEqual(whileDown.status, 503)
    assert.strictEqual(whileDown.headers.get("retry-after"), "5")
    assert.isNull(whileDown.headers.get("www-authenticate"))
    assert.include(whileDown.message?.error?.message ?? "", "can not be checked now")
    assert.notInclude(whileDown.text, "127.0.0.1", "S-19")
  })

  it("does not concern the gateway's own tokens", () => {
    assert.strictEqual(whileDownOwn.status, 200)
  })

  it("is on record as an error of ours, and in the log without the token", async () => {
    const rows = await auditUntil(box.dataDir, (found) => found.some(({ rule }) => rule === "auth:unavailable"))
    const row = rows.find(({ rule }) => rule === "auth:unavailable")
    assert.deepInclude(row, { status: 503, outcome: "error", decision: "none", username: null })
    assert.match(running.output(), /A credential could not be checked/)
  })

  it("is not asked for at every request", () => {
    assert.isBelow(keySet.state.asked, 6)
  })
})

describe("tokens of the configured issuer", () => {
  it("groups become scopes by group_mappings, and the server learns who calls", async () => {
    const told = await call(token())
    assert.isDefined(told.message?.result, told.text)
    const headers = backend.calls().at(-1)?.headers
    assert.deepInclude(headers, {
      "x-user": "ada",
      "x-scopes": "tester",
      "x-auth-method": "oidc",
      "x-client-id-auth": "cli"
    })
    assert.isUndefined(headers?.["authorization"])
  })

  it("S-14: a person there who is called like an account or an agent here is told from it, to servers and on record", async () => {
    const userOf = async (more: Claims): Promise<string | undefined> => {
      const told = await call(token({ sub: `${String(more["preferred_username"])} of theirs`, ...more }))
      assert.isDefined(told.message?.result, told.text)
      return backend.calls().at(-1)?.headers["x-user"]
    }
    assert.strictEqual(await userOf({ preferred_username: "admin" }), "admin@oidc")
    assert.strictEqual(await userOf({ preferred_username: "ADMIN" }), "ADMIN@oidc")
    assert.strictEqual(await userOf({ preferred_username: "agent:ci" }), "agent-ci@oidc")
    assert.strictEqual(await userOf({ preferred_username: "mallory" }), "mallory")
    await auditUntil(box.dataDir, (found) => found.some(({ username }) => username === "admin@oidc"))
  })

  it("unknown groups grant nothing", async () => {
    assert.strictEqual((await call(token({ groups: ["visitors"] }))).status, 403)
  })

  it("a group called like a scope is no scope", async () => {
    assert.strictEqual((await call(token({ groups: ["tester"] }))).status, 403)
  })

  it("with groups, scopes asked for at the provider widen nothing", async () => {
    assert.strictEqual((await call(token({ groups: [], scope: "tester" }))).status, 403)
  })

  it("without a groups claim its scopes count", async () => {
    assert.strictEqual((await call(token({ groups: undefined, scope: "openid tester" }))).status, 200)
  })

  it("a machine has the groups an administrator gave its client, at once; a person of that client has none of them", async () => {
    const machine = token({ sub: "billing", azp: "billing", client_id: "billing", groups: undefined })
    const person = token({ azp: "billing", groups: undefined })
    assert.strictEqual((await call(machine)).status, 403)
    const given = await fetch(`${box.url}/api/machine-clients`, {
      method: "PUT",
      headers: { cookie: await signIn(box.url), "content-type": "application/json" },
      body: JSON.stringify({ issuer: ISSUER, client_id: "billing", groups: ["staff"] })
    })
    assert.strictEqual(given.status, 200)
    assert.isDefined((await call(machine)).message?.result)
    assert.strictEqual((await call(person)).status, 403)
  })

  const refused: ReadonlyArray<readonly [string, () => string, RegExp]> = [
    ["another audience", () => token({ aud: "another-client" }), /another audience/],
    ["no audience", () => token({ aud: undefined }), /another audience/],
    ["audiences that begin alike", () => token({ aud: [`${AUDIENCE}-2`] }), /another audience/],
    ["an expired one", () => token({ exp: Math.floor(Date.now() / 1000) - 1 }), /expired/],
    ["a stranger's key under a known id", () => mint(stranger, claims(), { typ: "JWT" }), /signature/],
    ["an unknown key id", () => token({}, { kid: "issuer-key-2" }), /unknown key/],
    ["an ID token", () => token({ token_use: "id" }), /lacks a required claim/],
    ["groups that are no names", () => token({ groups: [{ name: "staff" }] }), /lacks a required claim/],
    ["our issuer's name under their key", () => token({ iss: box.url }), /unknown key/],
    ["their issuer's name under our key", () => mint(gatewayKey(box.dataDir), claims()), /unknown key/]
  ]
  for (const [name, make, words] of refused) {
    it(`S-02: refuses ${name}`, async () => {
      const before = backend.calls().length
      const told = await call(make())
      assert.strictEqual(told.status, 401, told.text)
      assert.match(told.message?.error?.message ?? "", words)
      assert.strictEqual(backend.calls().length, before)
    })
  }

  it("design §6: as the server's credential it is refused, being ours to know", async () => {
    const own = mint(gatewayKey(box.dataDir), claimsFor(box.url, ["tester"]))
    const told = await call(token(), { "x-authorization": `Bearer ${own}` })
    assert.strictEqual(told.status, 400)
  })
})
