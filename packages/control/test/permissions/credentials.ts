/** What a credential has to be for an action, whoever's it is: the rule of `src/signIn.ts`, action by action. `matrix.test.ts` runs it. */

/**
 * Actions that take somebody who signed in, here or at an identity provider: whatever changes who may do what, and what is a person's own alone.
 * An API key or a token that was made here is refused with 403, whoever's it is.
 */
export const TAKES_SIGN_IN: ReadonlySet<string> = new Set([
  "PUT /api/collaborators/*",
  "DELETE /api/collaborators/*",
  "POST /api/groups",
  "DELETE /api/groups/:name",
  "PUT /api/groups/:name/servers/*",
  "DELETE /api/groups/:name/servers/*",
  "POST /api/internal/create-group",
  "POST /api/internal/delete-group",
  "POST /api/internal/add-to-groups",
  "POST /api/internal/remove-from-groups",
  "PUT /api/policy",
  "POST /api/users",
  "DELETE /api/users/:username",
  "PATCH /api/accounts/:username",
  "POST /api/agents",
  "PATCH /api/agents/:name",
  "DELETE /api/agents/:name",
  "POST /api/agents/:name/secrets",
  "DELETE /api/agents/:name/secrets/:id",
  "PUT /api/machine-clients",
  "DELETE /api/machine-clients",
  "POST /api/clients",
  "DELETE /api/clients/:client_id",
  "POST /api/clients/:client_id/secrets",
  "DELETE /api/clients/:client_id/secrets/:id",
  "GET /api/account/sessions",
  "DELETE /api/account/sessions/:id",
  "DELETE /api/account/sessions",
  "POST /api/account/password",
  "GET /api/account/grants",
  "DELETE /api/account/grants/:id",
  "POST /api/keys",
  "DELETE /api/keys/:id",
  "POST /api/tokens/generate",
  "GET /api/admin/tokens"
])

/** Of those, the ones that name and password (Basic) are as good for as a session; with another action Basic is no credential (401). */
export const BY_PASSWORD: ReadonlySet<string> = new Set([
  "POST /api/groups",
  "DELETE /api/groups/:name",
  "PUT /api/groups/:name/servers/*",
  "DELETE /api/groups/:name/servers/*",
  "POST /api/internal/create-group",
  "POST /api/internal/delete-group",
  "POST /api/internal/add-to-groups",
  "POST /api/internal/remove-from-groups",
  "PUT /api/policy",
  "POST /api/users",
  "DELETE /api/users/:username"
])

/** What else a kept credential is answered unlike its owner's session, by role. */
export const BY_KEPT: Readonly<
  Record<"api_key" | "token", Readonly<Record<string, Partial<Record<"administrator" | "groupManager", string>>>>>
> = {
  api_key: { "GET /api/keys": { administrator: "403", groupManager: "403" } },
  token: { "POST /internal/tokens": { administrator: "200" } }
}
