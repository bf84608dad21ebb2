/** Lists that Keycloak answers page by page; told nothing it answers with all of them. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { AdminFailure, KeycloakAdminApi } from "../../keycloak/KeycloakAdmin.ts"
import { KeycloakNotFound, KeycloakUnexpected } from "../../keycloak/KeycloakError.ts"
import { DirectoryGroups, type DirectoryGroupRow } from "./representations.ts"

const PAGE = 200

/** Entries of a list that are read. */
const MOST = 5_000

/** Everything at `path`, which may have a query. Fails when nothing is there, or more than can be looked through. */
export const pages = <A, I>(
  admin: KeycloakAdminApi,
  path: string,
  schema: Schema.Schema<ReadonlyArray<A>, I>,
  what: string
): Effect.Effect<ReadonlyArray<A>, AdminFailure | KeycloakNotFound> =>
  Effect.gen(function* () {
    const found: Array<A> = []
    const query = path.includes("?") ? "&" : "?"
    for (let first = 0; ; first += PAGE) {
      const page = yield* admin.get(`${path}${query}first=${first}&max=${PAGE}`, schema)
      if (page === undefined) return yield* new KeycloakNotFound({ what, instead: "check KEYCLOAK_REALM" })
      found.push(...page)
      if (page.length < PAGE) return found
      if (found.length >= MOST) {
        const problem = `more than ${MOST} entries, which is more than is looked through`
        return yield* new KeycloakUnexpected({ action: `GET ${path}`, problem })
      }
    }
  })

/** The groups at the top of the realm, by name. */
export const topGroups = (
  admin: KeycloakAdminApi,
  realm: string
): Effect.Effect<ReadonlyArray<DirectoryGroupRow>, AdminFailure | KeycloakNotFound> =>
  Effect.map(
    pages(admin, `/${encodeURIComponent(realm)}/groups?briefRepresentation=true`, DirectoryGroups, `realm ${realm}`),
    (groups) => groups.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  )
