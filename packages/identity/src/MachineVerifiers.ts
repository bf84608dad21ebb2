/**
 * What is known here of machines, over verifiers that know only tokens: an agent's token dies with the agent, and a machine of an identity
 * provider whose token says nothing of groups has those an administrator gave it. Never makes a refused token good.
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
import { MachineClients } from "./MachineClients.ts"

/** How long an agent's token holds without a look at the agent. */
export const FRESH_MILLIS = 3_000

interface Seen {
  readonly revision: number
  readonly until: number
}

/** Over the verifier of our own tokens. */
export const ofAgents = (tokens: Verifier): Effect.Effect<Verifier, never, Agents> =>
  Effect.gen(function* () {
    const agents = yield* Agents
    const clock = yield* Effect.clock
    const seen = new Memo<Claims, Seen>()
    return {
      ...tokens,
      verify: (credential) =>
        Effect.flatMap(tokens.verify(credential), (claims) => {
          const name = agentOf(claims)
          return name === undefined ? Effect.succeed(claims) : livingAgent(agents, seen, name, claims)
        }),
      holds: (claims) => {
        if (tokens.holds?.(claims) === false) return false
        const entry = seen.get(claims)
        if (entry === undefined) return true
        return entry.revision === agents.revision() && entry.until > clock.unsafeCurrentTimeMillis()
      },
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

/** What is to be said of an agent's token, and when that was. */
const lookAt = (agents: AgentsApi, name: string, { issuedAt = 0 }: Claims) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const revision = agents.revision()
    const agent = yield* Effect.mapError(
      agents.get(name),
      () => new AuthUnavailable({ issuer: "agents", problem: "agent store not reachable" })
    )
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

/** Over the verifier of an identity provider. */
export const ofMachines = (provider: Verifier): Effect.Effect<Verifier, never, MachineClients> =>
  Effect.map(MachineClients, (machines) => {
    /** Claims of machines, with the groups they got here. */
    const given = new Memo<Claims, { readonly groups: ReadonlyArray<string> | undefined }>()
    return {
      ...provider,
      verify: (credential) =>
        Effect.map(provider.verify(credential), (claims) => {
          const payload = credential.kind === "bearer" ? decode(credential.value)?.payload : undefined
          if (payload === undefined || saysGroups(payload, claims) || !isMachine(payload, claims)) return claims
          const groups = machines.groupsOf(claims.issuer, claims.clientId)
          // Groups instead of scopes, as for tokens that carry groups: one source, never the union.
          const mapped = groups === undefined ? claims : { ...claims, groups, scopes: [] }
          given.set(mapped, { groups })
          return mapped
        }),
      holds: (claims) => {
        if (provider.holds?.(claims) === false) return false
        const entry = given.get(claims)
        return entry === undefined || entry.groups === machines.groupsOf(claims.issuer, claims.clientId)
      },
      // Machines with groups of here are not known below, so it can only be these that have changed.
      stillHolds: (claims) =>
        given.has(claims) ? Effect.succeed(false) : (provider.stillHolds?.(claims) ?? Effect.succeed(false))
    }
  })

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
