/** Clients of the `ClientSource` as oidc-provider wants them. Their secrets stay with the source. */
import type { ClientSourceApi, KnownClient } from "../ClientSource.ts"

export interface KnownClients {
  /** RFC 7591 metadata; undefined: not one of these. */
  readonly metadataOf: (clientId: string) => Promise<Record<string, unknown> | undefined>
  readonly find: (clientId: string) => Promise<KnownClient | undefined>
  readonly verifySecret: (clientId: string, secret: string) => Promise<boolean>
}

/** Stands where the provider wants a secret; no secret is this. Which ones are right is asked of the source. */
export const SECRET_ELSEWHERE = "asked-of-the-client-source"

export const makeKnownClients = (source: ClientSourceApi): KnownClients => ({
  metadataOf: async (clientId) => {
    const client = await source.find(clientId)
    if (client === undefined) return undefined
    const isPublic = client.metadata["token_endpoint_auth_method"] === "none"
    return {
      ...client.metadata,
      client_id: client.clientId,
      client_name: client.name,
      ...(isPublic ? {} : { client_secret: SECRET_ELSEWHERE })
    }
  },
  find: (clientId) => source.find(clientId),
  verifySecret: (clientId, secret) => source.verifySecret(clientId, secret)
})
