/** Finds one thing of a Keycloak realm by its name. Changes nothing. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { AdminFailure, KeycloakAdminApi } from "../../keycloak/KeycloakAdmin.ts"
import { type Client, Clients, NamedList, User, Users } from "./representations.ts"

/** A realm, and who looks. */
export interface Place {
  readonly admin: KeycloakAdminApi
  readonly realm: string
}

/** Undefined: there is none; in a dry run, it would be created. */
export type Id = string | undefined

/** A path below the realm. */
export const at = ({ realm }: Place, ...parts: ReadonlyArray<string>): string =>
  ["", realm, ...parts].map(encodeURIComponent).join("/")

export const listed = <A, I>(place: Place, path: string, schema: Schema.Schema<ReadonlyArray<A>, I>) =>
  Effect.map(place.admin.get(path, schema), (found) => found ?? [])

export const findGroup = (place: Place, name: string): Effect.Effect<Id, AdminFailure> =>
  Effect.map(
    listed(place, `${at(place, "groups")}?exact=true&max=100&search=${encodeURIComponent(name)}`, NamedList),
    (groups) => groups.find((group) => group.name === name)?.id
  )

export const findClientScope = (place: Place, name: string): Effect.Effect<Id, AdminFailure> =>
  Effect.map(
    listed(place, at(place, "client-scopes"), NamedList),
    (scopes) => scopes.find((scope) => scope.name === name)?.id
  )

export const findClient = (place: Place, clientId: string): Effect.Effect<Client | undefined, AdminFailure> =>
  Effect.map(listed(place, `${at(place, "clients")}?clientId=${encodeURIComponent(clientId)}`, Clients), (clients) =>
    clients.find((client) => client.clientId === clientId)
  )

/** The account behind a client's own tokens. */
export const findServiceAccount = (place: Place, client: Id): Effect.Effect<Id, AdminFailure> =>
  client === undefined
    ? Effect.succeed(undefined)
    : Effect.map(place.admin.get(at(place, "clients", client, "service-account-user"), User), (user) => user?.id)

export const findUser = (place: Place, username: string): Effect.Effect<Id, AdminFailure> =>
  Effect.map(
    listed(place, `${at(place, "users")}?exact=true&username=${encodeURIComponent(username)}`, Users),
    (users) => users.find((user) => user.username === username)?.id
  )
