/** An administrator's session that is begun when it is first needed, and again after a failure; what fails is told as a directory's failure. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { DirectoryFailure, DirectoryRefused } from "../../DirectoryError.ts"
import { type KeycloakAdminApi, type KeycloakAdminOptions, makeAdmin } from "../../keycloak/KeycloakAdmin.ts"
import { type KeycloakError, KeycloakUnreachable } from "../../keycloak/KeycloakError.ts"

/** Refusals pass as they are. */
export type Using = <A, E extends DirectoryRefused = never>(
  body: (admin: KeycloakAdminApi) => Effect.Effect<A, E | KeycloakError>
) => Effect.Effect<A, E | DirectoryFailure>

const failed = (error: KeycloakError): DirectoryFailure =>
  new DirectoryFailure({
    directory: "keycloak",
    away: error instanceof KeycloakUnreachable,
    problem: error.message
  })

const told = <E extends DirectoryRefused>(error: E | KeycloakError): E | DirectoryFailure =>
  error instanceof DirectoryRefused ? error : failed(error)

export const makeUsing = (options: KeycloakAdminOptions): Effect.Effect<Using> =>
  Effect.map(Ref.make<KeycloakAdminApi | undefined>(undefined), (held): Using => {
    const admin = Effect.flatMap(Ref.get(held), (before) =>
      before === undefined ? Effect.tap(makeAdmin(options), (made) => Ref.set(held, made)) : Effect.succeed(before)
    )
    return (body) =>
      Effect.flatMap(admin, body).pipe(
        // Whatever went wrong, a restart of Keycloak's among it, the next call signs in anew.
        Effect.tapError((error) => (error instanceof DirectoryRefused ? Effect.void : Ref.set(held, undefined))),
        Effect.mapError(told)
      )
  })
