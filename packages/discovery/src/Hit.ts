/** What is asked of the index and what it answers. Plain data; names things, describes nothing, knows no callers. */

/**
 * How well a hit answers, above 0 and at most 1, best first within its kind:
 *
 *     score = words it holds / words asked for × (1 + bm25 / bm25 of the best) / 2,   and never more than the hit before it
 *
 * bm25 decides the order. Alone it says nothing in a small catalogue, where a word that half of it has counts for nothing: there the
 * first factor speaks. Words that say nothing ("find", "the") are not asked for; of thousands of tools no more than the twelve rarest
 * words are, and those that more than half of all hold only where the others do not find enough.
 */
export type Score = number

export interface ServerHit {
  readonly kind: "server"
  readonly path: string
  readonly score: Score
}

export interface ToolHit {
  readonly kind: "tool"
  readonly path: string
  readonly tool: string
  readonly score: Score
}

export type Hit = ServerHit | ToolHit

/** What a hit names, before it is known how well it does. */
export type Named = Omit<ServerHit, "score"> | Omit<ToolHit, "score">

export interface SearchQuery {
  readonly text: string
  readonly kinds: ReadonlyArray<Hit["kind"]>
  /** Per kind. */
  readonly limit: number
  /**
   * Says which of the things found may be answered; all, when absent. Those refused count for nothing: not for the limit, not for the
   * scores. Asked best first and no more than needed; must be cheap and must not throw.
   */
  readonly keep?: (found: Named) => boolean
}
