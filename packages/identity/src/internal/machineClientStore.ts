/** Where the groups of providers' machines are kept. Decides nothing. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ChangeFeedApi } from "@mcpgw/store/ChangeFeed"
import * as Effect from "effect/Effect"
import type { ParseError } from "effect/ParseResult"
import type { MachineClient } from "../MachineClients.ts"
import { decodeGroups, encodeGroups } from "./groups.ts"

export interface MachineClientStore {
  /** By issuer and client id. */
  readonly all: Effect.Effect<ReadonlyArray<MachineClient>, SqlError | ParseError>
  readonly put: (client: MachineClient) => Effect.Effect<void, SqlError>
  readonly remove: (issuer: string, clientId: string) => Effect.Effect<void, SqlError>
}

export const makeMemoryStore = (): MachineClientStore => {
  const clients = new Map<string, MachineClient>()
  const keyOf = (issuer: string, clientId: string): string => JSON.stringify([issuer, clientId])
  return {
    all: Effect.sync(() => [...clients.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, client]) => client)),
    put: (client) => Effect.sync(() => void clients.set(keyOf(client.issuer, client.clientId), client)),
    remove: (issuer, clientId) => Effect.sync(() => void clients.delete(keyOf(issuer, clientId)))
  }
}

interface Row {
  readonly issuer: string
  readonly client_id: string
  readonly member_of: string
}

export const makeSqlStore = (sql: SqlClient.SqlClient): MachineClientStore => ({
  all: Effect.flatMap(sql<Row>`SELECT * FROM machine_clients ORDER BY issuer, client_id`, (rows) =>
    Effect.forEach(rows, (row) =>
      Effect.map(decodeGroups(row.member_of), (groups) => ({ issuer: row.issuer, clientId: row.client_id, groups }))
    )
  ),
  put: ({ clientId, groups, issuer }) =>
    Effect.asVoid(sql`
      INSERT INTO machine_clients (issuer, client_id, member_of) VALUES (${issuer}, ${clientId}, ${encodeGroups(groups)})
      ON CONFLICT (issuer, client_id) DO UPDATE SET member_of = excluded.member_of`),
  remove: (issuer, clientId) =>
    Effect.asVoid(sql`DELETE FROM machine_clients WHERE issuer = ${issuer} AND client_id = ${clientId}`)
})

/** Tells every process, under `topic`, of what is changed here. */
export const toldToOthers = (store: MachineClientStore, feed: ChangeFeedApi, topic: string): MachineClientStore => ({
  ...store,
  put: (client) => feed.write(topic, [client.clientId], () => store.put(client)),
  remove: (issuer, clientId) => feed.write(topic, [clientId], () => store.remove(issuer, clientId))
})
