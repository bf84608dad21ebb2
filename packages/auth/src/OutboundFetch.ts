/**
 * **OutboundFetch** port: a `fetch` for URLs that others choose, such as a client's metadata document. The production layer goes through
 * the one dialler and its address policy (design.md §6, SSRF), and is composed by the application. Never follows a redirect.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface OutboundInit {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A GET. Rejects when the address may not be dialled or does not answer in time. */
export type OutboundFetchApi = (url: string, init?: OutboundInit) => Promise<Response>

export class OutboundFetch extends Context.Tag("@mcpgw/auth/OutboundFetch")<OutboundFetch, OutboundFetchApi>() {
  /** Reaches nothing. */
  static get layerNone(): Layer.Layer<OutboundFetch> {
    return none
  }
  /** For tests and embedding. */
  static layerOf(fetch: OutboundFetchApi): Layer.Layer<OutboundFetch> {
    return Layer.succeed(OutboundFetch, fetch)
  }
}

const none: Layer.Layer<OutboundFetch> = Layer.succeed(OutboundFetch, () =>
  Promise.reject(new Error("nothing is fetched from URLs that others choose"))
)
