/**
 * What is known here of machines, over verifiers that know only tokens: an agent's token dies with the agent, that of its client at an identity
 * provider while the agent is disabled, and a machine of an identity provider whose token says nothing of groups has those an administrator gave
 * it. Never makes a refused token good.
 */
import { refusal } from "@mcpgw/auth/Admission"
import { AuthUnavailable, type Unauthenticated } from "@mcpgw/auth/AuthError"
import { decode } from "@mcpgw/auth/UnverifiedJwt"
import type { Verifier } from "@mcpgw/auth/Verifiers"
import { Memo } from "@mcpgw/domain/Memo"
import type { Claims } from "@mcpgw/domain/Principal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { AGENT_CLIENT } from "./AgentClients.ts"
import { AGENT_SUBJECT, Agents, type AgentsApi } from "./Agents.ts"
import { agentOf as agentThere } from "./keycloak/Blueprint.ts"
import { MachineClients, type MachineClientsApi } from "./MachineClients.ts"

/** How long an agent's token holds without a look at the agent. */
export const FRESH_MILLIS = 3_000

interface Seen {
  readonly revision: number
  readonly until: number
}

/** Hot: is what was seen of that agent what would be seen now? Claims of nobody seen are no agent's. */
const makeIsFresh =
  (agents: AgentsApi, seen: Memo<Claims, Seen>, clock: Clock.Clock) =>
  (claims: Claims): boolean => {
    const entry = seen.get(claims)
    return (
      entry === undefined || (entry.revision === agents.revision() && entry.until > clock.unsafeCurrentTimeMillis())
    )
  }

/** Over the verifier of our own tokens. */
export const ofAgents = (tokens: Verifier): Effect.Effect<Verifier, never, Agents> =>
  Effect.gen(function* () {
    const agents = yield* Agents
    const seen = new Memo<Claims, Seen>()
    const isFresh = makeIsFresh(agents, seen, yield* Effect.clock)
    return {
      ...tokens,
      verify: (credential) =>
        Effect.flatMap(tokens.verify(credential), (claims) => {
          const name = agentOf(claims)
          return name === undefined ? Effect.succeed(claims) : livingAgent(agents, seen, name, claims)
        }),
      holds: (claims) => tokens.holds?.(claims) !== false && isFresh(claims),
      stillHolds: (claims) =>
        claims.subject.startsWith(AGENT_SUBJECT)
          ? Effect.map(
              lookAt(agents, claims.subject.slice(AGENT_SUBJECT.length), claims),
              ({ now, refused, revision }) => {
                if (refused === undefined) seen.set(claims, { revision, until: now + FRESH_MILLIS })
                return refused === undefined
              }
            )
          : Effect.succeed(false)
    }
  })

/**
 * The agent whose token it is: `agent:{name}`, or a client that is its own subject (client credentials). A person may be called like an
 * agent's client, but comes through another.
 */
const agentOf = ({ clientId, subject }: Claims): string | undefined => {
  if (subject.startsWith(AGENT_SUBJECT)) return subject.slice(AGENT_SUBJECT.length)
  return subject === clientId && subject.startsWith(AGENT_CLIENT) ? subject.slice(AGENT_CLIENT.length) : undefined
}

/** The agent, and as of when. */
const agentNow = (agents: AgentsApi, name: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const revision = agents.revision()
    const agent = yield* Effect.mapError(
      agents.get(name),
      () => new AuthUnavailable({ issuer: "agents", problem: "agent store not reachable" })
    )
    return { agent, now, revision }
  })

/** What is to be said of an agent's token, and when that was. */
const lookAt = (agents: AgentsApi, name: string, { issuedAt = 0 }: Claims) =>
  Effect.gen(function* () {
    const { agent, now, revision } = yield* agentNow(agents, name)
    const gone = agent === undefined || agent.disabled
    // Tokens state whole seconds; one of the second in which the agent was made is its own.
    const good = !gone && issuedAt >= Math.floor(agent.tokensFrom / 1000)
    const refused = gone ? refusal("account_disabled") : good ? undefined : refusal("token_revoked")
    return { now, revision, refused }
  })

