/**
 * **SourceFetch** port: how another registry is asked. The production layer goes through the one dialler and its address policy (design.md §6,
 * SSRF), and is composed by the application. Sends no credential and follows no redirect.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** A GET of JSON. Rejects when the address may not be dialled; its body streams. */
export type SourceFetchApi = (url: string, signal: AbortSignal) => Promise<Response>

export class SourceFetch extends Context.Tag("@mcpgw/registry/SourceFetch")<SourceFetch, SourceFetchApi>() {
  /** For tests and embedding. */
  static layerOf(fetch: SourceFetchApi): Layer.Layer<SourceFetch> {
    return Layer.succeed(SourceFetch, fetch)
  }
}
