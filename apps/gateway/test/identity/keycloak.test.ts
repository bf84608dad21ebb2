/**
 * A real Keycloak: our command sets up an empty server, agents' tokens open what their groups map to, keys may rotate and the server may
 * be away; then the swap suite. One start for all of it, because a start takes ten seconds.
 */
import { type Distribution, findKeycloak } from "@mcpgw/testkit/keycloak/Distribution"
import { startKeycloak, type TestKeycloak } from "@mcpgw/testkit/keycloak/Keycloak"
import { type Running, tempDir } from "@mcpgw/testkit/Process"
import { createHash, randomBytes } from "node:crypto"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { ask, eventually, type Told } from "../lifecycle/support/Ask.ts"
import { type Backend, startBackend } from "../lifecycle/support/Backend.ts"
import { type Box, makeBox, serverAt } from "../lifecycle/support/Box.ts"
import { accountSteps } from "./accountSteps.ts"
import { openBrowser } from "./Browser.ts"
import { groupSteps } from "./groupSteps.ts"
import {
  adminSession,
  agentToken,
  keycloakIdp,
  mcpgw,
  mcpgwDone,
  REALM,
  savedClient,
  settingsFor,
  realmToken
} from "./KeycloakIdp.ts"
import { swapSuite } from "./swapSuite.ts"

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

const SCOPES = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  mcp-registry-user: [few]
  mcp-servers-unrestricted: [all]
few:
  - server: backend
    methods: [tools/list]
    tools: [echo]
all:
  - server: "*"
    methods: "*"
    tools: "*"
