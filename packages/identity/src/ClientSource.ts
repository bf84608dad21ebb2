/**
 * **ClientSource** port: OAuth clients that were set up here beforehand, beside those that register themselves. Only agents among these may use
 * the client credentials grant (protocol.md A-37). Never hands out a secret: it is asked whether one is right.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { AGENT_CLIENT, AgentClients } from "./AgentClients.ts"
import { OAuthClients, type SetUpClient } from "./OAuthClients.ts"

export interface KnownClient {
  readonly clientId: string
  /** Shown to people and in audit rows. */
  readonly name: string
  /** `sub` of the tokens it gets as itself. */
  readonly subject: string
  /** Client metadata of RFC 7591, without id, name and secret. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** What it is a member of, as people are: the policy decides by it. */
  readonly groups: ReadonlyArray<string>
}

export interface ClientSourceApi {
  /** Undefined: unknown, or turned off. Asked at every use, so that a client that is turned off stops at once. */
  readonly find: (clientId: string) => Promise<KnownClient | undefined>
  /** Is it one of the client's living secrets? */
  readonly verifySecret: (clientId: string, secret: string) => Promise<boolean>
}

export class ClientSource extends Context.Tag("@mcpgw/identity/ClientSource")<ClientSource, ClientSourceApi>() {
  /** Knows none. */
  static get layerNone(): Layer.Layer<ClientSource> {
    return none
  }
  /** The agents there are, as clients that sign in as themselves; and the clients an administrator set up, for people. */
  static get layer(): Layer.Layer<ClientSource, never, AgentClients | OAuthClients> {
    return all
  }
  /** For tests and embedding. */
  static layerOf(source: ClientSourceApi): Layer.Layer<ClientSource> {
    return Layer.succeed(ClientSource, source)
  }
}

const none: Layer.Layer<ClientSource> = Layer.succeed(ClientSource, {
  find: () => Promise.resolve(undefined),
  verifySecret: () => Promise.resolve(false)
})

/** An agent has no browser: no codes, no redirects. */
const AGENT_METADATA = { grant_types: ["client_credentials"], response_types: [], redirect_uris: [] }

/** It never gets a token as itself: no grant type of its own lets it. */
const ofSetUp = ({ clientId, metadata: { client_name: name, ...metadata } }: SetUpClient): KnownClient => ({
  clientId,
  name,
  subject: `client:${clientId}`,
  groups: [],
  metadata
})

const all: Layer.Layer<ClientSource, never, AgentClients | OAuthClients> = Layer.effect(
  ClientSource,
  Effect.gen(function* () {
    const agents = yield* AgentClients
    const setUp = yield* OAuthClients
    const run = Runtime.runPromise(yield* Effect.runtime())
    return {
      find: async (clientId) => {
        if (!clientId.startsWith(AGENT_CLIENT)) {
          const client = await run(setUp.get(clientId))
          return client === undefined ? undefined : ofSetUp(client)
        }
        const client = await run(agents.find(clientId))
        if (client === undefined) return undefined
        const { groups, name, subject } = client
        return { clientId, name, subject, groups, metadata: AGENT_METADATA }
      },
      verifySecret: async (clientId, secret) => {
        if (!clientId.startsWith(AGENT_CLIENT)) return run(setUp.secretMatches(clientId, secret))
        const client = await run(agents.find(clientId))
        return client !== undefined && run(client.secretMatches(secret))
      }
    }
  })
)
