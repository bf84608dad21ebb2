/**
 * **Agents** — accounts of programs that act for nobody: groups, and secrets for the client credentials grant (RFC 6749 §4.4). Of a secret
 * only the SHA-256 is kept; its text is given out once. Several live at once, so that one can be replaced without a gap. Tokens made
 * before an agent lost a secret or a group, or was disabled, are dead.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { ChangeFeed } from "@mcpgw/store/ChangeFeed"
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
import { problemOfAgent } from "./internal/agentProblem.ts"
import {
  type AgentStore,
  makeMemoryStore,
  makeSqlStore,
  type StoredAgent,
  toldToOthers
} from "./internal/agentStore.ts"
import { keepWritten, LastUsed } from "./internal/lastUsed.ts"
import { stored } from "./internal/stored.ts"
import { migrations } from "./Migrations.ts"

/** `sub` of an agent's tokens is this and its name; no person's name holds a colon. */
export const AGENT_SUBJECT = "agent:"

export interface Agent {
  /** 1 to 63 lower-case letters, digits and `._-`, starting with a letter or digit. */
  readonly name: string
  readonly description: string
  readonly groups: ReadonlyArray<string>
  readonly disabled: boolean
  readonly createdAt: number
  /** Tokens issued before this second are dead. */
  readonly tokensFrom: number
  /** Oldest first, expired ones too. */
  readonly secrets: ReadonlyArray<ClientSecret>
}

