/** Agents as clients of a realm: made with everything they need, changed, and removed. Takes no client for an agent that is of another kind or not made from here. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { AgentCredential, DirectoryAgent } from "../../AccountDirectory.ts"
import { DirectoryRefused } from "../../DirectoryError.ts"
import { AGENT_ATTRIBUTE, agentClient, agentOf } from "../../keycloak/Blueprint.ts"
import { type AdminFailure, KeycloakAdmin } from "../../keycloak/KeycloakAdmin.ts"
import { type KeycloakError, KeycloakUnexpected } from "../../keycloak/KeycloakError.ts"
import { addAgent } from "../../keycloak/Provision.ts"
import { at, findClient, findServiceAccount, type Place } from "./lookups.ts"
import { type Manages, members, setGroups, wantedGroups } from "./memberships.ts"
import { pages } from "./pages.ts"
import { type Client, Clients, Secret } from "./representations.ts"

const Whole = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const isMachine = (client: Client): boolean => client.serviceAccountsEnabled && !client.publicClient

/** As Keycloak calls the account behind a client; its usernames are in lower case. */
const accountOf = (clientId: string): string => `service-account-${clientId}`.toLowerCase()

export const machines = (place: Place): Effect.Effect<ReadonlyArray<DirectoryAgent>, KeycloakError> =>
  Effect.gen(function* () {
    const { admin, realm } = place
    const clients = yield* pages(admin, at(place, "clients"), Clients, `realm ${realm}`)
    const groups = yield* members(admin, realm)
    return clients
      .filter(isMachine)
      .flatMap(({ clientId }) => {
        const name = agentOf(clientId)
        return name === undefined ? [] : [{ name, clientId, groups: groups.get(accountOf(clientId)) ?? [] }]
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  })

/** What stands against that client's being the agent's; undefined: nothing. */
const problemOf = (client: Client, name: string): string | undefined => {
  const whose = `belongs to a client ${agentClient(name)} of Keycloak that`
  if (!isMachine(client)) return `${whose} is no agent`
  if (client.attributes[AGENT_ATTRIBUTE] !== undefined) return undefined
  return `${whose} was not made from here: mcpgw keycloak add-agent --agent ${name} makes it the agent's, to be changed and removed from here`
}

/** The agent's client; undefined when there is none. Refused when the name is another client's. */
const machineOf = (place: Place, name: string): Effect.Effect<Client | undefined, AdminFailure | DirectoryRefused> =>
  Effect.flatMap(findClient(place, agentClient(name)), (client) => {
    const problem = client === undefined ? undefined : problemOf(client, name)
    return problem === undefined
      ? Effect.succeed(client)
      : new DirectoryRefused({ reason: "taken", field: "name", problem })
  })

export const createMachine = (
  place: Place,
  { manages, tokenUrl }: { readonly tokenUrl: string; readonly manages: Manages },
  { groups, name }: { readonly name: string; readonly groups: ReadonlyArray<string> }
): Effect.Effect<AgentCredential, KeycloakError | DirectoryRefused> =>
  Effect.gen(function* () {
    const { admin, realm } = place
    const clientId = agentClient(name)
    yield* wantedGroups(admin, realm, groups, manages)
    if ((yield* findClient(place, clientId)) !== undefined) {
      const problem = `is taken: there is a client ${clientId} in Keycloak`
      return yield* new DirectoryRefused({ reason: "taken", field: "name", problem })
    }
    const secret = yield* addAgent({ realm, agent: name, groups, dryRun: false, onStep: () => Effect.void }).pipe(
      Effect.provideService(KeycloakAdmin, admin),
      Effect.zipRight(secretOf(place, clientId)),
      Effect.catchAll((error) => takenBack(place, name, error))
    )
    return { clientId, secret, tokenUrl }
  })

const secretOf = (place: Place, clientId: string) =>
  Effect.gen(function* () {
    const client = yield* findClient(place, clientId)
    const path = at(place, "clients", client?.id ?? "", "client-secret")
    const secret = yield* place.admin.get(path, Secret)
    if (secret?.value !== undefined) return Redacted.make(secret.value)
    return yield* new KeycloakUnexpected({ action: `the making of ${clientId}`, problem: "a client without a secret" })
  })

/** Without the client that was half made, but with one that somebody else made meanwhile; when it can not be removed, the failure names it. */
const takenBack = (place: Place, name: string, error: KeycloakError) => {
  const clientId = agentClient(name)
  return Effect.gen(function* () {
    const client = yield* findClient(place, clientId)
    if (client !== undefined && problemOf(client, name) === undefined)
      yield* place.admin.remove(at(place, "clients", client.id))
    return yield* Effect.fail(error)
  }).pipe(
    Effect.catchAll((last) =>
      last === error
        ? Effect.fail(error)
        : new KeycloakUnexpected({
            action: `the making of ${clientId}`,
            problem: `a failure (${error.message}); the client may be there half made: remove it in Keycloak`
          })
    )
  )
}

/** `sub` of the client's tokens: the account behind them. */
const accountIdOf = (place: Place, { id }: Client) =>
  Effect.map(findServiceAccount(place, id), (account = "") => account)

/** Sent back whole: what is left out of a client, Keycloak may take for switched off, its service account among it. */
const enable = (place: Place, { id }: Client, enabled: boolean) =>
  Effect.gen(function* () {
    const path = at(place, "clients", id)
    const whole = yield* place.admin.get(path, Whole)
    if (whole !== undefined) yield* place.admin.put(path, { ...whole, enabled })
  })

export const changeMachine = (
  place: Place,
  manages: Manages,
  name: string,
  { disabled, groups }: { readonly groups?: ReadonlyArray<string> | undefined; readonly disabled?: boolean | undefined }
): Effect.Effect<string | undefined, KeycloakError | DirectoryRefused> =>
  Effect.gen(function* () {
    const client = yield* machineOf(place, name)
    if (client === undefined) return undefined
    const { admin, realm } = place
    const wanted = groups === undefined ? undefined : yield* wantedGroups(admin, realm, groups, manages)
    const account = yield* accountIdOf(place, client)
    if (disabled !== undefined && client.enabled === disabled) yield* enable(place, client, !disabled)
    if (wanted !== undefined) yield* setGroups(admin, realm, account, wanted, manages)
    return account
  })

export const removeMachine = (
  place: Place,
  name: string
): Effect.Effect<string | undefined, KeycloakError | DirectoryRefused> =>
  Effect.gen(function* () {
    const client = yield* machineOf(place, name)
    if (client === undefined) return undefined
    const account = yield* accountIdOf(place, client)
    yield* place.admin.remove(at(place, "clients", client.id))
    return account
  })
