/**
 * **ProviderLogout** port: where a browser goes to end the session at the identity provider too (OIDC RP-Initiated Logout). Ends nothing
 * itself: our own session is gone before anyone asks here.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FederatedLogin } from "./FederatedLogin.ts"
import type { ProviderSession } from "./Sessions.ts"

export interface ProviderLogoutApi {
  /**
   * The provider's logout page for this session; undefined when there is none to go to. `returnTo`: a path of ours the browser should come
   * back to. Never fails: signing out here holds whatever the provider says.
   */
  readonly urlFor: (ended: ProviderSession, returnTo: string) => Effect.Effect<string | undefined>
}

export class ProviderLogout extends Context.Tag("@mcpgw/identity/ProviderLogout")<ProviderLogout, ProviderLogoutApi>() {
  /** Asks the providers where people sign in. */
  static get layer(): Layer.Layer<ProviderLogout, never, FederatedLogin> {
    return federated
  }

  /** Knows no provider. */
  static get layerNone(): Layer.Layer<ProviderLogout> {
    return none
  }

  /** Pages by name of the provider; for tests. */
  static layerOf(pages: Readonly<Record<string, string>>): Layer.Layer<ProviderLogout> {
    return Layer.succeed(ProviderLogout, { urlFor: ({ provider }) => Effect.succeed(pages[provider]) })
  }
}

const federated: Layer.Layer<ProviderLogout, never, FederatedLogin> = Layer.effect(
  ProviderLogout,
  Effect.map(FederatedLogin, ({ logoutUrl }) => ({ urlFor: logoutUrl }))
)

const none: Layer.Layer<ProviderLogout> = Layer.succeed(ProviderLogout, { urlFor: () => Effect.succeed(undefined) })
