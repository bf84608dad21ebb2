/**
 * **OAuthClients** — OAuth clients that an administrator set up beforehand, for people who sign in (authorization code with PKCE; protocol.md
 * Kept beside those that register themselves and judged as they are, but never forgotten to make room. A confidential one has secrets
 * as agents have; none may use the client credentials grant. Removing one ends at once all that people had given it.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import { Revocations } from "@mcpgw/auth/Revocations"
import { KeyRing } from "@mcpgw/domain/KeyRing"
import { migrate } from "@mcpgw/store/Store"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { AccountsUnavailable } from "./Accounts.ts"
import {
  addSecretTo,
  type ClientSecret,
  type InvalidSecret,
  type MadeSecret,
  matchingSecret,
  type NewSecret,
  shownSecret,
  type TooManySecrets
} from "./ClientSecrets.ts"
import { keepWritten, LastUsed } from "./internal/lastUsed.ts"
import { makeSqlSecrets, type SecretStore, type StoredSecret } from "./internal/secretStore.ts"
import { type ClientWish, metadataOfWish, newClientId } from "./internal/setUpClient.ts"
import { stored } from "./internal/stored.ts"
import { migrations } from "./Migrations.ts"
import { makeArtifactStore } from "./oauth/ArtifactStore.ts"
import { endGrant } from "./oauth/endGrant.ts"
import { Sealing } from "./oauth/sealing.ts"
import {
  makeSetUpClientStore,
  type SetUpClientStore,
  type SetUpMetadata,
  type StoredClient
} from "./oauth/SetUpClientStore.ts"

export interface SetUpClient {
  readonly clientId: string
  readonly metadata: SetUpMetadata
  /** Name of the administrator. */
  readonly setUpBy: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Oldest first, expired ones too; none for a public client. */
  readonly secrets: ReadonlyArray<ClientSecret>
}

