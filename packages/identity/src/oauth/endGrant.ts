/** Ends grants: what was issued under them is revoked at once and can not be renewed. Needs no authorization server to be running. */
import type { RevocationNotStored, RevocationsApi } from "@mcpgw/auth/Revocations"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { ArtifactStore } from "./ArtifactStore.ts"

/** Models whose artifacts hang on a grant and are worth something by themselves. */
const RENEWABLE = ["RefreshToken", "AuthorizationCode", "DeviceCode"] as const

/** Access tokens are signed, so they live until they are revoked by name. */
export const revokeAccessTokens = (
  store: ArtifactStore,
  revocations: RevocationsApi,
  grantId: string
): Effect.Effect<void, SqlError | RevocationNotStored> =>
  Effect.gen(function* () {
    for (const { payload, expiresAt } of yield* store.ofGrant("AccessToken", grantId)) {
      const { jti } = payload
      if (typeof jti === "string") yield* revocations.revoke(jti, expiresAt)
    }
    yield* store.removeOfGrant("AccessToken", grantId)
  })

/** The grant itself goes first: from then on nothing is renewed. */
export const endGrant = (
  store: ArtifactStore,
  revocations: RevocationsApi,
  grantId: string
): Effect.Effect<void, SqlError | RevocationNotStored> =>
  Effect.gen(function* () {
    yield* store.remove("Grant", grantId)
    for (const model of RENEWABLE) yield* store.removeOfGrant(model, grantId)
    yield* revokeAccessTokens(store, revocations, grantId)
  })
