/** An administrator's session that is begun when it is first needed, and again after a failure; what fails is told as a directory's failure. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { DirectoryFailure, DirectoryRefused } from "../../DirectoryError.ts"
import { type KeycloakAdminApi, type KeycloakAdminOptions, makeAdmin } from "../../keycloak/KeycloakAdmin.ts"
import { type KeycloakError, KeycloakUnreachable } from "../../keycloak/KeycloakError.ts"

type Ask<E> = <A>(
  body: (admin: KeycloakAdminApi) => Effect.Effect<A, E | KeycloakError>
) => Effect.Effect<A, E | DirectoryFailure>

export interface AdminSession {
  readonly using: Ask<never>
  /** The same for what may be refused; a refusal passes as it is. */
  readonly refusing: Ask<DirectoryRefused>
}

const failed = (error: KeycloakError): DirectoryFailure =>
  new DirectoryFailure({
    directory: "keycloak",
    away: error instanceof KeycloakUnreachable,
    problem: error.message
  })

const told = (error: DirectoryRefused | KeycloakError): DirectoryRefused | DirectoryFailure =>
  error instanceof DirectoryRefused ? error : failed(error)

export const makeSession = (options: KeycloakAdminOptions): Effect.Effect<AdminSession> =>
  Effect.map(Ref.make<KeycloakAdminApi | undefined>(undefined), (held): AdminSession => {
    const admin = Effect.flatMap(Ref.get(held), (before) =>
      before === undefined ? Effect.tap(makeAdmin(options), (made) => Ref.set(held, made)) : Effect.succeed(before)
    )
    // Whatever went wrong, a restart of Keycloak's among it, the next call signs in anew.
    const anew = Ref.set(held, undefined)
    return {
      using: (body) =>
        Effect.flatMap(admin, body).pipe(
          Effect.tapError(() => anew),
          Effect.mapError(failed)
        ),
      refusing: (body) =>
        Effect.flatMap(admin, body).pipe(
          Effect.tapError((error) => (error instanceof DirectoryRefused ? Effect.void : anew)),
          Effect.mapError(told)
        )
    }
  })
