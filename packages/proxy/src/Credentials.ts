/** **Credentials** port: what is sent to a server on whose behalf. The inbound token is never among it (design.md §6, A-10). */
import type { Principal } from "@mcpgw/domain/Principal"
import type { RegisteredServer, ServerRecord } from "@mcpgw/domain/Server"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** There is no credential to send where there should be: the call is not made. */
export class CredentialProblem {
  /** What follows the server's name in a sentence, such as `can not be called: the environment variable X_AUTH_TOKEN is not set`. */
  readonly words: string
  constructor(words: string) {
    this.words = words
  }
}

export interface CredentialsApi {
  /**
   * Hot: the headers to add, lower-case. `clientAuthorization` is the caller's own `Authorization` for the server, present
   * only when `X-Authorization` proved who they are.
   */
  readonly headersFor: (
    server: RegisteredServer,
    principal: Principal,
    clientAuthorization: string | undefined
  ) => Readonly<Record<string, string>> | CredentialProblem
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
const asksWho = ({ auth_scheme, auth_type, auth_provider }: ServerRecord): boolean =>
  auth_scheme === "client" || !UNCHECKED.has((auth_type ?? auth_provider ?? "").trim().toLowerCase())

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

  /**
   * What the vault holds for the server, under its scheme; each caller's own where the scheme is `client` or nothing is stored. A caller's
   * own never takes the place of what is stored.
   */
  static get layerVault(): Layer.Layer<Credentials, never, Vault> {
    return vault
  }

  /** One credential for every caller and server, whatever they send; for tests. */
  static layerShared(headers: Readonly<Record<string, string>>): Layer.Layer<Credentials> {
    return Layer.succeed(Credentials, { headersFor: () => headers, isShared: () => true })
  }
}

const AUTHORIZATION = "authorization"

/** Does a caller's own `Authorization` go to this server? */
const passesOn = ({ auth_scheme }: ServerRecord, stored: Readonly<Record<string, string>>): boolean =>
  auth_scheme === "client" || (auth_scheme === undefined && stored[AUTHORIZATION] === undefined)

const withoutAuthorization = (stored: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const { [AUTHORIZATION]: _, ...rest } = stored
  return rest
}

const isEmpty = (headers: Readonly<Record<string, string>>): boolean => {
  for (const _ in headers) return false
  return true
}

const overVault = ({ storedFor }: VaultApi): CredentialsApi => ({
  headersFor: ({ record }, _principal, authorization) => {
    const { headers, problem } = storedFor(record)
    if (problem !== undefined) return new CredentialProblem(`can not be called: ${problem}`)
    if (!passesOn(record, headers)) return headers
    // Stored for the checks of the gateway, where every caller brings their own.
    const others = headers[AUTHORIZATION] === undefined ? headers : withoutAuthorization(headers)
    return authorization === undefined ? others : isEmpty(others) ? { authorization } : { ...others, authorization }
  },
  isShared: ({ record }, _principal, authorization) =>
    authorization === undefined || !isEmpty(storedFor(record).headers) || !passesOn(record, NOTHING) || !asksWho(record)
})

const vault: Layer.Layer<Credentials, never, Vault> = Layer.effect(Credentials, Effect.map(Vault, overVault))
