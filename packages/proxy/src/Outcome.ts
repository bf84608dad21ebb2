/** How an exchange with a server ended, told once. */

export type Ending =
  /** The server answered to the end; `failure` is the JSON-RPC code when that answer was an error, 0 for `isError`. */
  | { readonly kind: "finished"; readonly failure: number | undefined }
  /** The client left, or the gateway closed the stream while shutting down. */
  | { readonly kind: "aborted" }
  /** The server broke off or fell silent after its answer had begun. */
  | { readonly kind: "broken"; readonly detail: string }

export type OnEnd = (ending: Ending) => void

/** Calls `onEnd` the first time only. */
export const once = (onEnd: OnEnd): OnEnd => {
  let told = false
  return (ending) => {
    if (told) return
    told = true
    onEnd(ending)
  }
}
