/**
 * Changes of servers together with their secrets: sealed before the record names them, removed after it no longer does. Whatever stops in
 * between, the record is whole. Decides nobody's rights. Light: a gateway starts with it.
 */
import type { RegisteredServer, Registration, ServerRecord } from "@mcpgw/domain/Server"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import type { InvalidSecret, VaultUnavailable } from "@mcpgw/vault/VaultError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { concernsSecrets, type Given, type Plan, planOf, type Situation } from "./secretPlan.ts"

export interface Change {
  readonly given: Given
  /** Undefined: a registration. */
  readonly before: ServerRecord | undefined
  readonly path: string
  /** An administrator. */
  readonly vouches: boolean
}

/** What a record holds in place of its secrets: to be committed over what was given. */
export type InPlace = Plan["fields"] & Pick<Registration, "credential_ref">

/** Takes a row away that nothing names any more; one that stays is swept later. */
export const discard = (vault: VaultApi, ref: string | undefined): Effect.Effect<void> =>
  ref === undefined
    ? Effect.void
    : Effect.catchAll(vault.remove(ref), (failure) =>
        Effect.logWarning(`A credential that nothing names any more is still stored: ${failure.message}`)
      )

/** Forgets what was kept of a server that is gone. */
export const forgetSecrets = ({ credential_ref }: ServerRecord): Effect.Effect<void, never, Vault> =>
  Effect.flatMap(Vault, (vault) => discard(vault, credential_ref))

/** Stores the secrets of a change in the vault, and the change by `commit`. */
export const withSecrets = <E, R>(
  { before, given, path, vouches }: Change,
  commit: (inPlace: InPlace) => Effect.Effect<RegisteredServer, E, R>
): Effect.Effect<RegisteredServer, E | InvalidSecret | VaultUnavailable, R | Vault> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const held = before === undefined ? undefined : vault.secretsOf(before)
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    const situation: Situation = { given, before, held, vouches, now }
    if (!concernsSecrets(situation)) return yield* commit({})
    const { fields, secrets } = yield* planOf(situation)
    const ref = secrets === undefined ? "" : yield* vault.put(path, secrets)
    const server = yield* Effect.tapErrorCause(commit({ ...fields, credential_ref: ref }), () =>
      discard(vault, ref === "" ? undefined : ref)
    )
    if (before?.credential_ref !== server.record.credential_ref) yield* discard(vault, before?.credential_ref)
    return server
  }).pipe(Effect.uninterruptible)
