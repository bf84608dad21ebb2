/** `GroupDirectory` over the groups at the top of a Keycloak realm. Never touches who is in them, nor what it was not asked about. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { type DirectoryGroup, DirectoryFailure, GroupDirectory, type GroupDirectoryApi } from "../GroupDirectory.ts"
import { type AdminFailure, type KeycloakAdminApi, type KeycloakAdminOptions, makeAdmin } from "./KeycloakAdmin.ts"
import { KeycloakNameTaken, KeycloakNotFound } from "./KeycloakError.ts"

export interface KeycloakGroupsOptions {
  readonly admin: KeycloakAdminOptions
  /** The realm whose groups are meant. */
  readonly realm: string
}

const Groups = Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String, path: Schema.String }))

/** A page of groups; Keycloak answers with all when not told. */
const PAGE = 200

/** Longest description kept, in characters: an attribute of Keycloak's is no longer. */
const MAX_DESCRIPTION = 255

const failed = ({ message }: AdminFailure | KeycloakNotFound): DirectoryFailure =>
  new DirectoryFailure({ directory: "keycloak", problem: message })

const make = ({ admin: options, realm }: KeycloakGroupsOptions): Effect.Effect<GroupDirectoryApi> =>
  Effect.gen(function* () {
    const held = yield* Ref.make<KeycloakAdminApi | undefined>(undefined)
    const base = `/${encodeURIComponent(realm)}/groups`
    const using = <A>(
      body: (admin: KeycloakAdminApi) => Effect.Effect<A, AdminFailure | KeycloakNotFound>
    ): Effect.Effect<A, DirectoryFailure> =>
      Effect.gen(function* () {
        const admin = (yield* Ref.get(held)) ?? (yield* makeAdmin(options))
        yield* Ref.set(held, admin)
        return yield* body(admin)
      }).pipe(
        // Whatever went wrong, a restart of Keycloak's among it, the next call signs in anew.
        Effect.tapError(() => Ref.set(held, undefined)),
        Effect.mapError(failed)
      )
    return {
      name: "keycloak",
      list: using((admin) => all(admin, base, realm)),
      create: (name, description) =>
        using((admin) =>
          admin.post(base, { name, attributes: { description: [description.slice(0, MAX_DESCRIPTION)] } }).pipe(
            Effect.as(true),
            Effect.catchIf(
              (error) => error instanceof KeycloakNameTaken,
              () => Effect.succeed(false)
            )
          )
        ),
      remove: (name) =>
        using((admin) =>
          Effect.gen(function* () {
            const group = (yield* all(admin, base, realm)).find((one) => one.name === name)
            return group === undefined ? false : yield* admin.remove(`${base}/${encodeURIComponent(group.id)}`)
          })
        )
    }
  })

const all = (
  admin: KeycloakAdminApi,
  base: string,
  realm: string
): Effect.Effect<ReadonlyArray<DirectoryGroup>, AdminFailure | KeycloakNotFound> =>
  Effect.gen(function* () {
    const found: Array<DirectoryGroup> = []
    for (let first = 0; ; first += PAGE) {
      const page = yield* admin.get(`${base}?first=${first}&max=${PAGE}&briefRepresentation=true`, Groups)
      if (page === undefined) {
        return yield* new KeycloakNotFound({ what: `realm ${realm}`, instead: "check KEYCLOAK_REALM" })
      }
      found.push(...page)
      if (page.length < PAGE) break
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1))
  })

/** Signs in when it is first needed, and again after a failure. */
export const layerKeycloak = (options: KeycloakGroupsOptions): Layer.Layer<GroupDirectory> =>
  Layer.effect(GroupDirectory, make(options))