`

let keycloak: TestKeycloak
let box: Box
let backend: Backend
const saved = tempDir("credentials")

const started = (distribution: Distribution): void => {
  beforeAll(async () => {
    backend = startBackend()
    box = await makeBox({ scopes: SCOPES, servers: [serverAt("/backend", backend.url)] })
    keycloak = await startKeycloak(distribution)
  })
  afterAll(async () => {
    await Promise.all([keycloak?.close(), backend?.stop()])
    box?.remove()
    saved.remove()
  })
}

const initWords = (): ReadonlyArray<string> => ["init", "--public-url", box.url]

const initCases = (): void => {
  it("--dry-run says what it would make, and makes nothing", async () => {
    const text = await mcpgwDone(keycloak, [...initWords(), "--dry-run", "--test-users"])
    assert.include(text, "would create  client mcp-gateway-web")
    assert.match(text, /Nothing was done; it would be: \d+ created, 0 changed, 0 there before/)
    assert.notInclude(text, "SECRET")
    assert.strictEqual((await fetch(`${keycloak.url}/realms/${REALM}`)).status, 404)
  })

  it("contracts §2.14: makes realm, clients, six groups, four scopes and people with passwords of their own", async () => {
    const text = await mcpgwDone(keycloak, [...initWords(), "--test-users", "--save", saved.path], {
      INITIAL_USER_PASSWORD: "correct horse battery 5"
    })
    const made = [...text.matchAll(/^created {3}(\S+) /gm)].map(([, kind]) => kind)
    assert.strictEqual(made.filter((kind) => kind === "group").length, 6)
    assert.match(text, /^created {3}client mcp-gateway-m2m$/m)
    assert.match(text, /^created {3}client scope mcp-servers-restricted\/execute$/m)
    const shown = /^# {3}admin {2}(\S{24})$/m.exec(text)?.[1]
    assert.isDefined(shown, text)
    const form = { grant_type: "password", client_id: "admin-cli" }
    await realmToken(keycloak.url, REALM, { ...form, username: "admin", password: shown ?? "" })
    await realmToken(keycloak.url, REALM, { ...form, username: "testuser", password: "correct horse battery 5" })
  })

  it("run again it changes nothing, says so, and shows no password", async () => {
    const before = savedClient(saved.path, "mcp-gateway-web")
    const text = await mcpgwDone(keycloak, [...initWords(), "--test-users"])
    assert.include(text, "Nothing to do: everything is there.")
    assert.notInclude(text, "People made now")
    assert.include(text, `KEYCLOAK_CLIENT_SECRET=${before.client_secret}`)
  })

  it("what somebody changed is put right, and nothing else", async () => {
    const { send } = await adminSession(keycloak)
    const [client] = JSON.parse(await (await send("GET", `/${REALM}/clients?clientId=mcp-gateway-web`)).text())
    await send("PUT", `/${REALM}/clients/${client.id}`, { redirectUris: ["*"], directAccessGrantsEnabled: true })
    const text = await mcpgwDone(keycloak, initWords())
    assert.match(text, /^changed {3}client mcp-gateway-web$/m)
    assert.include(text, "Done: 0 created, 1 changed")
    const [now] = JSON.parse(await (await send("GET", `/${REALM}/clients?clientId=mcp-gateway-web`)).text())
    assert.deepEqual(now.redirectUris, [`${box.url}/oauth2/callback/keycloak`])
    assert.isFalse(now.directAccessGrantsEnabled)
  })

  it("add-agent makes a service account in its groups, saved for its owner alone", async () => {
    const words = ["add-agent", "--agent", "reader", "--group", "mcp-registry-user", "--save", saved.path]
    assert.match(await mcpgwDone(keycloak, words), /^created {3}agent-reader-m2m in group mcp-registry-user$/m)
    assert.include(await mcpgwDone(keycloak, words), "Nothing to do")
    assert.strictEqual(savedClient(saved.path, "agent-reader-m2m").realm, REALM)
    assert.strictEqual(statSync(saved.path).mode & 0o777, 0o700)
    for (const name of readdirSync(saved.path)) {
      assert.strictEqual(statSync(join(saved.path, name)).mode & 0o777, 0o600, name)
    }
  })

  it("add-agent: a group that is not there is no new group", async () => {
    const running = mcpgw(keycloak, ["add-agent", "--agent", "lost", "--group", "mcp-registry-usr"])
    assert.strictEqual(await running.exited, 4)
    assert.include(running.output(), `group "mcp-registry-usr" of realm ${REALM} is not in Keycloak`)
    assert.notInclude(await mcpgwDone(keycloak, ["credentials"]), "agent-lost-m2m")
  })
}

const refusedCases = (): void => {
  it("a wrong password is told apart, and not repeated", async () => {
    const running = mcpgw(keycloak, ["init"], { KEYCLOAK_ADMIN_PASSWORD: "wrong horse" })
    assert.strictEqual(await running.exited, 3)
    assert.include(running.output(), `does not let "bootstrap" in (realm master): Invalid user credentials`)
    assert.notInclude(running.output(), "wrong horse")
  })

  it("someone without rights is told which it takes", async () => {
    const { send } = await adminSession(keycloak)
    const credentials = [{ type: "password", value: "correct horse battery 4", temporary: false }]
    const names = { firstName: "A", lastName: "B", email: "a@example.com" }
    await send("POST", "/master/users", { username: "nobody", enabled: true, ...names, credentials })
    const env = { KEYCLOAK_ADMIN: "nobody", KEYCLOAK_ADMIN_PASSWORD: "correct horse battery 4" }
    const running = mcpgw(keycloak, ["init", "--realm", "another"], env)
    assert.strictEqual(await running.exited, 3)
    assert.include(running.output(), `"nobody" may not do this in Keycloak`)
  })

  it("a public client that has the name keeps it", async () => {
    const { send } = await adminSession(keycloak)
    await send("POST", `/${REALM}/clients`, { clientId: "agent-page-m2m", publicClient: true })
    const running = mcpgw(keycloak, ["add-agent", "--agent", "page", "--group", "mcp-registry-user"])
    assert.strictEqual(await running.exited, 1)
    assert.include(running.output(), "client agent-page-m2m is taken: it is a public client")
  })
}

const webClientCases = (): void => {
  const verifier = randomBytes(32).toString("base64url")
  const authorize = (more: Readonly<Record<string, string>>): string =>
    `${keycloak.url}/realms/${REALM}/protocol/openid-connect/auth?${new URLSearchParams({
      client_id: "mcp-gateway-web",
      response_type: "code",
      scope: "openid",
      state: "s",
      redirect_uri: `${box.url}/oauth2/callback/keycloak`,
      ...more
    })}`
  const pkce = {
    code_challenge_method: "S256",
    code_challenge: createHash("sha256").update(verifier).digest("base64url")
  }

  it("signs a person in through Keycloak's form; the token names their groups and the gateway", async () => {
    const browser = openBrowser()
    const form = await browser.open(authorize(pkce))
    const page = await browser.submit(form, { username: "testuser", password: "correct horse battery 5" })
    const code = new URL(page.redirects[0] ?? "").searchParams.get("code") ?? ""
    const { client_id, client_secret } = savedClient(saved.path, "mcp-gateway-web")
    const token = await realmToken(keycloak.url, REALM, {
      grant_type: "authorization_code",
      client_id,
      client_secret,
      code,
      code_verifier: verifier,
      redirect_uri: `${box.url}/oauth2/callback/keycloak`
    })
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
    assert.deepInclude(claims, { preferred_username: "testuser", groups: ["mcp-registry-user"] })
    assert.include([claims.aud].flat(), "mcp-gateway-web")
  })

  it("RFC 9700 §2.1.1: without PKCE nobody gets as far as the form", async () => {
    const browser = openBrowser()
    const page = await browser.open(authorize({}))
    assert.include(page.redirects.join(" "), "error=invalid_request")
  })

  it("RFC 9700 §2.1: any other redirect is refused, one that only begins alike too", async () => {
    for (const redirect_uri of [`${box.url}/oauth2/callback/keycloak/more`, "https://attacker.example/"]) {
      const page = await openBrowser().open(authorize({ ...pkce, redirect_uri }))
      assert.strictEqual(page.status, 400)
      assert.isEmpty(page.redirects)
    }
  })
}

const call = (token: string, method = "tools/list"): Promise<Told> =>
  ask({ url: `${box.url}/backend/mcp`, token, method, params: method === "tools/call" ? { name: "secret" } : {} })

const namesIn = ({ message }: Told): ReadonlyArray<string> => {
  const tools = message?.result?.["tools"]
  return Array.isArray(tools) ? tools.map(({ name }: { readonly name: string }) => name) : []
}

const trusted = (): void => {
  let running: Running
  beforeAll(async () => {
    const { password, username } = keycloak.admin
    const administers = { KEYCLOAK_ADMIN: username, KEYCLOAK_ADMIN_PASSWORD: password }
    running = await box.start({ ...settingsFor(keycloak.url, saved.path), ...administers })
  })
  afterAll(async () => {
    await running?.stop()
  })
}

const groups = () => groupSteps({ url: box.url, keycloak })

const groupCases = (): void => {
  it("contracts §2.8: a group made here is there, opens what it is given, and is deleted in both places", async () => {
    await groups().made()
    const words = ["add-agent", "--agent", "engineer", "--group", "eng", "--save", saved.path]
    await mcpgwDone(keycloak, words)
    const token = await agentToken(saved.path, "engineer")
    assert.strictEqual((await call(token)).status, 403, "a group opens nothing until it is given something")
    await groups().opened("backend", ["slow"])
    assert.deepEqual(namesIn(await call(token)), ["slow"])
    await groups().deleted()
    assert.strictEqual((await call(token)).status, 403)
  })

  it("design §6: a group that somebody else made there is mapped, and is left when it is deleted here", () =>
    groups().foreign())
}

const accountCases = (): void => {
  it("contracts §2.14: a person made here is there, signs in there, is moved, and is gone from both", async () => {
    const steps = accountSteps({ url: box.url, keycloak })
    await steps.signIn()
    await groups().made()
    const password = await steps.personMade("kay", ["eng"])
    await steps.personSignsIn("kay", password, ["eng"])
    const compared = await steps.ask("GET", "/api/users?compare=true")
    assert.deepInclude(compared.body.directory, { name: "keycloak", problem: null, here_only: [], differing: [] })
    assert.includeMembers(compared.body.directory.directory_only, ["testuser"])
    await steps.personMoved("kay", ["mcp-registry-user"])
    const cookie = await steps.personSignsIn("kay", password, ["mcp-registry-user"])
    const lost = await steps.ask("PATCH", "/api/accounts/kay", { groups: ["nope"] })
    assert.deepInclude({ status: lost.status, ...lost.body }, { status: 400, field: "groups.0" })
    await steps.personRemoved("kay", cookie)
    await groups().deleted()
  })

  it("contracts §2.14: an agent made here signs in there, opens what its groups do, is shut out, and is gone", async () => {
    const steps = accountSteps({ url: box.url, keycloak })
    await steps.signIn()
    const token = await steps.agentMade("apibot", ["mcp-servers-unrestricted"])
    const old = await token()
    assert.deepEqual(namesIn(await call(old)), ["echo", "slow", "secret"])
    const change = (wanted: unknown) => steps.ask("PATCH", "/api/agents/apibot", wanted)
    assert.strictEqual((await change({ groups: ["mcp-registry-user"] })).status, 200)
    assert.strictEqual((await call(old)).status, 401, "a token of the time before is refused")
    const compared = await steps.ask("GET", "/api/agents?compare=true")
    assert.deepInclude(compared.body.directory, { problem: null, here_only: [], differing: [] })
    assert.includeMembers(compared.body.directory.directory_only, ["reader"])
    assert.strictEqual((await change({ disabled: true })).status, 200)
    assert.deepInclude(await steps.clientOf("apibot"), { enabled: false })
    assert.strictEqual((await steps.ask("DELETE", "/api/agents/apibot?delete_from_keycloak=false")).status, 409)
    assert.strictEqual((await change({ disabled: false })).status, 200)
    assert.deepInclude(await steps.clientOf("apibot"), { enabled: true })
    // A token states whole seconds; one of the second in which others were refused would be refused with them.
    await eventually("a new token counts", async () => (await call(await token())).status !== 401)
    assert.deepEqual(namesIn(await call(await token())), ["echo"])
    assert.strictEqual((await steps.ask("DELETE", "/api/agents/apibot")).status, 200)
    assert.isUndefined(await steps.clientOf("apibot"))
  })
}

const gatewayCases = (): void => {
  it("an agent's groups decide what its list shows and what it may call", async () => {
    const words = ["add-agent", "--agent", "runner", "--group", "mcp-servers-unrestricted", "--save", saved.path]
    await mcpgwDone(keycloak, words)
    assert.deepEqual(namesIn(await call(await agentToken(saved.path, "reader"))), ["echo"])
    const runner = await agentToken(saved.path, "runner")
    assert.deepEqual(namesIn(await call(runner)), ["echo", "slow", "secret"])
    assert.include((await call(runner, "tools/call")).text, "ran secret")
  })

  it("a token of the realm that was not made for the gateway is refused", async () => {
    const form = { grant_type: "password", client_id: "admin-cli", username: "testuser" }
    const token = await realmToken(keycloak.url, REALM, { ...form, password: "correct horse battery 5" })
    assert.strictEqual((await call(token)).status, 401)
  })
}

const keyCases = (): void => {
  it("A-07: rotated keys count without a restart, known ones while Keycloak is away and after it is back", async () => {
    const old = await agentToken(saved.path, "reader")
    const { send } = await adminSession(keycloak)
    await send("POST", `/${REALM}/components`, {
      name: "rsa-next",
      providerId: "rsa-generated",
      providerType: "org.keycloak.keys.KeyProvider",
      config: { priority: ["1000"], enabled: ["true"], active: ["true"], keySize: ["2048"], algorithm: ["RS256"] }
    })
    const fresh = await agentToken(saved.path, "reader")
    assert.notStrictEqual(fresh.split(".")[0], old.split(".")[0], "the key is another one")
    await keycloak.stop()
    assert.strictEqual((await call(old)).status, 200, "a known key needs nobody")
    await groups().away()
    const accounts = accountSteps({ url: box.url, keycloak })
    await accounts.signIn()
    await accounts.away()
    await keycloak.start()
    await groups().back()
    // An unknown key id makes the gateway ask for keys again, at most every 30 s.
    await eventually("the new key counts", async () => (await call(fresh)).status === 200, 60_000)
    assert.strictEqual((await call(old)).status, 200)
    assert.strictEqual((await call(await agentToken(saved.path, "reader"))).status, 200)
  })
}

const found = await findKeycloak()

if (found._tag === "Missing") {
  describe.skip(`a real Keycloak: ${found.reason}`, () => {
    it("sets up, signs in, is swapped in", () => undefined)
  })
} else {
  describe("a real Keycloak", () => {
    started(found)
    describe("mcpgw keycloak", initCases)
    describe("trusted by a gateway", () => {
      trusted()
      // First, because keys that were just fetched are not fetched again for 30 s, and the last cases wait for that.
      describe("agents", gatewayCases)
      describe("groups", groupCases)
      describe("accounts", accountCases)
      describe("mcpgw keycloak, refused", refusedCases)
      describe("the web client", webClientCases)
      swapSuite(keycloakIdp(() => keycloak))
      describe("keys", keyCases)
    })
  })
}
