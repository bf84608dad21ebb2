/** What the Keycloak commands run on: the administrator's session. The one place where they are provided with it. */
import { KeycloakAdmin } from "@mcpgw/identity/keycloak/KeycloakAdmin"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { guardCredential } from "../connect/plainHttp.ts"
import { adminPassword } from "./password.ts"

export interface Connection {
  readonly url: string
  readonly adminUser: string
  readonly adminRealm: string
  readonly passwordStdin: boolean
}

export const layerKeycloak = ({ url, adminUser, adminRealm, passwordStdin }: Connection) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      yield* guardCredential(url, "the administrator's password")
      const password = yield* adminPassword(adminUser, passwordStdin)
      return KeycloakAdmin.layer({ url, realm: adminRealm, username: adminUser, password })
    })
  )
