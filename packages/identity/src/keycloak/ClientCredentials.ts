/** The secrets of the gateway's clients in a Keycloak realm, to be shown to its administrator or saved. Changes nothing. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Clients, Secret } from "../internal/keycloak/representations.ts"
import { agentOf, M2M_CLIENT, WEB_CLIENT } from "./Blueprint.ts"
import { KeycloakAdmin } from "./KeycloakAdmin.ts"
import { type KeycloakError, KeycloakNotFound } from "./KeycloakError.ts"

export interface ClientCredential {
  readonly clientId: string
  readonly secret: Redacted.Redacted
}

/** A page of clients; Keycloak answers with all when not told. */
const PAGE = 200

/** Of `mcp-gateway-web`, `mcp-gateway-m2m` and every agent, in the order of their names. */
export const clientCredentials = (
  realm: string
): Effect.Effect<ReadonlyArray<ClientCredential>, KeycloakError, KeycloakAdmin> =>
  Effect.gen(function* () {
    const admin = yield* KeycloakAdmin
    const base = `/${encodeURIComponent(realm)}/clients`
    const found: Array<{ readonly id: string; readonly clientId: string }> = []
    for (let first = 0; ; first += PAGE) {
      const page = yield* admin.get(`${base}?first=${first}&max=${PAGE}`, Clients)
      if (page === undefined) return yield* new KeycloakNotFound({ what: `realm ${realm}`, instead: "init makes it" })
      found.push(...page.filter(({ publicClient, clientId }) => !publicClient && isOurs(clientId)))
      if (page.length < PAGE) break
    }
    const credentials = yield* Effect.forEach(found, ({ id, clientId }) =>
      Effect.map(admin.get(`${base}/${encodeURIComponent(id)}/client-secret`, Secret), (secret) =>
        secret?.value === undefined ? [] : [{ clientId, secret: Redacted.make(secret.value) }]
      )
    )
    return credentials.flat().sort((a, b) => a.clientId.localeCompare(b.clientId))
  })

const isOurs = (clientId: string): boolean =>
  clientId === WEB_CLIENT || clientId === M2M_CLIENT || agentOf(clientId) !== undefined
