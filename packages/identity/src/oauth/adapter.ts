/**
 * oidc-provider's storage adapter over our stores. Access tokens are signed and never stored as such: what is kept of one is its id and
 * claims, to be introspected by whoever holds the token, and revoked. Never keeps a client's secret, only its digest.
 */
import type { RevocationsApi } from "@mcpgw/auth/Revocations"
import * as Effect from "effect/Effect"
import { errors, type Adapter, type AdapterPayload } from "oidc-provider"
import type { ArtifactKeys, ArtifactStore } from "./ArtifactStore.ts"
import type { ClientStore } from "./ClientStore.ts"
import { revokeAccessTokens } from "./endGrant.ts"
import type { KnownClients } from "./knownClients.ts"
import { digestOf } from "../internal/digest.ts"
import { consentResource } from "./resources.ts"
import type { TokenHandles } from "./tokenHandle.ts"

export interface AdapterParts {
  readonly artifacts: ArtifactStore
  readonly clients: ClientStore
  readonly known: KnownClients
  readonly handles: TokenHandles
  readonly revocations: RevocationsApi
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  readonly now: () => number
}

/** Marks a stored secret as what it is. */
export const SECRET_DIGEST = "sha256."

/** Life of what the provider gives no end, in seconds. */
const FOREVER = 10 * 366 * 86_400

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const keysOf = (model: string, id: string, payload: AdapterPayload): ArtifactKeys => {
  const resources: unknown = Reflect.get(payload, "resources")
  const resource = typeof resources === "object" && resources !== null ? Object.keys(resources)[0] : undefined
  return {
    grantId: model === "Grant" ? id : text(payload.grantId),
    uid: text(payload.uid),
    userCode: text(payload.userCode),
    account: text(payload.accountId)?.toLowerCase(),
    clientId: text(payload.clientId),
    resource: resource === undefined ? undefined : consentResource(resource)
  }
}

/** One for each model of the provider. */
export const makeAdapter =
  (parts: AdapterParts) =>
  (model: string): Adapter =>
    model === "Client" ? clientAdapter(parts) : artifactAdapter(parts, model)

const artifactAdapter = ({ artifacts, handles, revocations, run, now }: AdapterParts, model: string): Adapter => {
  const isAccessToken = model === "AccessToken" || model === "ClientCredentials"
  const found = async (effect: ReturnType<ArtifactStore["find"]>): Promise<AdapterPayload | undefined> => {
    const artifact = await run(effect)
    if (artifact === undefined || artifact.expiresAt <= now()) return undefined
    const { payload, consumedAt } = artifact
    return consumedAt === undefined ? payload : { ...payload, consumed: consumedAt }
  }
  return {
    upsert: (id, payload, expiresIn) =>
      run(artifacts.put(model, id, { ...payload }, keysOf(model, id, payload), now() + (expiresIn ?? FOREVER))),
    find: (id) => {
      if (!isAccessToken) return found(artifacts.find(model, id))
      const tokenId = handles.idOf(id)
      return tokenId === undefined ? Promise.resolve(undefined) : found(artifacts.find(model, tokenId))
    },
    findByUid: (uid) => found(artifacts.findByUid(model, uid)),
    findByUserCode: (userCode) => found(artifacts.findByUserCode(model, userCode)),
    consume: async (id) => {
      // Of two that race with one code or refresh token, one gets nothing.
      if (!(await run(artifacts.consume(model, id, now())))) throw new errors.InvalidGrant("already used")
    },
    destroy: (id) =>
      run(
        Effect.gen(function* () {
          if (isAccessToken) {
            const held = yield* artifacts.find(model, id)
            const jti = text(held?.payload["jti"])
            if (held !== undefined && jti !== undefined) yield* revocations.revoke(jti, held.expiresAt)
          }
          yield* artifacts.remove(model, id)
        })
      ),
    revokeByGrantId: (grantId) =>
      run(
        model === "AccessToken"
          ? revokeAccessTokens(artifacts, revocations, grantId)
          : artifacts.removeOfGrant(model, grantId)
      )
  }
}

/** Clients that were set up beforehand come first: nobody can register over them. */
const clientAdapter = ({ clients, known, run, now }: AdapterParts): Adapter => ({
  find: async (id) => (await known.metadataOf(id)) ?? (await run(clients.find(id))),
  upsert: (id, metadata) => {
    const { client_secret: secret, ...rest } = metadata
    const kept = secret === undefined ? rest : { ...rest, client_secret: SECRET_DIGEST + digestOf(secret) }
    return run(clients.put(id, kept, now()))
  },
  findByUid: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve()
})
