/**
 * **HealthStore** port: what the processes over one store know of servers' health, and whose turn it is to check which. Checks nothing itself,
 * and knows no servers: a row stands for one version of a record, and whoever has another has no use for it.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Health } from "@mcpgw/domain/Server"
import type { StoreUnavailable } from "@mcpgw/registry/RegistryError"
import type { ChangeFeed } from "@mcpgw/store/ChangeFeed"
import type { DatabaseNewer, MigrationFailed } from "@mcpgw/store/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { makeSqlHealth } from "./internal/sqlHealth.ts"
import { makeMemoryHealth } from "./internal/memoryHealth.ts"

/** What was found of a server. */
export interface Found {
  readonly path: string
  /** Of which version of its record. */
  readonly print: string
  /** `last_checked_iso` is null while the first check goes on. */
  readonly health: Health
  /** By what real calls came to; otherwise by a check. */
  readonly byCalls: boolean
}

/** Epoch milliseconds. */
export interface Times {
  /** The next check. */
  readonly due: number
  /** Until then the server asked not to be called; 0: it did not ask. */
  readonly restUntil: number
}

export interface Known extends Found, Times {}

/**
 * Why somebody wants to check: its time has come (`due`), calls failed (`failed`: whatever the time, but not while the server rests), or
 * somebody asked (`asked`: at once).
 */
export type Why = "due" | "failed" | "asked"

/** Asks for a turn. All times are epoch milliseconds. */
export interface Claim {
  readonly path: string
  readonly print: string
  readonly why: Why
  readonly now: number
  /** The turn ends then, whatever becomes of who has it. */
  readonly until: number
  /** No clock that goes right has set a later time than this. */
  readonly latest: number
}

export interface HealthStoreApi {
  /** Undefined: it is the caller's turn, and nobody else's that asks when it is due. Otherwise what is known, and when to ask again. */
  readonly claim: (claim: Claim) => Effect.Effect<Known | undefined, StoreUnavailable>
  /** Keeps it, and tells the others when it is news. Without `times` the timetable stays. */
  readonly report: (found: Found, times?: Times) => Effect.Effect<void, StoreUnavailable>
  /** That version is gone, or switched off. */
  readonly forget: (path: string, print: string) => Effect.Effect<void, StoreUnavailable>
  readonly all: Effect.Effect<ReadonlyArray<Known>, StoreUnavailable>
  /** Hands over what other processes find from now on, when it is news. */
  readonly watch: (
    take: (found: ReadonlyArray<Known>) => Effect.Effect<void>
  ) => Effect.Effect<void, StoreUnavailable, Scope.Scope>
}

type SqlLayer = Layer.Layer<HealthStore, MigrationFailed | DatabaseNewer, SqlClient.SqlClient | ChangeFeed>

export class HealthStore extends Context.Tag("@mcpgw/health/HealthStore")<HealthStore, HealthStoreApi>() {
  /** Lives and dies with the process, which is alone. */
  static get layerMemory(): Layer.Layer<HealthStore> {
    return layerMemory
  }

  /** Table `server_health` of the SQL store. Answers that take longer than two seconds count as none. */
  static get layerSql(): SqlLayer {
    return layerSql
  }
}

const layerMemory: Layer.Layer<HealthStore> = Layer.sync(HealthStore, () => makeMemoryHealth())

const layerSql: SqlLayer = Layer.scoped(
  HealthStore,
  Effect.suspend(() => makeSqlHealth)
)
