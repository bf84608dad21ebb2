/**
 * **SourceFetch** port: how another registry is asked, and with which credential. The production layer goes through the one dialler and its
 * address policy (design.md §6, SSRF), opens the credential, and is composed by the application. Follows no redirect.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Why a source was not reached, in a sentence without internal detail. `passing`: it may be when it is asked again. */
export class SourceUnreachable extends Error {
  readonly passing: boolean
  constructor(problem: string, passing: boolean) {
    super(problem)
    this.passing = passing
  }
}

/** A credential by the name it is kept under; never the credential itself. */
export interface SourceCredential {
  readonly ref: string
  /** The registry it was given for: the address its requests begin with. */
  readonly source: string
}

/**
 * A GET of JSON; its body streams until `signal`. Fails when the address may not be dialled, nobody answers, or the credential may not be sent
 * there. `credential`: undefined, and none is sent.
 */
export type SourceFetchApi = (
  url: string,
  signal: AbortSignal,
  credential: SourceCredential | undefined
) => Effect.Effect<Response, SourceUnreachable>

const asUnreachable = (cause: unknown): SourceUnreachable =>
  cause instanceof SourceUnreachable ? cause : new SourceUnreachable("The registry can not be reached", true)

export class SourceFetch extends Context.Tag("@mcpgw/registry/SourceFetch")<SourceFetch, SourceFetchApi>() {
  /** For tests and embedding. A rejection that is no `SourceUnreachable` is one that passes. */
  static layerOf(
    fetch: (url: string, signal: AbortSignal, credential: SourceCredential | undefined) => Promise<Response>
  ): Layer.Layer<SourceFetch> {
    return Layer.succeed(SourceFetch, (url, signal, credential) =>
      Effect.tryPromise({ try: () => fetch(url, signal, credential), catch: asUnreachable })
    )
  }
}
