/**
 * Agents, their secrets, and the groups of identity providers' machines; administrators only. What gives anyone more than they had takes an
 * administrator who signed in. A secret's text is in one answer and nowhere else.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { type AgentView, ChangeAgent, CreateAgent, MachineClientView } from "@mcpgw/api/Agents"
import { Api } from "@mcpgw/api/Api"
import { BadRequest, fieldProblem, NotFound, problem } from "@mcpgw/api/ApiError"
import { momentOf } from "@mcpgw/api/Moments"
import { AccountDirectory, type AgentCredential } from "@mcpgw/identity/AccountDirectory"
import { AGENT_CLIENT } from "@mcpgw/identity/AgentClients"
import { type Agent, Agents, type InvalidAgent } from "@mcpgw/identity/Agents"
import {
  changeAgentThere,
  createAgentThere,
  removeAgentHere,
  removeAgentThere
} from "@mcpgw/identity/directoryAccounts"
import { FederatedLogin } from "@mcpgw/identity/FederatedLogin"
import { agentClient } from "@mcpgw/identity/keycloak/Blueprint"
import { MachineClients } from "@mcpgw/identity/MachineClients"
import { ScopePolicy } from "@mcpgw/policy/ScopePolicy"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { compareAgents } from "./accountDrift.ts"
import { notStored } from "./accountFailures.ts"
import { decodeOnly, fieldsOf } from "./body.ts"
import { directoryFailures, noDirectory } from "./directoryFailures.ts"
import { administrator, grantor } from "./grants.ts"
import { noteGroup } from "./groupAccess.ts"
import { unreachable } from "./keyHandlers.ts"
import { addSecretOf, createdSecret, secretFailures, secretView } from "./secrets.ts"
import { warningsOf } from "./warnings.ts"
import { readmitted } from "./received.ts"

type Request = HttpServerRequest.HttpServerRequest

const MANAGE = "api:manage_agents"
const GRANT = "manage agents"

const agentView = (agent: Agent): AgentView => ({
  name: agent.name,
  client_id: `${AGENT_CLIENT}${agent.name}`,
  description: agent.description,
  groups: agent.groups,
  disabled: agent.disabled,
  created_at: momentOf(agent.createdAt),
  secrets: agent.secrets.map(secretView)
})

/** As `agentView`, with the groups that give the agent nothing. */
const changed = (agent: Agent) =>
  Effect.map(ScopePolicy, (policies) => {
    const policy = policies.current()
    const idle = agent.groups.filter((group) => !policy.mapsGroup(group))
    return {
      ...agentView(agent),
      ...warningsOf(idle.map((group) => `The policy maps the group '${group}' to no scope`))
    }
  })

const noSuchAgent = new NotFound(problem("There is no such agent"))
const noSuchSecret = new NotFound(problem("There is no such secret"))
const noSuchMachine = new NotFound(problem("There is no such machine client"))

const invalid = ({ expected, field, held }: InvalidAgent) => new BadRequest(fieldProblem(field, held, expected))

const failures = { AccountsUnavailable: unreachable, InvalidAgent: invalid }

const decodeCreate = decodeOnly(CreateAgent, Object.keys(CreateAgent.fields))
const decodeChange = decodeOnly(ChangeAgent, Object.keys(ChangeAgent.fields))
const decodeMachine = decodeOnly(MachineClientView, Object.keys(MachineClientView.fields))

const list = (compare: boolean) =>
  Effect.gen(function* () {
    yield* administrator(MANAGE)
    const agents = yield* Effect.catchTag((yield* Agents).list, "AccountsUnavailable", unreachable)
    return { agents: agents.map(agentView), ...(compare ? { directory: yield* compareAgents(agents) } : {}) }
  })

/** Here alone, or at the identity provider too. */
const made = ({ create_in_keycloak: wanted, description = "", groups = [], name }: typeof CreateAgent.Type) =>
  Effect.gen(function* () {
    const directory = yield* AccountDirectory
    const agent = { name, description, groups }
    if (wanted ?? directory.name !== undefined) {
      if (directory.name === undefined) return yield* noDirectory
      return { provider: directory.name, ...(yield* createAgentThere(agent)) }
    }
    return { provider: undefined, agent: yield* (yield* Agents).create(agent), credential: undefined }
  })

/** The only answer that holds the secret of its client. */
const clientOf = (provider: string, { clientId, secret, tokenUrl }: AgentCredential) => ({
  provider_client: { provider, client_id: clientId, client_secret: Redacted.value(secret), token_url: tokenUrl }
})

const create = (request: Request) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT)
    const wanted = yield* Effect.flatMap(fieldsOf(request), decodeCreate)
    yield* noteGroup(MANAGE, wanted.name)
    const exists = fieldProblem("name", JSON.stringify(wanted.name), "there is an agent of that name")
    const { agent, credential, provider } = yield* made(wanted).pipe(
      Effect.catchTags({ ...failures, ...directoryFailures, AgentExists: () => new BadRequest(exists) })
    )
    const client = provider === undefined ? {} : clientOf(provider, credential)
    return HttpServerResponse.unsafeJson({ ...(yield* changed(agent)), ...client }, { status: 201 })
  })