const livingAgent = (
  agents: AgentsApi,
  seen: Memo<Claims, Seen>,
  name: string,
  claims: Claims
): Effect.Effect<Claims, Unauthenticated | AuthUnavailable> =>
  Effect.gen(function* () {
    const { now, refused, revision } = yield* lookAt(agents, name, claims)
    if (refused !== undefined) return yield* refused
    // Under a name that no person has: servers are told it, and may know a person called like the agent.
    const own = `${AGENT_SUBJECT}${name}`
    const named = { ...claims, subject: own, username: own }
    seen.set(named, { revision, until: now + FRESH_MILLIS })
    return named
  })

/** Not disabled, or none of ours: an agent that was made at the provider alone is the provider's to shut out. */
const isOpen = (agents: AgentsApi, seen: Memo<Claims, Seen>, name: string, claims: Claims) =>
  Effect.gen(function* () {
    const { agent, now, revision } = yield* agentNow(agents, name)
    if (agent?.disabled === true) return false
    seen.set(claims, { revision, until: now + FRESH_MILLIS })
    return true
  })

/**
 * Over the verifier of an identity provider. An agent that is disabled here is refused with the tokens of its client there too, whether the
 * provider could be told or not.
 */
export const ofMachines = (provider: Verifier): Effect.Effect<Verifier, never, Agents | MachineClients> =>
  Effect.gen(function* () {
    const agents = yield* Agents
    const machines = yield* MachineClients
    /** Claims of machines, with the groups they got here. */
    const given = new Memo<Claims, { readonly groups: ReadonlyArray<string> | undefined }>()
    /** Claims of agents' clients. */
    const seen = new Memo<Claims, Seen>()
    const keepsGroups = (claims: Claims): boolean => {
      const entry = given.get(claims)
      return entry === undefined || entry.groups === machines.groupsOf(claims.issuer, claims.clientId)
    }
    const isFresh = makeIsFresh(agents, seen, yield* Effect.clock)
    const isOpenAgent = (claims: Claims) => {
      const name = agentThere(claims.clientId)
      return name === undefined ? Effect.succeed(true) : isOpen(agents, seen, name, claims)
    }
    return {
      ...provider,
      verify: (credential) =>
        Effect.gen(function* () {
          const claims = yield* provider.verify(credential)
          const payload = credential.kind === "bearer" ? decode(credential.value)?.payload : undefined
          const found =
            payload === undefined || saysGroups(payload, claims) || !isMachine(payload, claims)
              ? claims
              : withGroups(claims, machines, given)
          return (yield* isOpenAgent(found)) ? found : yield* refusal("account_disabled")
        }),
      holds: (claims) => provider.holds?.(claims) !== false && keepsGroups(claims) && isFresh(claims),
      stillHolds: (claims) =>
        Effect.gen(function* () {
          if (!keepsGroups(claims)) return false
          // Asked below only when that is what has changed: not every verifier can say more than that it has.
          const isOld = provider.holds?.(claims) === false
          if (isOld && (yield* provider.stillHolds?.(claims) ?? Effect.succeed(false)) === false) return false
          return yield* isOpenAgent(claims)
        })
    }
  })

/** A machine that says no groups has those of here instead of scopes, as for tokens that carry groups: one source, never the union. */
const withGroups = (
  claims: Claims,
  machines: MachineClientsApi,
  given: Memo<Claims, { readonly groups: ReadonlyArray<string> | undefined }>
): Claims => {
  const groups = machines.groupsOf(claims.issuer, claims.clientId)
  const mapped = groups === undefined ? claims : { ...claims, groups, scopes: [] }
  given.set(mapped, { groups })
  return mapped
}

type Payload = Readonly<Record<string, unknown>>

/** Under one of the usual names, or another that the provider's own mapping knows. */
const saysGroups = (payload: Payload, { groups }: Claims): boolean =>
  groups.length > 0 || payload["groups"] !== undefined || payload["cognito:groups"] !== undefined

/**
 * Was the token issued to the client itself, and not to a person through it? A person who comes through a client must not get what the
 * client has, so it takes a sign of one: `sub` is the client (RFC 9068 §2.2; Cognito, Okta), or Auth0's, Entra's or Keycloak's own way
 * of saying it.
 */
const isMachine = (payload: Payload, { clientId, subject }: Claims): boolean => {
  if (clientId === "") return false
  if (subject === clientId || subject === `${clientId}@clients`) return true
  if (payload["idtyp"] === "app" || payload["gty"] === "client-credentials") return true
  return (
    payload["client_id"] === clientId && payload["preferred_username"] === `service-account-${clientId.toLowerCase()}`
  )
}
