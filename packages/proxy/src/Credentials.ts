/** **Credentials** port: what is sent to a server on whose behalf. The inbound token is never among it (design.md §6, A-10). */
import type { Principal } from "@mcpgw/domain/Principal"
import type { RegisteredServer } from "@mcpgw/domain/Server"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface CredentialsApi {
  /**
   * Hot: the headers to add, lower-case. `clientAuthorization` is the caller's own `Authorization` for the server, present
   * only when `X-Authorization` proved who they are.
   */
  readonly headersFor: (
    server: RegisteredServer,
    principal: Principal,
    clientAuthorization: string | undefined
  ) => Readonly<Record<string, string>>
}

const NOTHING: Readonly<Record<string, string>> = {}

export class Credentials extends Context.Tag("@mcpgw/proxy/Credentials")<Credentials, CredentialsApi>() {
  /** Sends nothing. */
  static readonly layerNone: Layer.Layer<Credentials> = Layer.succeed(Credentials, { headersFor: () => NOTHING })

  /** The dual-token contract: the caller's own `Authorization` goes to the server (contracts.md §2.2). */
  static readonly layerClient: Layer.Layer<Credentials> = Layer.succeed(Credentials, {
    headersFor: (_server, _principal, authorization) => (authorization === undefined ? NOTHING : { authorization })
  })
}