const get = (name: string) =>
  Effect.gen(function* () {
    yield* administrator(MANAGE)
    const agent = yield* Effect.catchTag((yield* Agents).get(name), "AccountsUnavailable", unreachable)
    return agentView(agent ?? (yield* noSuchAgent))
  })

const change = (request: Request, name: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT, name)
    const wanted = yield* fieldsOf(request).pipe(Effect.flatMap(decodeChange))
    const { issuers } = yield* FederatedLogin
    const changing = changeAgentThere(name, wanted, issuers)
    const agent = yield* Effect.catchTags(changing, {
      ...failures,
      ...directoryFailures,
      RevocationNotStored: notStored
    })
    return HttpServerResponse.unsafeJson(yield* changed(agent ?? (yield* noSuchAgent)))
  })

/** What of an agent that was removed here alone may go on at an identity provider. */
const leftOf = (
  { disabled, name }: Agent,
  provider: string | undefined,
  hasProviders: boolean
): ReadonlyArray<string> => {
  const client = agentClient(name)
  if (provider !== undefined) {
    // Of one that was shut out it is known that there is no such client.
    return disabled ? [] : [`${provider} was left alone: a client ${client} there goes on, and its tokens pass`]
  }
  return disabled && hasProviders
    ? [`Tokens of a client ${client} of an identity provider were refused, and are no more: shut it out there`]
    : []
}

const remove = (name: string, fromDirectory: boolean) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT, name)
    const { issuers } = yield* FederatedLogin
    const { name: provider } = yield* AccountDirectory
    const agents = yield* Agents
    const isThere = fromDirectory && provider !== undefined
    const removing = Effect.if(isThere, {
      onTrue: () =>
        Effect.zipWith(removeAgentThere(name, issuers), agents.remove(name), (gone, removed) => gone || removed),
      onFalse: () => removeAgentHere(name)
    })
    const failing = { ...directoryFailures, AccountsUnavailable: unreachable, RevocationNotStored: notStored }
    const agent = yield* Effect.catchTag(agents.get(name), "AccountsUnavailable", unreachable)
    if (!(yield* Effect.catchTags(removing, failing))) return yield* noSuchAgent
    const left = agent === undefined || isThere ? [] : leftOf(agent, provider, issuers.size > 0)
    return { success: true, ...warningsOf(left) } as const
  })

const addSecret = (request: Request, name: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT, name)
    const agents = yield* Agents
    const adding = addSecretOf(request, (wanted) => agents.addSecret(name, wanted))
    const made = yield* Effect.catchTags(adding, secretFailures)
    return createdSecret(`${AGENT_CLIENT}${name}`, made ?? (yield* noSuchAgent))
  })

const removeSecret = (name: string, id: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT, name)
    if (!(yield* Effect.catchTag((yield* Agents).removeSecret(name, id), "AccountsUnavailable", unreachable))) {
      return yield* noSuchSecret
    }
    return { success: true } as const
  })

const listMachines = Effect.gen(function* () {
  yield* administrator(MANAGE)
  const clients = yield* Effect.catchTag((yield* MachineClients).list, "AccountsUnavailable", unreachable)
  return {
    machine_clients: clients.map(({ clientId, groups, issuer }) => ({ issuer, client_id: clientId, groups }))
  }
})

const putMachine = (request: Request) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT)
    const client = yield* fieldsOf(request).pipe(Effect.flatMap(decodeMachine))
    const { client_id: clientId, groups, issuer } = client
    yield* noteGroup(MANAGE, clientId)
    const machines = yield* MachineClients
    yield* Effect.catchTag(machines.put({ issuer, clientId, groups }), "AccountsUnavailable", unreachable)
    return HttpServerResponse.unsafeJson(client)
  })

const removeMachine = (issuer: string, clientId: string) =>
  Effect.gen(function* () {
    yield* grantor(MANAGE, GRANT, clientId)
    const machines = yield* MachineClients
    if (!(yield* Effect.catchTag(machines.remove(issuer, clientId), "AccountsUnavailable", unreachable))) {
      return yield* noSuchMachine
    }
    return { success: true } as const
  })

const whole = { uninterruptible: true }

export const layer = HttpApiBuilder.group(Api, "agents", (handlers) =>
  handlers
    .handle("list", ({ urlParams }) => list(urlParams.compare ?? false))
    .handleRaw("create", ({ request }) => readmitted(request, create(request)), whole)
    .handle("get", ({ path }) => get(path.name))
    .handleRaw("change", ({ path, request }) => readmitted(request, change(request, path.name)), whole)
    .handle("remove", ({ path, urlParams }) => remove(path.name, urlParams.delete_from_keycloak ?? true), whole)
    .handleRaw("addSecret", ({ path, request }) => readmitted(request, addSecret(request, path.name)), whole)
    .handle("removeSecret", ({ path }) => removeSecret(path.name, path.id), whole)
)

export const layerMachineClients = HttpApiBuilder.group(Api, "machineClients", (handlers) =>
  handlers
    .handle("list", () => listMachines)
    .handleRaw("put", ({ request }) => readmitted(request, putMachine(request)), whole)
    .handle("remove", ({ urlParams }) => removeMachine(urlParams.issuer, urlParams.client_id), whole)
)
