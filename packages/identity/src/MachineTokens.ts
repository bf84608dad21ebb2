/**
 * **MachineTokens** port: the token `GET /api/admin/tokens` gives an administrator for machines (contracts.md §2.7). Whoever asks is known to
 * be an administrator already; no layer gives more than they hold themselves.
 */
import type { Claims } from "@mcpgw/domain/Principal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type TokenRefused, Tokens } from "./Tokens.ts"

export interface MachineToken {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly scopes: ReadonlyArray<string>
  readonly clientId: string
  /** Of a Keycloak that made it; null when the gateway did. */
  readonly keycloakUrl: string | null
  readonly realm: string | null
}

/** No such token can be had now; answered 503. */
export class MachineTokensUnavailable extends Schema.TaggedError<MachineTokensUnavailable>()(
  "MachineTokensUnavailable",
  {
    problem: Schema.String
  }
) {}

export interface MachineTokensApi {
  /** `scopes`: the administrator's effective ones. `notAfter` in epoch seconds: what the token can not outlive. */
  readonly vend: (
    administrator: Claims,
    scopes: ReadonlyArray<string>,
    notAfter: number | undefined
  ) => Effect.Effect<MachineToken, TokenRefused | MachineTokensUnavailable>
}

/** `client_id` of machine tokens the gateway makes: the name of the replaced system's machine client. */
export const MACHINE_CLIENT_ID = "mcp-gateway-m2m"

export class MachineTokens extends Context.Tag("@mcpgw/identity/MachineTokens")<MachineTokens, MachineTokensApi>() {
  /** Has none. */
  static get layerNone(): Layer.Layer<MachineTokens> {
    return none
  }

  /**
   * Tokens of the gateway's own. They stay the administrator's, under another `client_id`: what the machine does is on record under a name
   * that answers for it, and ends when that person's access does.
   */
  static get layerGateway(): Layer.Layer<MachineTokens, never, Tokens> {
    return gateway
  }
}

const none: Layer.Layer<MachineTokens> = Layer.succeed(MachineTokens, {
  vend: () => new MachineTokensUnavailable({ problem: "No machine client is configured" })
})

const gateway: Layer.Layer<MachineTokens, never, Tokens> = Layer.effect(
  MachineTokens,
  Effect.map(Tokens, (tokens) => ({
    vend: (owner, ownerScopes, notAfter) =>
      Effect.map(
        tokens.issue({
          owner,
          ownerScopes,
          scopes: undefined,
          hours: undefined,
          description: undefined,
          notAfter,
          clientId: MACHINE_CLIENT_ID
        }),
        ({ claims, issuedAt, token }) => ({
          accessToken: token,
          expiresIn: claims.expiresAt - issuedAt,
          scopes: claims.scopes,
          clientId: claims.clientId,
          keycloakUrl: null,
          realm: null
        })
      )
  }))
)
