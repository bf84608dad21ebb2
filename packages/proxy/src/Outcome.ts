/** How an exchange with a server ended, told once. */

export type Ending =
  /** The server answered to the end; `failure` is the JSON-RPC code when that answer was an error, 0 for `isError`. */
  | { readonly kind: "finished"; readonly failure: number | undefined }
  /** The client left, or the gateway closed the stream while shutting down; `stalled`: it took nothing, and is to be cut off. */
  | { readonly kind: "aborted"; readonly stalled?: true }
  /** The caller's credential was taken back meanwhile, and the gateway ended it. */
  | { readonly kind: "revoked" }
  /** The server broke off or fell silent after its answer had begun. */
  | { readonly kind: "broken"; readonly detail: string }

/** What the client was answered. */
export interface Answered {
  readonly status: number
  /** Session id as the client knows it, when the answer named one. */
  readonly session: string | undefined
}

/** Called once, and only for an answer that was relayed. */
export type OnEnd = (ending: Ending, answered: Answered) => void
