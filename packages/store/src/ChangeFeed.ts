/**
 * **ChangeFeed** — how the processes over one store learn of one another's writes. A write names what it changed, under a topic, in its
 * own transaction; every process takes what others named, in order, within a second. Knows no tables but its own, and carries names only:
 * who watches a topic reads what they stand for.
 *
 * A topic's number is counted in one row, locked until the write commits: numbers become visible in their order, and writers of a topic,
 * in whatever process, go one after the other.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { makeSqlFeed } from "./internal/sqlFeed.ts"
import type { DatabaseNewer, MigrationFailed } from "./StoreError.ts"

/**
 * What others changed. `"everything"`: it can not be told any more, after a long absence or in a store put back from a backup; then all
 * has to be read again.
 */
export type Changed = ReadonlyArray<string> | "everything"

export interface ChangeFeedApi {
  /**
   * Runs `write` in a transaction that tells everybody which `items` of `topic` changed. `write` gets the number of the change, greater
   * than those of all before, and waits for whoever else writes to the topic. This process is not told of its own. Not for use within
   * another transaction: its end would not be known here.
   */
  readonly write: <A, E, R>(
    topic: string,
    items: ReadonlyArray<string>,
    write: (revision: number) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | SqlError, R>
  /**
   * Hands over what others change from the moment this returns, oldest first, each name once a turn, until the scope closes. What `take`
   * fails to take is handed over again. Watch first and read what there is then: nothing is missed in between.
   */
  readonly watch: <E>(
    topic: string,
    take: (changed: Changed) => Effect.Effect<void, E>
  ) => Effect.Effect<void, SqlError, Scope.Scope>
  /** Looks for changes now, and hands them over before it returns. */
  readonly look: Effect.Effect<void>
  /** Hot: since when the store can not be reached, in epoch milliseconds; undefined: it could at the last look. */
  readonly outageSince: () => number | undefined
}

export interface ChangeFeedOptions {
  /** Between two looks, in milliseconds, a fifth more or less by chance; 500 unless given. 0: nobody else can write, so none looks. */
  readonly pollMillis?: number
  /** What tells that there is something to look for before the time; a failure of it is waited out. */
  readonly notifications?: Stream.Stream<string, SqlError>
}

export class ChangeFeed extends Context.Tag("@mcpgw/store/ChangeFeed")<ChangeFeed, ChangeFeedApi>() {
  /** Tables `store_heads` and `store_changes`. */
  static layer(
    options: ChangeFeedOptions = {}
  ): Layer.Layer<ChangeFeed, MigrationFailed | DatabaseNewer, SqlClient.SqlClient> {
    return Layer.scoped(
      ChangeFeed,
      Effect.suspend(() => makeSqlFeed(options))
    )
  }
}
