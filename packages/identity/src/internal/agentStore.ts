/** Where agents are kept, with their secrets as those of the clients they are. Decides nothing. Times in epoch milliseconds. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ChangeFeedApi } from "@mcpgw/store/ChangeFeed"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { Agent } from "../Agents.ts"
import { AGENT_CLIENT } from "./agentClient.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"
import { makeMemorySecrets, makeSqlSecrets, type SecretStore, type StoredSecret } from "./secretStore.ts"

/** An agent's own fields. */
export type AgentFields = Omit<Agent, "secrets">

export interface StoredAgent extends AgentFields {
  /** Oldest first. */
  readonly secrets: ReadonlyArray<StoredSecret>
}

type Used = ReadonlyArray<readonly [id: string, at: number]>

export interface AgentStore {
  readonly find: (name: string) => Effect.Effect<StoredAgent | undefined, SqlError | ParseError>
  /** By name. */
  readonly all: Effect.Effect<ReadonlyArray<StoredAgent>, SqlError | ParseError>
  /** False: the name is taken. */
  readonly insert: (agent: AgentFields) => Effect.Effect<boolean, SqlError>
  readonly update: (agent: AgentFields) => Effect.Effect<void, SqlError>
  /** With its secrets. */
  readonly remove: (name: string) => Effect.Effect<void, SqlError>
  /** Adds a secret, and ends the agent's others at `othersEndAt` where they end later. */
  readonly addSecret: (
    name: string,
    secret: StoredSecret,
    othersEndAt: number | undefined
  ) => Effect.Effect<void, SqlError>
  readonly removeSecret: (name: string, id: string) => Effect.Effect<void, SqlError>
  readonly used: (used: Used) => Effect.Effect<void, SqlError>
}

/** Their secrets are those of clients. */
const secretsOf = (secrets: SecretStore): Pick<AgentStore, "addSecret" | "removeSecret" | "used"> => ({
  addSecret: (name, ...made) => secrets.add(AGENT_CLIENT + name, ...made),
  removeSecret: (name, id) => secrets.remove(AGENT_CLIENT + name, id),
  used: secrets.used
})

export const makeMemoryStore = (): AgentStore => {
  const agents = new Map<string, AgentFields>()
  const secrets = makeMemorySecrets()
  const whole = (agent: AgentFields) =>
    Effect.map(secrets.of(AGENT_CLIENT + agent.name), (held) => ({ ...agent, secrets: held }))
  return {
    ...secretsOf(secrets),
    find: (name) =>
      Effect.suspend(() => {
        const agent = agents.get(name)
        return agent === undefined ? Effect.succeed(undefined) : whole(agent)
      }),
    all: Effect.suspend(() =>
      Effect.forEach(
        [...agents.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
        whole
      )
    ),
    insert: (agent) =>
      Effect.sync(() => {
        if (agents.has(agent.name)) return false
        agents.set(agent.name, agent)
        return true
      }),
    update: (agent) => Effect.sync(() => void (agents.has(agent.name) && agents.set(agent.name, agent))),
    remove: (name) =>
      Effect.zipRight(
        secrets.removeAll(AGENT_CLIENT + name),
        Effect.sync(() => void agents.delete(name))
      )
  }
}

interface AgentRow {
  readonly name: string
  readonly description: string
  readonly member_of: string
  readonly disabled: number
  readonly created_at: number
  readonly tokens_from: number
}

const agentOf = (row: AgentRow, secrets: ReadonlyArray<StoredSecret>): Effect.Effect<StoredAgent, ParseError> =>
  Effect.map(decodeGroups(row.member_of), (groups) => ({
    name: row.name,
    description: row.description,
    groups,
    disabled: Number(row.disabled) !== 0,
    createdAt: Number(row.created_at),
    tokensFrom: Number(row.tokens_from),
    secrets
  }))

const overSql = (sql: SqlClient.SqlClient, secrets: SecretStore): AgentStore => ({
  ...secretsOf(secrets),
  find: (name) =>
    Effect.gen(function* () {
      const [row] = yield* sql<AgentRow>`SELECT * FROM agents WHERE name = ${name}`
      if (row === undefined) return undefined
      return yield* agentOf(row, yield* secrets.of(AGENT_CLIENT + name))
    }),
  all: Effect.gen(function* () {
    const held = yield* secrets.all
    const rows = yield* sql<AgentRow>`SELECT * FROM agents ORDER BY name`
    return yield* Effect.forEach(rows, (row) => agentOf(row, held.get(AGENT_CLIENT + row.name) ?? []))
  }),
  insert: (agent) =>
    Effect.map(
      sql`
        INSERT INTO agents (name, description, member_of, disabled, created_at, tokens_from)
        VALUES (${agent.name}, ${agent.description}, ${encodeGroups(agent.groups)}, ${agent.disabled ? 1 : 0},
          ${agent.createdAt}, ${agent.tokensFrom})
        ON CONFLICT (name) DO NOTHING RETURNING name`,
      (rows) => rows.length > 0
    ),
  update: (agent) =>
    Effect.asVoid(sql`
      UPDATE agents SET description = ${agent.description}, member_of = ${encodeGroups(agent.groups)},
        disabled = ${agent.disabled ? 1 : 0}, tokens_from = ${agent.tokensFrom}
      WHERE name = ${agent.name}`),
  remove: (name) =>
    Effect.zipRight(secrets.removeAll(AGENT_CLIENT + name), sql`DELETE FROM agents WHERE name = ${name}`).pipe(
      sql.withTransaction,
      Effect.asVoid
    )
})

export const makeSqlStore = (sql: SqlClient.SqlClient): AgentStore => overSql(sql, makeSqlSecrets(sql))

/** Tells every process, under `topic`, of what takes something from an agent. */
export const toldToOthers = (store: AgentStore, feed: ChangeFeedApi, topic: string): AgentStore => ({
  ...store,
  insert: (agent) => feed.write(topic, [agent.name], () => store.insert(agent)),
  update: (agent) => feed.write(topic, [agent.name], () => store.update(agent)),
  remove: (name) => feed.write(topic, [name], () => store.remove(name)),
  removeSecret: (name, id) => feed.write(topic, [name], () => store.removeSecret(name, id))
})
