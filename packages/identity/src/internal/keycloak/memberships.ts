/** Who is in which groups of a realm, read and changed. Makes no group, and puts nobody into one that is not ours to give, nor out of it. */
import * as Effect from "effect/Effect"
import { DirectoryRefused } from "../../DirectoryError.ts"
import type { AdminFailure, KeycloakAdminApi } from "../../keycloak/KeycloakAdmin.ts"
import { type KeycloakNotFound, KeycloakUnexpected } from "../../keycloak/KeycloakError.ts"
import { pages, topGroups } from "./pages.ts"
import { type DirectoryGroupRow, NamedList, Users } from "./representations.ts"

/** Usernames, machines' too, and the groups each is in. Reads by group: there are far fewer of those than of people. */
export const members = (
  admin: KeycloakAdminApi,
  realm: string
): Effect.Effect<ReadonlyMap<string, ReadonlyArray<string>>, AdminFailure | KeycloakNotFound> =>
  Effect.gen(function* () {
    const found = new Map<string, Array<string>>()
    for (const { id, name } of yield* topGroups(admin, realm)) {
      const path = `/${encodeURIComponent(realm)}/groups/${encodeURIComponent(id)}/members?briefRepresentation=true`
      for (const { username } of yield* pages(admin, path, Users, `group ${name}`)) {
        found.set(username, [...(found.get(username) ?? []), name])
      }
    }
    return found
  })

/** Which groups are ours to give and to take, by name: the others of a realm open doors that we know nothing of. */
export type Manages = (group: string) => boolean

/** The groups of these names; refused when one is not ours to give, or not there, so that a misspelt one is not one more group nobody mapped. */
export const wantedGroups = (
  admin: KeycloakAdminApi,
  realm: string,
  names: ReadonlyArray<string>,
  manages: Manages
): Effect.Effect<ReadonlyArray<DirectoryGroupRow>, AdminFailure | KeycloakNotFound | DirectoryRefused> =>
  Effect.gen(function* () {
    if (names.length === 0) return []
    const foreign = names.findIndex((name) => !manages(name))
    if (foreign >= 0) {
      const problem = `is ${JSON.stringify(names[foreign])}, which the policy maps to nothing: it may be a group that the policy's group_mappings name`
      return yield* new DirectoryRefused({ reason: "invalid", field: `groups.${foreign}`, problem })
    }
    const there = new Map((yield* topGroups(admin, realm)).map((group) => [group.name, group]))
    const missing = names.findIndex((name) => !there.has(name))
    if (missing >= 0) {
      const problem = `is ${JSON.stringify(names[missing])}, which is no group of Keycloak's realm ${realm}: make it first, with POST /api/groups`
      return yield* new DirectoryRefused({ reason: "invalid", field: `groups.${missing}`, problem })
    }
    return names.flatMap((name) => there.get(name) ?? [])
  })

/**
 * Of the groups that are ours in these alone; in all others as before. What is taken away comes first: cut off in between somebody has less than
 * they should, never more. False: nobody has that id.
 */
export const setGroups = (
  admin: KeycloakAdminApi,
  realm: string,
  user: string,
  wanted: ReadonlyArray<DirectoryGroupRow>,
  manages: Manages
): Effect.Effect<boolean, AdminFailure | KeycloakUnexpected> =>
  Effect.gen(function* () {
    const path = `/${encodeURIComponent(realm)}/users/${encodeURIComponent(user)}/groups`
    const held = yield* admin.get(`${path}?max=1000&briefRepresentation=true`, NamedList)
    if (held === undefined) return false
    const surplus = held.filter(
      ({ id, name }) => manages(name) && !wanted.some((group) => group.id === id || group.name === name)
    )
    for (const { id } of surplus) yield* admin.remove(`${path}/${encodeURIComponent(id)}`)
    const missing = wanted.filter(({ name }) => !held.some((group) => group.name === name))
    for (const [done, { id, name }] of missing.entries()) {
      yield* Effect.mapError(admin.put(`${path}/${encodeURIComponent(id)}`), (error) =>
        done === 0 && surplus.length === 0 ? error : halfDone(name, error)
      )
    }
    return true
  })

const halfDone = (group: string, { message }: AdminFailure): KeycloakUnexpected =>
  new KeycloakUnexpected({
    action: "a change of groups",
    problem: `a failure half way: what was to be left is left, ${group} and those after it are not joined (${message}); send the same again`
  })
