/** A real Keycloak as the gateway's identity provider, set up by our own command. For tests only. */
import { root, type Running, spawn, tempDir } from "@mcpgw/testkit/Process"
import type { TestKeycloak } from "@mcpgw/testkit/keycloak/Keycloak"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Idp, MEMBERS, type Person } from "./Idp.ts"
import { tokenOf } from "./tokenOf.ts"

export const REALM = "mcp-gateway"

/** Runs `mcpgw keycloak …` as an operator would; `env` comes on top of the administrator's name and password. */
export const mcpgw = (
  { url, admin }: Pick<TestKeycloak, "url" | "admin">,
  words: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Running =>
  spawn({
    command: [process.execPath, "--no-env-file", "run", join(root, "apps/cli"), "keycloak", ...words],
    env: { KEYCLOAK_URL: url, KEYCLOAK_ADMIN: admin.username, KEYCLOAK_ADMIN_PASSWORD: admin.password, ...env }
  })

/** Runs it to its end; anything but 0 is an error. */
export const mcpgwDone = async (...[keycloak, words, env]: Parameters<typeof mcpgw>): Promise<string> => {
  const running = mcpgw(keycloak, words, env)
  if ((await running.exited) !== 0) throw new Error(`mcpgw keycloak ${words.join(" ")}:\n${running.output()}`)
  return running.output()
}

/** An administrator's session over the REST API, for what our command has no business with. */
export interface AdminSession {
  readonly send: (method: string, path: string, body?: unknown) => Promise<Response>
}

export const adminSession = async ({ url, admin }: TestKeycloak): Promise<AdminSession> => {
  const token = await realmToken(url, "master", { grant_type: "password", client_id: "admin-cli", ...admin })
  return {
    send: async (method, path, body) => {
      const response = await fetch(`${url}/admin/realms${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return response
    }
  }
}

/** An access token of a realm. */
export const realmToken = (url: string, realm: string, form: Readonly<Record<string, string>>): Promise<string> =>
  tokenOf(`${url}/realms/${realm}/protocol/openid-connect/token`, form)

/** The file that `--save` leaves for a client. */
export interface SavedClient {
  readonly client_id: string
  readonly client_secret: string
  readonly keycloak_url: string
  readonly realm: string
}

export const savedClient = (folder: string, clientId: string): SavedClient =>
  JSON.parse(readFileSync(join(folder, `${clientId}.json`), "utf8"))

/** With the credentials of its file. */
export const agentToken = (folder: string, agent: string): Promise<string> => {
  const { client_id, client_secret, keycloak_url, realm } = savedClient(folder, `agent-${agent}-m2m`)
  return realmToken(keycloak_url, realm, { grant_type: "client_credentials", client_id, client_secret })
}

/** The settings of a gateway that trusts the realm. */
export const settingsFor = (url: string, folder: string): Readonly<Record<string, string>> => {
  const web = savedClient(folder, "mcp-gateway-web")
  return {
    AUTH_PROVIDER: "keycloak",
    KEYCLOAK_URL: url,
    KEYCLOAK_REALM: REALM,
    KEYCLOAK_CLIENT_ID: web.client_id,
    KEYCLOAK_CLIENT_SECRET: web.client_secret
  }
}

/** Someone in no group, as an administrator would make them. */
const addPerson = async ({ send }: AdminSession, { username, password }: Person): Promise<void> => {
  await send("POST", `/${REALM}/users`, {
    username,
    enabled: true,
    firstName: "Grace",
    lastName: "Hopper",
    email: `${username}@example.com`,
    emailVerified: true,
    credentials: [{ type: "password", value: password, temporary: false }]
  })
}

const member: Person = { username: "testuser", password: "correct horse battery 5" }
const stranger: Person = { username: "grace", password: "correct horse battery 6" }

/** `at`: the server, once it is started. */
export const keycloakIdp = (at: () => TestKeycloak): Idp => ({
  name: "Keycloak",
  start: async ({ url: gateway }) => {
    const keycloak = at()
    const folder = tempDir("credentials")
    const save = ["--save", folder.path]
    await mcpgwDone(keycloak, ["init", "--public-url", gateway, "--test-users", ...save], {
      INITIAL_USER_PASSWORD: member.password
    })
    await mcpgwDone(keycloak, ["add-agent", "--agent", "swap-member", "--group", MEMBERS, ...save])
    await addPerson(await adminSession(keycloak), stranger)
    return {
      env: settingsFor(keycloak.url, folder.path),
      member,
      stranger,
      provider: "keycloak",
      signIn: async (browser, { username, password }) =>
        browser.submit(await browser.open(`${gateway}/oauth2/login/keycloak`), { username, password }),
      machineToken: (of) =>
        of === "member"
          ? agentToken(folder.path, "swap-member")
          : realmToken(keycloak.url, REALM, {
              grant_type: "client_credentials",
              client_id: "mcp-gateway-m2m",
              client_secret: savedClient(folder.path, "mcp-gateway-m2m").client_secret
            }),
      stop: async () => folder.remove()
    }
  }
})
