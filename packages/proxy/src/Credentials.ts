/** **Credentials** port: what is sent to a server on whose behalf. The inbound token is never among it (design.md §6, A-10). */
import type { Principal } from "@mcpgw/domain/Principal"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
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
  /**
   * Hot, for the same call: may what the server sees of this caller be what it sees of others too? Then it can not keep apart what it
   * hands to them, and the gateway does it (`StateGate`). When in doubt, yes.
   */
  readonly isShared: (
    server: RegisteredServer,
    principal: Principal,
    clientAuthorization: string | undefined
  ) => boolean
}

const NOTHING: Readonly<Record<string, string>> = {}

const UNCHECKED: ReadonlySet<string> = new Set(["", "none"])

/**
 * Does the server say that it asks its callers who they are? Of any other the caller's own word proves nothing: whatever is sent to
 * one that does not look, it would be enough to be taken for somebody.
 */
const asksWho = ({ auth_type, auth_provider }: ServerRecord): boolean =>
  !UNCHECKED.has((auth_type ?? auth_provider ?? "").trim().toLowerCase())

export class Credentials extends Context.Tag("@mcpgw/proxy/Credentials")<Credentials, CredentialsApi>() {
  /** Sends nothing. */
  static readonly layerNone: Layer.Layer<Credentials> = Layer.succeed(Credentials, {
    headersFor: () => NOTHING,
    isShared: () => true
  })

  /** The dual-token contract: the caller's own `Authorization` goes to the server (contracts.md §2.2). */
  static readonly layerClient: Layer.Layer<Credentials> = Layer.succeed(Credentials, {
    headersFor: (_server, _principal, authorization) => (authorization === undefined ? NOTHING : { authorization }),
    isShared: ({ record }, _principal, authorization) => authorization === undefined || !asksWho(record)
  })

  /** One credential for every caller and server, whatever they send; for tests. */
  static layerShared(headers: Readonly<Record<string, string>>): Layer.Layer<Credentials> {
    return Layer.succeed(Credentials, { headersFor: () => headers, isShared: () => true })
  }
}
