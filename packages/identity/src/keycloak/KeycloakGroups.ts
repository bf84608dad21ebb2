/** `GroupDirectory` over the groups at the top of a Keycloak realm. Never touches who is in them, nor what it was not asked about, a group with others within it among that. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { GroupDirectory, type GroupDirectoryApi } from "../GroupDirectory.ts"
import { topGroups } from "../internal/keycloak/pages.ts"
import type { DirectoryGroupRow } from "../internal/keycloak/representations.ts"
import { makeSession } from "../internal/keycloak/session.ts"
import type { KeycloakAdminOptions } from "./KeycloakAdmin.ts"
import { KeycloakUnexpected } from "./KeycloakError.ts"

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

const make = ({ admin: options, realm }: KeycloakGroupsOptions): Effect.Effect<GroupDirectoryApi> =>
  Effect.map(makeSession(options), ({ using }) => {
    const base = `/${encodeURIComponent(realm)}/groups`
    return {
      name: "keycloak",
      list: using((admin) => topGroups(admin, realm)),
      create: (name, description) =>
        using((admin) =>
          admin.post(base, { name, attributes: { description: [description.slice(0, MAX_DESCRIPTION)] } }).pipe(
            Effect.as(true),
            Effect.catchTag("KeycloakNameTaken", () => Effect.succeed(false))
          )
        ),
      remove: (name) =>
        using((admin) =>
          Effect.gen(function* () {
            const group = (yield* topGroups(admin, realm)).find((one) => one.name === name)
            if (group === undefined) return false
            if (hasGroupsWithin(group)) return yield* wouldTakeOthers(name)
            return yield* admin.remove(`${base}/${encodeURIComponent(group.id)}`)
          })
        )
    }
  })

/** Signs in when it is first needed, and again after a failure. */
export const layerKeycloak = (options: KeycloakGroupsOptions): Layer.Layer<GroupDirectory> =>
  Layer.effect(GroupDirectory, make(options))
