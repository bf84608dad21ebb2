/** What the Keycloak commands run on: the administrator's session. The one place where they are provided with it. */
import { KeycloakAdmin } from "@mcpgw/identity/keycloak/KeycloakAdmin"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { adminPassword } from "./password.ts"

export interface Connection {
  readonly url: string
  readonly adminUser: string
  readonly adminRealm: string
  readonly passwordStdin: boolean
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

export const layerKeycloak = ({ url, adminUser, adminRealm, passwordStdin }: Connection) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { hostname, protocol } = new URL(url)
      if (protocol === "http:" && !LOOPBACK.test(hostname)) {
        yield* Console.error(
          `warning: ${url} is not encrypted; the administrator's password crosses the network readable`
        )
      }
      const password = yield* adminPassword(adminUser, passwordStdin)
      return KeycloakAdmin.layer({ url, realm: adminRealm, username: adminUser, password })
    })
  )
