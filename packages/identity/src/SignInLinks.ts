/** Other ways of signing in that the login page offers beside the password: one for each identity provider. None unless given. */
import * as Context from "effect/Context"

export interface SignInLink {
  /** Such as `Keycloak`. */
  readonly title: string
  /** Own-origin path the browser is sent to; the page adds `return_to`. */
  readonly path: string
}

export class SignInLinks extends Context.Reference<SignInLinks>()("@mcpgw/identity/SignInLinks", {
  defaultValue: (): (() => ReadonlyArray<SignInLink>) => () => []
}) {}
