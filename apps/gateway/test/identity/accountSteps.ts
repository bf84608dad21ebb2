/** People and agents over the API of a gateway that administers a real Keycloak's. For tests only; an assertion fails what is not so. */
import { assert } from "vitest"
import { PASSWORD } from "../lifecycle/support/Box.ts"
import { openBrowser } from "./Browser.ts"
import type { GroupStand } from "./groupSteps.ts"
import { adminSession, REALM } from "./KeycloakIdp.ts"
import { tokenOf } from "./tokenOf.ts"

export const accountSteps = ({ keycloak, url }: GroupStand) => {
  const admin = openBrowser()
  const ask = async (method: string, path: string, json?: unknown) => {
    const headers = { cookie: admin.cookiesFor(url), "content-type": "application/json" }
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const response = await fetch(`${url}${path}`, { method, headers, ...body })
    return { status: response.status, body: Object(await response.json()) }
  }
  /** What Keycloak says of somebody, by its own admin API. */
  const there = async (path: string): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
    const { send } = await adminSession(keycloak)
    return JSON.parse(await (await send("GET", `/${REALM}${path}`)).text())
  }
  const user = async (name: string) => (await there(`/users?exact=true&username=${name}`))[0]
  const groupsOf = async (id: unknown): Promise<ReadonlyArray<unknown>> =>
    (await there(`/users/${String(id)}/groups`)).map(({ name }) => name)
  const me = async (cookie: string) => {
    const response = await fetch(`${url}/api/auth/me`, { headers: { cookie } })
    return { status: response.status, body: Object(await response.json()) }
  }
  return {
    ask,
    signIn: async () => {
      await admin.post(`${url}/api/auth/login`, { username: "admin", password: PASSWORD })
    },
    /** Makes the person with their groups; answers the password that was made. */
    personMade: async (username: string, groups: ReadonlyArray<string>): Promise<string> => {
      const names = { email: `${username}@example.com`, first_name: "Kay", last_name: "Loak" }
      const { body, status } = await ask("POST", "/api/users", { username, groups, ...names })
      assert.deepInclude({ status, ...body }, { status: 201, username, provider: "keycloak", display_name: "Kay Loak" })
      const found = await user(username)
      assert.deepInclude(found, { username, enabled: true, email: names.email, firstName: "Kay" })
      assert.deepEqual(await groupsOf(found?.["id"]), groups)
      assert.strictEqual((await ask("POST", "/api/users", { username, groups })).status, 409)
      return body.password
    },
    /** Through Keycloak's own form; answers the session's cookie. */
    personSignsIn: async (username: string, password: string, groups: ReadonlyArray<string>): Promise<string> => {
      const browser = openBrowser()
      await browser.submit(await browser.open(`${url}/oauth2/login/keycloak`), { username, password })
      const cookie = browser.cookiesFor(url)
      const { body, status } = await me(cookie)
      assert.deepInclude({ status, ...body }, { status: 200, username, provider: "keycloak", groups })
      return cookie
    },
    personMoved: async (username: string, groups: ReadonlyArray<string>) => {
      assert.strictEqual((await ask("PATCH", `/api/accounts/${username}`, { groups })).status, 200)
      assert.deepEqual(await groupsOf((await user(username))?.["id"]), groups)
    },
    /** Afterwards a session of theirs is none. */
    personRemoved: async (username: string, cookie: string) => {
      assert.strictEqual((await ask("DELETE", `/api/users/${username}`)).status, 400)
      assert.isDefined(await user(username), "deleted by word alone")
      const { body, status } = await ask("DELETE", `/api/users/${username}?delete_from_keycloak=true`)
      assert.deepInclude({ status, ...body }, { status: 200, deleted_from_keycloak: true })
      assert.isUndefined(await user(username))
      assert.strictEqual((await me(cookie)).status, 401)
    },
    /** Makes the agent; answers a token that Keycloak gives its credential. */
    agentMade: async (name: string, groups: ReadonlyArray<string>): Promise<() => Promise<string>> => {
      const { body, status } = await ask("POST", "/api/agents", { name, groups })
      const { client_id, client_secret, token_url } = Object(body.provider_client)
      assert.deepInclude({ status, client_id }, { status: 201, client_id: `agent-${name}-m2m` })
      return () => tokenOf(token_url, { grant_type: "client_credentials", client_id, client_secret })
    },
    /** While Keycloak is stopped: nobody is made anywhere. */
    away: async () => {
      const refused = [
        await ask("POST", "/api/users", { username: "late" }),
        await ask("POST", "/api/agents", { name: "late" })
      ]
      for (const { body, status } of refused) {
        assert.deepInclude({ status, ...body }, { status: 503, error: "keycloak can not be reached now" })
      }
      assert.strictEqual((await ask("GET", "/api/agents/late")).status, 404)
    },
    clientOf: async (name: string) => (await there(`/clients?clientId=agent-${name}-m2m`))[0]
  }
}