/** A client that can not be set up as it was asked for. Names the field. */
export class InvalidClient extends Schema.TaggedError<InvalidClient>()("InvalidClient", {
  field: Schema.String,
  held: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds ${this.held}, but ${this.expected}`
  }
}

export class ClientExists extends Schema.TaggedError<ClientExists>()("ClientExists", { clientId: Schema.String }) {}

/** A public client has no secrets: it could not keep one. */
export class ClientIsPublic extends Schema.TaggedError<ClientIsPublic>()("ClientIsPublic", {
  clientId: Schema.String
}) {}

export interface OAuthClientsApi {
  /** By id. */
  readonly list: Effect.Effect<ReadonlyArray<SetUpClient>, AccountsUnavailable>
  readonly get: (clientId: string) => Effect.Effect<SetUpClient | undefined, AccountsUnavailable>
  readonly create: (
    wish: ClientWish,
    setUpBy: string
  ) => Effect.Effect<SetUpClient, InvalidClient | ClientExists | AccountsUnavailable>
  /** With its secrets, grants and tokens. False: no such client was set up. */
  readonly remove: (clientId: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Undefined: no such client was set up. */
  readonly addSecret: (
    clientId: string,
    wanted: NewSecret
  ) => Effect.Effect<MadeSecret | undefined, ClientIsPublic | InvalidSecret | TooManySecrets | AccountsUnavailable>
  /** What people have given the client stays. False: there is no such client or secret. */
  readonly removeSecret: (clientId: string, id: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Is that a living secret of the client? Notes the use. */
  readonly secretMatches: (clientId: string, candidate: string) => Effect.Effect<boolean, AccountsUnavailable>
}

type Needs = SqlClient.SqlClient | KeyRing | Revocations

export class OAuthClients extends Context.Tag("@mcpgw/identity/OAuthClients")<OAuthClients, OAuthClientsApi>() {
  /** Tables `oauth_clients` and `client_secrets`; runs this package's migrations. */
  static get layer(): Layer.Layer<OAuthClients, MigrationFailed | DatabaseNewer, Needs> {
    return overDatabase
  }
}

interface Parts {
  readonly clients: SetUpClientStore
  readonly secrets: SecretStore
  readonly used: LastUsed
  /** Ends what people have given it. */
  readonly endGrants: (clientId: string) => Effect.Effect<void, AccountsUnavailable>
}

const make: Effect.Effect<OAuthClientsApi, never, Needs | Scope.Scope> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const revocations = yield* Revocations
  const artifacts = makeArtifactStore(sql, new Sealing(yield* KeyRing))
  const parts: Parts = {
    clients: makeSetUpClientStore(sql),
    secrets: makeSqlSecrets(sql),
    used: new LastUsed(),
    endGrants: (clientId) =>
      stored(
        Effect.flatMap(artifacts.grantsOfClient(clientId), (ids) =>
          Effect.forEach(ids, (id) => endGrant(artifacts, revocations, id), { discard: true })
        )
      )
  }
  yield* keepWritten(parts.used, "clients' secrets", parts.secrets.used)
  return {
    list: list(parts),
    get: (clientId) => get(parts, clientId),
    create: (wish, setUpBy) => create(parts, wish, setUpBy),
    remove: (clientId) => remove(parts, clientId),
    addSecret: (clientId, wanted) => addSecret(parts, clientId, wanted),
    removeSecret: (clientId, id) => removeSecret(parts, clientId, id),
    secretMatches: (clientId, candidate) => secretMatches(parts, clientId, candidate)
  }
})

const shown = ({ used }: Parts, client: StoredClient, secrets: ReadonlyArray<StoredSecret>): SetUpClient => ({
  ...client,
  createdAt: client.createdAt * 1000,
  secrets: secrets.map((secret) => shownSecret(secret, used))
})

const list = (parts: Parts) =>
  Effect.gen(function* () {
    const held = yield* stored(parts.secrets.all)
    const clients = yield* stored(parts.clients.all)
    return clients.map((client) => shown(parts, client, held.get(client.clientId) ?? []))
  })

const get = (parts: Parts, clientId: string) =>
  Effect.gen(function* () {
    const client = yield* stored(parts.clients.find(clientId))
    if (client === undefined) return undefined
    return shown(parts, client, yield* stored(parts.secrets.of(clientId)))
  })

const create = (parts: Parts, wish: ClientWish, setUpBy: string) =>
  Effect.gen(function* () {
    const made = metadataOfWish(wish)
    if ("problem" in made) return yield* new InvalidClient(made.problem)
    const createdAt = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const client = { clientId: wish.clientId ?? newClientId(), metadata: made.metadata, setUpBy, createdAt }
    if (!(yield* stored(parts.clients.insert(client)))) return yield* new ClientExists({ clientId: client.clientId })
    return shown(parts, client, [])
  })

const remove = (parts: Parts, clientId: string) =>
  Effect.gen(function* () {
    if ((yield* stored(parts.clients.find(clientId))) === undefined) return false
    // First, so that what fails can be asked again; and after it is gone, for what was given in between.
    yield* parts.endGrants(clientId)
    yield* stored(parts.secrets.removeAll(clientId))
    yield* stored(parts.clients.remove(clientId))
    yield* parts.endGrants(clientId)
    return true
  })

const addSecret = (parts: Parts, clientId: string, wanted: NewSecret) =>
  Effect.gen(function* () {
    const client = yield* get(parts, clientId)
    if (client === undefined) return undefined
    if (client.metadata.token_endpoint_auth_method === "none") return yield* new ClientIsPublic({ clientId })
    return yield* addSecretTo(client.secrets, wanted, (...made) => parts.secrets.add(clientId, ...made))
  })

const removeSecret = (parts: Parts, clientId: string, id: string) =>
  Effect.gen(function* () {
    const client = yield* get(parts, clientId)
    if (client === undefined || !client.secrets.some((secret) => secret.id === id)) return false
    yield* stored(parts.secrets.remove(clientId, id))
    return true
  })

const secretMatches = ({ clients, secrets, used }: Parts, clientId: string, candidate: string) =>
  Effect.gen(function* () {
    if ((yield* stored(clients.find(clientId))) === undefined) return false
    const now = yield* Clock.currentTimeMillis
    const found = matchingSecret(yield* stored(secrets.of(clientId)), candidate, now)
    if (found === undefined) return false
    used.touch(found.id, now)
    return true
  })

const overDatabase: Layer.Layer<OAuthClients, MigrationFailed | DatabaseNewer, Needs> = Layer.scoped(
  OAuthClients,
  Effect.zipRight(migrate(migrations), make)
)
