/** Groups over the API of a gateway that keeps a real Keycloak's in step. For tests only; an assertion fails what is not so. */
import type { TestKeycloak } from "@mcpgw/testkit/keycloak/Keycloak"
import { assert } from "vitest"
import { eventually } from "../lifecycle/support/Ask.ts"
import { PASSWORD } from "../lifecycle/support/Box.ts"
import { adminSession, REALM } from "./KeycloakIdp.ts"

export interface GroupStand {
  /** The gateway's. */
  readonly url: string
  readonly keycloak: TestKeycloak
}

const AUTHORIZATION = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`

export const groupSteps = ({ keycloak, url }: GroupStand) => {
  const ask = async (method: string, path: string, init: RequestInit = {}) => {
    const headers = { authorization: AUTHORIZATION, ...Object.fromEntries(new Headers(init.headers)) }
    const response = await fetch(`${url}${path}`, { method, ...init, headers })
    return { status: response.status, body: Object(await response.json()) }
  }
  const post = (route: string, form: Readonly<Record<string, string>>) =>
    ask("POST", `/api/internal/${route}`, { body: new URLSearchParams(form) })
  const list = async () => (await ask("GET", "/api/internal/list-groups")).body
  const names = async (): Promise<ReadonlyArray<string>> => {
    const { send } = await adminSession(keycloak)
    const groups: ReadonlyArray<{ readonly name: string }> = JSON.parse(
      await (await send("GET", `/${REALM}/groups?max=500`)).text()
    )
    return groups.map(({ name }) => name)
  }
  return {
    made: async () => {
      const { body, status } = await post("create-group", { group_name: "eng", description: "Engineers" })
      assert.deepInclude({ status, ...body }, { status: 200, created_in_keycloak: true, created_in_scopes: true })
      assert.include(await names(), "eng")
      const compared = await list()
      assert.includeMembers(compared.synchronized, ["eng", "mcp-registry-admin", "mcp-registry-user"])
      assert.includeMembers(compared.keycloak_only, ["mcp-registry-developer", "mcp-registry-operator"])
      assert.deepEqual(compared.scopes_only, [])
      assert.strictEqual((await post("create-group", { group_name: "eng" })).status, 409)
    },
    opened: async (server: string, tools: ReadonlyArray<string>) => {
      const headers = { "content-type": "application/json" }
      const body = JSON.stringify({ tools })
      assert.strictEqual((await ask("PUT", `/api/groups/eng/servers/${server}`, { headers, body })).status, 200)
    },
    deleted: async () => {
      const { body, status } = await post("delete-group", { group_name: "eng" })
      assert.deepInclude({ status, ...body }, { status: 200, deleted_from_keycloak: true, deleted_from_scopes: true })
      assert.notInclude(await names(), "eng")
    },
    /** Made in Keycloak by somebody else, mapped here, and no more. */
    foreign: async () => {
      const { send } = await adminSession(keycloak)
      const group_name = "other-apps-admins"
      await send("POST", `/${REALM}/groups`, { name: group_name })
      const made = await post("create-group", { group_name })
      assert.deepInclude(made.body, { created_in_keycloak: false, created_in_scopes: true })
      assert.include(made.body.warning, "had a group of that name")
      const { body, status } = await post("delete-group", { group_name, force: "true" })
      assert.deepInclude({ status, ...body }, { status: 200, deleted_from_keycloak: false, deleted_from_scopes: true })
      assert.include(body.warning, "not made from here")
      assert.include(await names(), group_name)
    },
    /** While Keycloak is stopped. */
    away: async () => {
      const { body, status } = await post("create-group", { group_name: "late" })
      assert.deepInclude({ status, ...body }, { status: 200, created_in_keycloak: false, created_in_scopes: true })
      assert.include(body.warning, "can not be reached")
      const compared = await list()
      assert.include(compared.warning, "can not be reached")
      assert.deepEqual([compared.synchronized, compared.keycloak_only, compared.scopes_only], [[], [], []])
    },
    /** Once it is started again. */
    back: async () => {
      // The first answer of a server that has just started has been seen to take longer than is waited for.
      const known = async (): Promise<boolean> => (await list()).warning === undefined
      await eventually("Keycloak's groups are known again", known, 60_000)
      assert.deepEqual((await list()).scopes_only, ["late"])
      const { body } = await post("create-group", { group_name: "late" })
      assert.deepInclude(body, { created_in_keycloak: true, created_in_scopes: false })
      assert.include((await list()).synchronized, "late")
    }
  }
}
