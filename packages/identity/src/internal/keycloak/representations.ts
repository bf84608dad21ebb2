/** The parts of Keycloak's answers that are read; what else they hold is dropped. */
import * as Schema from "effect/Schema"

export const Realm = Schema.Struct({ realm: Schema.String })

export const Named = Schema.Struct({ id: Schema.String, name: Schema.String })
export const NamedList = Schema.Array(Named)

export const Client = Schema.Struct({
  id: Schema.String,
  clientId: Schema.String,
  name: Schema.optional(Schema.String),
  protocol: Schema.optional(Schema.String),
  enabled: Schema.Boolean,
  bearerOnly: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  publicClient: Schema.Boolean,
  standardFlowEnabled: Schema.Boolean,
  serviceAccountsEnabled: Schema.Boolean,
  directAccessGrantsEnabled: Schema.Boolean,
  implicitFlowEnabled: Schema.Boolean,
  fullScopeAllowed: Schema.Boolean,
  redirectUris: Schema.Array(Schema.String),
  webOrigins: Schema.Array(Schema.String),
  attributes: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { default: () => ({}) })
})
export type Client = typeof Client.Type
export const Clients = Schema.Array(Client)

export const Mappers = Schema.Array(
  Schema.Struct({
    id: Schema.String,
    name: Schema.String,
    protocolMapper: Schema.String,
    config: Schema.Record({ key: Schema.String, value: Schema.String })
  })
)

export const User = Schema.Struct({ id: Schema.String, username: Schema.String })
export const Users = Schema.Array(User)

export const Secret = Schema.Struct({ value: Schema.optional(Schema.String) })

export const DirectoryGroupRow = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  path: Schema.String,
  /** Groups within it: counted by Keycloak 23 and later, listed by those before. */
  subGroupCount: Schema.optional(Schema.Number),
  subGroups: Schema.optional(Schema.Array(Schema.Unknown)),
  /** Not in lists. */
  attributes: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }))
})
export type DirectoryGroupRow = typeof DirectoryGroupRow.Type
export const DirectoryGroups = Schema.Array(DirectoryGroupRow)

const Person = Schema.Struct({
  ...User.fields,
  email: Schema.optional(Schema.String),
  firstName: Schema.optional(Schema.String),
  lastName: Schema.optional(Schema.String)
})
export type Person = typeof Person.Type
export const People = Schema.Array(Person)
