/**
 * **ClientSource** port: OAuth clients that were set up here beforehand, beside those that register themselves. Only these may use the client
 * credentials grant (protocol.md A-37). Never hands out a secret: it is asked whether one is right.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface KnownClient {
  readonly clientId: string
  /** Shown to people and in audit rows. */
  readonly name: string
  /** `sub` of the tokens it gets as itself. */
  readonly subject: string
  /** Client metadata of RFC 7591, without id, name and secret. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** What it is a member of, as people are: the policy decides by it. */
  readonly groups: ReadonlyArray<string>
}

export interface ClientSourceApi {
  /** Undefined: unknown, or turned off. Asked at every use, so that a client that is turned off stops at once. */
  readonly find: (clientId: string) => Promise<KnownClient | undefined>
  /** Is it one of the client's living secrets? */
  readonly verifySecret: (clientId: string, secret: string) => Promise<boolean>
}

export class ClientSource extends Context.Tag("@mcpgw/identity/ClientSource")<ClientSource, ClientSourceApi>() {
  /** Knows none. */
  static get layerNone(): Layer.Layer<ClientSource> {
    return none
  }
  /** For tests and embedding. */
  static layerOf(source: ClientSourceApi): Layer.Layer<ClientSource> {
    return Layer.succeed(ClientSource, source)
  }
}

const none: Layer.Layer<ClientSource> = Layer.succeed(ClientSource, {
  find: () => Promise.resolve(undefined),
  verifySecret: () => Promise.resolve(false)
})
