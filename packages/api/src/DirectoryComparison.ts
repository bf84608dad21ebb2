/** How the accounts here and those of an identity provider that is administered from here agree. Contract only. */
import * as Schema from "effect/Schema"

const Names = Schema.Array(Schema.String)

export const DirectoryComparison = Schema.Struct({
  /** Such as `keycloak`; null: none has an admin API configured. */
  name: Schema.NullOr(Schema.String),
  /** Why its accounts are not known now; null: they are. The lists are empty then. */
  problem: Schema.NullOr(Schema.String),
  /** Those of the provider that have no account here: people have theirs once they sign in. */
  directory_only: Names,
  /** Those here that the provider does not have, or no more. */
  here_only: Names,
  /** Those who are in other groups there than here, of the groups that the policy maps; the provider's others make no difference. */
  differing: Schema.Array(Schema.Struct({ name: Schema.String, here: Names, there: Names }))
}).annotations({ identifier: "DirectoryComparison" })
export type DirectoryComparison = typeof DirectoryComparison.Type
