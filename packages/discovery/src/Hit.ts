/** What is asked of the index and what it answers. Plain data; names things, describes nothing, knows no callers. */

export interface ServerHit {
  readonly kind: "server"
  readonly path: string
  /** 0…1, best first. */
  readonly score: number
}

export interface ToolHit {
  readonly kind: "tool"
  readonly path: string
  readonly tool: string
  readonly score: number
}

export type Hit = ServerHit | ToolHit

export interface SearchQuery {
  readonly text: string
  readonly kinds: ReadonlyArray<Hit["kind"]>
  /** Per kind. */
  readonly limit: number
}
