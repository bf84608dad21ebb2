/** `GroupDirectory` over the groups at the top of a Keycloak realm. Never touches who is in them, nor what it was not asked about, and removes no group that was not made from here or has others within it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { GroupDirectory, type GroupDirectoryApi, type GroupRemoval } from "../GroupDirectory.ts"
import { topGroups } from "../internal/keycloak/pages.ts"
import { DirectoryGroupRow } from "../internal/keycloak/representations.ts"
import { makeSession } from "../internal/keycloak/session.ts"
import { GROUP_ATTRIBUTE } from "./Blueprint.ts"
import type { AdminFailure, KeycloakAdminApi, KeycloakAdminOptions } from "./KeycloakAdmin.ts"
import { type KeycloakNotFound, KeycloakUnexpected } from "./KeycloakError.ts"

export interface KeycloakGroupsOptions {
  readonly admin: KeycloakAdminOptions
  /** The realm whose groups are meant. */
  readonly realm: string
}

/** Longest description kept, in characters: an attribute of Keycloak's is no longer. */
const MAX_DESCRIPTION = 255

const hasGroupsWithin = ({ subGroupCount = 0, subGroups = [] }: DirectoryGroupRow): boolean =>
  subGroupCount > 0 || subGroups.length > 0

/** Keycloak deletes what is within a group with it. */
const wouldTakeOthers = (name: string): KeycloakUnexpected =>
  new KeycloakUnexpected({
    action: `the look for group ${name}`,
    problem: "other groups within it, which would be deleted too"
  })

/** Under its name of today: one that was renamed there is not what was made here. */
const isOurs = ({ attributes = {}, name }: DirectoryGroupRow): boolean =>
  attributes[GROUP_ATTRIBUTE]?.includes(name) === true

const removeOurs = (
  admin: KeycloakAdminApi,
  realm: string,
  name: string
): Effect.Effect<GroupRemoval, AdminFailure | KeycloakNotFound> =>
  Effect.gen(function* () {
    const listed = (yield* topGroups(admin, realm)).find((one) => one.name === name)
    if (listed === undefined) return "absent"
    const path = `/${encodeURIComponent(realm)}/groups/${encodeURIComponent(listed.id)}`
    const group = yield* admin.get(path, DirectoryGroupRow)
    if (group === undefined) return "absent"
    if (group.name !== name || !isOurs(group)) return "foreign"
    if (hasGroupsWithin(listed) || hasGroupsWithin(group)) return yield* wouldTakeOthers(name)
    return (yield* admin.remove(path)) ? "removed" : "absent"
  })

const make = ({ admin: options, realm }: KeycloakGroupsOptions): Effect.Effect<GroupDirectoryApi> =>
  Effect.map(makeSession(options), ({ using }) => {
    const base = `/${encodeURIComponent(realm)}/groups`
    return {
      name: "keycloak",
      list: using((admin) => topGroups(admin, realm)),
      create: (name, description) =>
        using((admin) =>
          admin
            .post(base, {
              name,
              attributes: { description: [description.slice(0, MAX_DESCRIPTION)], [GROUP_ATTRIBUTE]: [name] }
            })
            .pipe(
              Effect.as(true),
              Effect.catchTag("KeycloakNameTaken", () => Effect.succeed(false))
            )
        ),
      remove: (name) => using((admin) => removeOurs(admin, realm, name))
    }
  })

/** Signs in when it is first needed, and again after a failure. */
export const layerKeycloak = (options: KeycloakGroupsOptions): Layer.Layer<GroupDirectory> =>
  Layer.effect(GroupDirectory, make(options))
