/** Where agents, and the digests of their secrets, are kept. Decides nothing. Times in epoch milliseconds. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { Agent, AgentSecret } from "../Agents.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface StoredSecret extends AgentSecret {
  readonly digest: string
}

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

const endingAt =
  (at: number) =>
  (secret: StoredSecret): StoredSecret => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? at, at) })

export const makeMemoryStore = (): AgentStore => {
  const agents = new Map<string, StoredAgent>()
  const change = (name: string, to: (agent: StoredAgent) => StoredAgent): Effect.Effect<void> =>
    Effect.sync(() => {
      const agent = agents.get(name)
      if (agent !== undefined) agents.set(name, to(agent))
    })
  return {
    find: (name) => Effect.sync(() => agents.get(name)),
    all: Effect.sync(() => [...agents.values()].sort((a, b) => (a.name < b.name ? -1 : 1))),
    insert: (agent) =>
      Effect.sync(() => {
        if (agents.has(agent.name)) return false
        agents.set(agent.name, { ...agent, secrets: [] })
        return true
      }),
    update: (agent) => change(agent.name, ({ secrets }) => ({ ...agent, secrets })),
    remove: (name) => Effect.sync(() => void agents.delete(name)),
    addSecret: (name, secret, othersEndAt) =>
      change(name, (agent) => ({
        ...agent,
        secrets: [...(othersEndAt === undefined ? agent.secrets : agent.secrets.map(endingAt(othersEndAt))), secret]
      })),
    removeSecret: (name, id) =>
      change(name, (agent) => ({ ...agent, secrets: agent.secrets.filter((secret) => secret.id !== id) })),
    used: (used) =>
      Effect.sync(() => {
        const times = new Map(used)
        for (const agent of agents.values()) {
          const secrets = agent.secrets.map((secret) => ({
            ...secret,
            lastUsedAt: times.get(secret.id) ?? secret.lastUsedAt
          }))
          agents.set(agent.name, { ...agent, secrets })
        }
      })
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

interface SecretRow {
  readonly id: string
  readonly agent: string
  readonly digest: string
  readonly prefix: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
}

const secretOf = (row: SecretRow): StoredSecret => ({
  id: row.id,
  digest: row.digest,
  prefix: row.prefix,
  createdAt: Number(row.created_at),
  expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
  lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at)
})

const agentOf = (row: AgentRow, secrets: ReadonlyArray<SecretRow>): Effect.Effect<StoredAgent, ParseError> =>
  Effect.map(decodeGroups(row.member_of), (groups) => ({
    name: row.name,
    description: row.description,
    groups,
    disabled: Number(row.disabled) !== 0,
    createdAt: Number(row.created_at),
    tokensFrom: Number(row.tokens_from),
    secrets: secrets.filter(({ agent }) => agent === row.name).map(secretOf)
  }))

export const makeSqliteStore = (sql: SqlClient.SqlClient): AgentStore => ({
  find: (name) =>
    Effect.gen(function* () {
      const [row] = yield* sql<AgentRow>`SELECT * FROM agents WHERE name = ${name}`
      if (row === undefined) return undefined
      return yield* agentOf(
        row,
        yield* sql<SecretRow>`SELECT * FROM agent_secrets WHERE agent = ${name} ORDER BY created_at, id`
      )
    }),
  all: Effect.gen(function* () {
    const secrets = yield* sql<SecretRow>`SELECT * FROM agent_secrets ORDER BY created_at, id`
    const rows = yield* sql<AgentRow>`SELECT * FROM agents ORDER BY name`
    return yield* Effect.forEach(rows, (row) => agentOf(row, secrets))
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
    Effect.zipRight(
      sql`DELETE FROM agent_secrets WHERE agent = ${name}`,
      sql`DELETE FROM agents WHERE name = ${name}`
    ).pipe(sql.withTransaction, Effect.asVoid),
  addSecret: (name, secret, othersEndAt) =>
    Effect.gen(function* () {
      if (othersEndAt !== undefined) {
        yield* sql`
          UPDATE agent_secrets SET expires_at = ${othersEndAt}
          WHERE agent = ${name} AND (expires_at IS NULL OR expires_at > ${othersEndAt})`
      }
      yield* sql`
        INSERT INTO agent_secrets (id, agent, digest, prefix, created_at, expires_at)
        VALUES (${secret.id}, ${name}, ${secret.digest}, ${secret.prefix}, ${secret.createdAt}, ${secret.expiresAt ?? null})`
    }).pipe(sql.withTransaction),
  removeSecret: (name, id) => Effect.asVoid(sql`DELETE FROM agent_secrets WHERE agent = ${name} AND id = ${id}`),
  used: (used) =>
    Effect.forEach(used, ([id, at]) => sql`UPDATE agent_secrets SET last_used_at = ${at} WHERE id = ${id}`, {
      discard: true
    }).pipe(sql.withTransaction)
})
