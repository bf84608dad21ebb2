/**
 * `AccountDirectory` over a Keycloak realm: people are its users, an agent is a client `agent-{name}-m2m` with a service account. Touches nobody it
 * was not asked about, makes no group, joins and leaves none that is not ours, and reads no secret but that of a client it has just made.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { AccountDirectory, type AccountDirectoryApi } from "../AccountDirectory.ts"
import { DirectoryRefused } from "../DirectoryError.ts"
import { changeMachine, createMachine, machines, removeMachine } from "../internal/keycloak/machines.ts"
import { type Manages, members, setGroups, wantedGroups } from "../internal/keycloak/memberships.ts"
import { pages } from "../internal/keycloak/pages.ts"
import { People, type Person } from "../internal/keycloak/representations.ts"
import { makeSession } from "../internal/keycloak/session.ts"
import type { AdminFailure, KeycloakAdminApi, KeycloakAdminOptions } from "./KeycloakAdmin.ts"
import { KeycloakUnexpected } from "./KeycloakError.ts"

export interface KeycloakAccountsOptions {
  readonly admin: KeycloakAdminOptions
  /** The realm whose people and agents are meant. */
  readonly realm: string
  /** Where programs reach Keycloak; where its administrator does, when absent. */
  readonly publicUrl?: string | undefined
  /** Which groups of the realm are joined and left from here: those the policy maps. A realm's other groups are not ours to give or take. */
  readonly manages: Manages
}

const nameOf = ({ firstName, lastName }: Person): string | undefined =>
  [firstName, lastName].filter((part) => part !== undefined && part !== "").join(" ") || undefined

const personOf = (person: Person, groups: ReadonlyArray<string>) => ({
  id: person.id,
  username: person.username,
  email: person.email,
  displayName: nameOf(person),
  groups
})

/** Keycloak writes every username in lower case. */
const findPerson = (
  admin: KeycloakAdminApi,
  base: string,
  username: string
): Effect.Effect<Person | undefined, AdminFailure> =>
  Effect.map(admin.get(`${base}/users?exact=true&username=${encodeURIComponent(username)}`, People), (found) =>
    found?.find((person) => person.username === username.toLowerCase())
  )

const make = ({ admin: options, manages, publicUrl = options.url, realm }: KeycloakAccountsOptions) =>
  Effect.map(makeSession(options), ({ refusing, using }): AccountDirectoryApi => {
    const base = `/${encodeURIComponent(realm)}`
    const tokenUrl = `${publicUrl.replace(/\/+$/, "")}/realms${base}/protocol/openid-connect/token`
    return {
      name: "keycloak",
      people: using((admin) =>
        Effect.gen(function* () {
          const found = yield* pages(admin, `${base}/users?briefRepresentation=true`, People, `realm ${realm}`)
          const groups = yield* members(admin, realm)
          return found
            .map((person) => personOf(person, groups.get(person.username) ?? []))
            .toSorted((a, b) => (a.username < b.username ? -1 : 1))
        })
      ),
      createPerson: ({ groups, username, ...named }, password) =>
        refusing((admin) =>
          Effect.gen(function* () {
            const wanted = yield* wantedGroups(admin, realm, groups, manages)
            // One request makes all of it, so that nobody is there without their groups.
            yield* admin
              .post(`${base}/users`, {
                username,
                enabled: true,
                ...named,
                emailVerified: named.email !== undefined,
                groups: wanted.map(({ path }) => path),
                credentials: [{ type: "password", value: Redacted.value(password), temporary: false }]
              })
              .pipe(Effect.catchTags({ KeycloakNameTaken: taken, KeycloakUnexpected: refusedOr }))
            const made = yield* Effect.mapError(findPerson(admin, base, username), ({ message }) => unseen(message))
            return made === undefined ? yield* unseen("nobody is called so") : personOf(made, groups)
          })
        ),
      setPersonGroups: (id, groups) =>
        refusing((admin) =>
          Effect.gen(function* () {
            const wanted = yield* wantedGroups(admin, realm, groups, manages)
            if (yield* setGroups(admin, realm, id, wanted, manages)) return
            return yield* new DirectoryRefused({
              reason: "gone",
              field: "username",
              problem: "is nobody's in Keycloak any more: remove the account here too"
            })
          })
        ),
      removePerson: (id) => using((admin) => admin.remove(`${base}/users/${encodeURIComponent(id)}`)),
      agents: using((admin) => machines({ admin, realm })),
      createAgent: (agent) => refusing((admin) => createMachine({ admin, realm }, { tokenUrl, manages }, agent)),
      changeAgent: (name, change) => refusing((admin) => changeMachine({ admin, realm }, manages, name, change)),
      removeAgent: (name) => refusing((admin) => removeMachine({ admin, realm }, name))
    }
  })

const unseen = (why: string): KeycloakUnexpected =>
  new KeycloakUnexpected({
    action: "the making of a person",
    problem: `success, but can not be asked for them (${why}): they have no account here; remove them there before you try again`
  })

const taken = () =>
  new DirectoryRefused({
    reason: "taken",
    field: "username",
    problem: "is somebody's in Keycloak, or the e-mail address is: choose another"
  })

/** Its own rules for passwords and profiles are told in its words. */
const refusedOr = (error: KeycloakUnexpected): DirectoryRefused | KeycloakUnexpected =>
  error.status === 400
    ? new DirectoryRefused({
        reason: "invalid",
        field: "user",
        problem: `is not as Keycloak wants it: ${error.problem}`
      })
    : error

/** Signs in when it is first needed, and again after a failure. */
export const layerKeycloak = (options: KeycloakAccountsOptions): Layer.Layer<AccountDirectory> =>
  Layer.effect(AccountDirectory, make(options))
