/**
 * **AgentClients** — what the authorization server asks about a client that signs in as itself: agents, as OAuth clients `agent-{name}`.
 * Never gives a secret out, nor its digest.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { AccountsUnavailable } from "./Accounts.ts"
import { AGENT_SUBJECT, Agents } from "./Agents.ts"
import { AGENT_CLIENT } from "./internal/agentClient.ts"

export { AGENT_CLIENT }

export interface AgentClient {
  readonly clientId: string
  readonly name: string
  /** `sub` of its tokens: `agent:{name}`. */
  readonly subject: string
  /** What its tokens carry in `groups`. */
  readonly groups: ReadonlyArray<string>
  /** Is that one of its living secrets? Notes the use. */
  readonly secretMatches: (candidate: string) => Effect.Effect<boolean, AccountsUnavailable>
}

export interface AgentClientsApi {
  /** Undefined: no such client, or one that is disabled. */
  readonly find: (clientId: string) => Effect.Effect<AgentClient | undefined, AccountsUnavailable>
}

export class AgentClients extends Context.Tag("@mcpgw/identity/AgentClients")<AgentClients, AgentClientsApi>() {
  /** The agents there are. */
  static get layer(): Layer.Layer<AgentClients, never, Agents> {
    return overAgents
  }

  /** These alone, by `clientId`; for tests. */
  static layerOf(clients: ReadonlyArray<AgentClient>): Layer.Layer<AgentClients> {
    return Layer.succeed(AgentClients, {
      find: (clientId) => Effect.succeed(clients.find((client) => client.clientId === clientId))
    })
  }
}

const overAgents: Layer.Layer<AgentClients, never, Agents> = Layer.effect(
  AgentClients,
  Effect.map(Agents, (agents) => ({
    find: (clientId) =>
      Effect.gen(function* () {
        if (!clientId.startsWith(AGENT_CLIENT)) return undefined
        const agent = yield* agents.get(clientId.slice(AGENT_CLIENT.length))
        if (agent === undefined || agent.disabled) return undefined
        const { groups, name } = agent
        return {
          clientId,
          name,
          subject: `${AGENT_SUBJECT}${name}`,
          groups,
          secretMatches: (candidate) => agents.secretMatches(name, candidate)
        }
      })
  }))
)
