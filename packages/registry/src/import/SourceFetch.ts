/**
 * **SourceFetch** port: how another registry is asked. The production layer goes through the one dialler and its address policy (design.md §6,
 * SSRF), and is composed by the application. Sends no credential and follows no redirect.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** Why a source was not reached, in a sentence without internal detail. `passing`: it may be when it is asked again. */
export class SourceUnreachable extends Error {
  readonly passing: boolean
  constructor(problem: string, passing: boolean) {
    super(problem)
    this.passing = passing
  }
}

/** A GET of JSON; its body streams. Rejects when the address may not be dialled or nobody answers, best with `SourceUnreachable`. */
export type SourceFetchApi = (url: string, signal: AbortSignal) => Promise<Response>

export class SourceFetch extends Context.Tag("@mcpgw/registry/SourceFetch")<SourceFetch, SourceFetchApi>() {
  /** For tests and embedding. */
  static layerOf(fetch: SourceFetchApi): Layer.Layer<SourceFetch> {
    return Layer.succeed(SourceFetch, fetch)
  }
}
