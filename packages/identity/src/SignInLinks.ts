/** Other ways of signing in that the login page offers beside the password: one for each identity provider. None unless given. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FederatedLogin } from "./FederatedLogin.ts"

export interface SignInLink {
  /** Such as `Keycloak`. */
  readonly title: string
  /** Own-origin path the browser is sent to; the page adds `return_to`. */
  readonly path: string
}

export class SignInLinks extends Context.Reference<SignInLinks>()("@mcpgw/identity/SignInLinks", {
  defaultValue: (): (() => ReadonlyArray<SignInLink>) => () => []
}) {
  /** One for each provider that people can sign in at. */
  static get layerProviders(): Layer.Layer<SignInLinks, never, FederatedLogin> {
    return layerProviders
  }
}

const layerProviders: Layer.Layer<SignInLinks, never, FederatedLogin> = Layer.effect(
  SignInLinks,
  Effect.map(FederatedLogin, ({ providers }) => {
    const links = providers.map(({ name, displayName }) => ({
      title: displayName,
      path: `/oauth2/login/${encodeURIComponent(name)}`
    }))
    return () => links
  })
)