/** An agent or secret that can not be made as it was asked for. Names the field. */
export class InvalidAgent extends Schema.TaggedError<InvalidAgent>()("InvalidAgent", {
  field: Schema.String,
  held: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.field} holds ${this.held}, but ${this.expected}`
  }
}

export class AgentExists extends Schema.TaggedError<AgentExists>()("AgentExists", { name: Schema.String }) {}

export interface AgentsApi {
  /** By name. */
  readonly list: Effect.Effect<ReadonlyArray<Agent>, AccountsUnavailable>
  readonly get: (name: string) => Effect.Effect<Agent | undefined, AccountsUnavailable>
  readonly create: (
    agent: Pick<Agent, "name" | "description" | "groups">
  ) => Effect.Effect<Agent, InvalidAgent | AgentExists | AccountsUnavailable>
  /** Undefined: there is no such agent. */
  readonly update: (
    name: string,
    change: Partial<Pick<Agent, "description" | "groups" | "disabled">>
  ) => Effect.Effect<Agent | undefined, InvalidAgent | AccountsUnavailable>
  /** With its secrets and tokens. False: there is no such agent. */
  readonly remove: (name: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** A new secret and, this once, its text. Undefined: there is no such agent. */
  readonly addSecret: (
    name: string,
    wanted: NewSecret
  ) => Effect.Effect<MadeSecret | undefined, InvalidSecret | TooManySecrets | AccountsUnavailable>
  /** False: there is no such agent or secret. */
  readonly removeSecret: (name: string, id: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Is that a living secret of an agent that may sign in? Notes the use. */
  readonly secretMatches: (name: string, candidate: string) => Effect.Effect<boolean, AccountsUnavailable>
  /** Hot: how many changes were made, as far as is known here. Who remembers something of an agent looks again when it has moved. */
  readonly revision: () => number
}

type SqlLayer = Layer.Layer<Agents, MigrationFailed | DatabaseNewer | SqlError, SqlClient.SqlClient | ChangeFeed>

/** Topic of the feed. */
const TOPIC = "agents"

export class Agents extends Context.Tag("@mcpgw/identity/Agents")<Agents, AgentsApi>() {
  /** Forgets at exit; for tests. */
  static get layerMemory(): Layer.Layer<Agents> {
    return memory
  }

  /** Tables `agents` and `client_secrets`; runs this package's migrations. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

/** `follow`: runs what it is given whenever another process has changed an agent. */
const make = <E = never>(
  store: AgentStore,
  follow: (moved: Effect.Effect<void>) => Effect.Effect<void, E, Scope.Scope> = () => Effect.void
): Effect.Effect<AgentsApi, E, Scope.Scope> =>
  Effect.gen(function* () {
    const used = new LastUsed()
    let revision = 0
    yield* follow(Effect.sync(() => void revision++))
    const changes = Effect.ensuring(Effect.sync(() => void revision++))
    yield* keepWritten(used, "agents' secrets", store.used)
    return {
      list: Effect.map(stored(store.all), (agents) => agents.map(shown(used))),
      get: (name) => Effect.map(stored(store.find(name)), (agent) => agent && shown(used)(agent)),
      create: (agent) => changes(create(store, agent)),
      update: (name, change) =>
        changes(Effect.map(update(store, name, change), (agent) => agent && shown(used)(agent))),
      remove: (name) => changes(remove(store, name)),
      addSecret: (name, wanted) => addSecret(store, name, wanted),
      removeSecret: (name, id) => changes(removeSecret(store, name, id)),
      secretMatches: (name, candidate) => secretMatches(store, used, name, candidate),
      revision: () => revision
    }
  })

const shown =
  (used: LastUsed) =>
  (agent: StoredAgent): Agent => ({
    ...agent,
    secrets: agent.secrets.map((secret) => shownSecret(secret, used))
  })

const create = (store: AgentStore, { description, groups, name }: Pick<Agent, "name" | "description" | "groups">) =>
  Effect.gen(function* () {
    const problem = problemOfAgent({ name, description, groups })
    if (problem !== undefined) return yield* new InvalidAgent(problem)
    const now = yield* Clock.currentTimeMillis
    const agent = { name, description, groups, disabled: false, createdAt: now, tokensFrom: now }
    if (!(yield* stored(store.insert(agent)))) return yield* new AgentExists({ name })
    return { ...agent, secrets: [] }
  })

/** Tokens state whole seconds: one of this second may be older than what has just been taken away. */
const nextSecond = Effect.map(Clock.currentTimeMillis, (now) => (Math.floor(now / 1000) + 1) * 1000)

const update = (store: AgentStore, name: string, change: Parameters<AgentsApi["update"]>[1]) =>
  Effect.gen(function* () {
    const agent = yield* stored(store.find(name))
    if (agent === undefined) return undefined
    const next = { ...agent, ...change }
    const problem = problemOfAgent(next)
    if (problem !== undefined) return yield* new InvalidAgent(problem)
    const loses = next.disabled || agent.groups.some((group) => !next.groups.includes(group))
    const changed = loses ? { ...next, tokensFrom: yield* nextSecond } : next
    yield* stored(store.update(changed))
    return changed
  })

const remove = (store: AgentStore, name: string) =>
  Effect.gen(function* () {
    if ((yield* stored(store.find(name))) === undefined) return false
    yield* stored(store.remove(name))
    return true
  })

const addSecret = (store: AgentStore, name: string, wanted: NewSecret) =>
  Effect.gen(function* () {
    const agent = yield* stored(store.find(name))
    if (agent === undefined) return undefined
    return yield* addSecretTo(agent.secrets, wanted, (...made) => store.addSecret(name, ...made))
  })

const removeSecret = (store: AgentStore, name: string, id: string) =>
  Effect.gen(function* () {
    const agent = yield* stored(store.find(name))
    if (agent === undefined || !agent.secrets.some((secret) => secret.id === id)) return false
    yield* stored(store.removeSecret(name, id))
    yield* stored(store.update({ ...agent, tokensFrom: yield* nextSecond }))
    return true
  })

const secretMatches = (store: AgentStore, used: LastUsed, name: string, candidate: string) =>
  Effect.gen(function* () {
    const agent = yield* stored(store.find(name))
    const now = yield* Clock.currentTimeMillis
    const found = matchingSecret(agent?.secrets ?? [], candidate, now)
    if (found === undefined || agent?.disabled !== false) return false
    used.touch(found.id, now)
    return true
  })

const memory: Layer.Layer<Agents> = Layer.scoped(
  Agents,
  Effect.suspend(() => make(makeMemoryStore()))
)

const layerSql: SqlLayer = Layer.scoped(
  Agents,
  Effect.gen(function* () {
    yield* migrate(migrations)
    const feed = yield* ChangeFeed
    const store = toldToOthers(makeSqlStore(yield* SqlClient.SqlClient), feed, TOPIC)
    return yield* make<SqlError>(store, (moved) => feed.watch(TOPIC, () => moved))
  })
)
