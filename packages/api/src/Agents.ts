/**
 * Agents: accounts of programs that act for nobody, with secrets for `/oauth/token` (client credentials); and the groups of identity
 * providers' own machines. For administrators. Contract only. A secret's text is in the answer that makes it and in no other.
 */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { BadGateway, BadRequest, Conflict, Forbidden, TooLarge, Unavailable } from "./ApiError.ts"
import { Authentication } from "./Authentication.ts"
import { DirectoryComparison } from "./DirectoryComparison.ts"
import { GivenMoment, Moment } from "./Moments.ts"
import { KNOWN_ONLY } from "./everyError.ts"
import { optional } from "./internal/optional.ts"

export const Groups = Schema.Array(Schema.NonEmptyString.pipe(Schema.maxLength(256))).pipe(Schema.maxItems(64))

export const SecretView = Schema.Struct({
  id: Schema.String,
  /** The secret's beginning. */
  prefix: Schema.String,
  created_at: Moment,
  expires_at: Schema.NullOr(Moment),
  /** To the minute. */
  last_used_at: Schema.NullOr(Moment)
}).annotations({ identifier: "AgentSecret" })

export const AgentView = Schema.Struct({
  name: Schema.String,
  /** What it is called at `/oauth/token`. */
  client_id: Schema.String,
  description: Schema.String,
  groups: Schema.Array(Schema.String),
  disabled: Schema.Boolean,
  created_at: Moment,
  secrets: Schema.Array(SecretView)
}).annotations({ identifier: "Agent" })
export type AgentView = typeof AgentView.Type

/** After a change. */
const ChangedAgent = Schema.Struct({
  ...AgentView.fields,
  /** What was taken and has no effect now; absent when there is nothing to tell. */
  warnings: optional(Schema.Array(Schema.String))
})

export const CreateAgent = Schema.Struct({
  name: Schema.NonEmptyString,
  description: optional(Schema.String),
  groups: optional(Groups),
  /** Absent: at the identity provider too, where one can be administered. */
  create_in_keycloak: optional(Schema.Boolean)
})

/** What the program signs in with at the identity provider; told this once. */
export const ProviderClient = Schema.Struct({
  provider: Schema.String,
  client_id: Schema.String,
  client_secret: Schema.String,
  /** Where it gets its tokens. */
  token_url: Schema.String
}).annotations({ identifier: "ProviderClient" })

/** After its making. */
const CreatedAgent = Schema.Struct({
  ...ChangedAgent.fields,
  /** Absent: it was made here alone. */
  provider_client: optional(ProviderClient)
})

export const ChangeAgent = Schema.Struct({
  description: optional(Schema.String),
  groups: optional(Groups),
  disabled: optional(Schema.Boolean)
})

export const CreateSecret = Schema.Struct({
  /** Absent: it ends when it is removed. */
  expires_at: optional(GivenMoment),
  /** Hours after which the agent's other secrets end; absent: they live on. */
  end_others_after_hours: optional(Schema.Number.pipe(Schema.between(0, 8_760)))
})

/** The only answer that holds a secret. */
export const CreatedSecret = Schema.Struct({ ...SecretView.fields, client_id: Schema.String, secret: Schema.String })

export const MachineClientView = Schema.Struct({
  issuer: Schema.NonEmptyString.pipe(Schema.maxLength(512)),
  client_id: Schema.NonEmptyString.pipe(Schema.maxLength(256)),
  groups: Groups
}).annotations({ identifier: "MachineClient" })

const ByName = Schema.Struct({ name: Schema.String })
export const Removed = Schema.Struct({ success: Schema.Literal(true) })

const RemovedAgent = Schema.Struct({
  ...Removed.fields,
  /** What of it may go on at an identity provider; absent when there is nothing to tell. */
  warnings: optional(Schema.Array(Schema.String))
})

const list = HttpApiEndpoint.get("list", "/api/agents")
  .setUrlParams(Schema.Struct({ compare: optional(Schema.BooleanFromString) }).annotations(KNOWN_ONLY))
  .addSuccess(Schema.Struct({ agents: Schema.Array(AgentView), directory: optional(DirectoryComparison) }))
  .annotate(OpenApi.Summary, "List agents")
  .annotate(
    OpenApi.Description,
    "Every agent, with what is known of its secrets. `compare`: also how that agrees with the identity provider."
  )

const create = HttpApiEndpoint.post("create", "/api/agents")
  .setPayload(CreateAgent)
  .addSuccess(CreatedAgent, { status: 201 })
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .addError(Conflict.schema)
  .addError(BadGateway.schema)
  .annotate(OpenApi.Summary, "Make an agent")
  .annotate(
    OpenApi.Description,
    "An account for a program. It gets tokens at `/oauth/token` once it has a secret. Where an identity provider can be administered, which today is Keycloak, a client with a service account in these groups, which the policy has to map, is made there too, and its credentials are in this answer alone; when that fails (502, 503) no agent is made."
  )

const get = HttpApiEndpoint.get("get", "/api/agents/:name")
  .setPath(ByName)
  .addSuccess(AgentView)
  .annotate(OpenApi.Summary, "Show an agent")
  .annotate(OpenApi.Description, "One agent, with what is known of its secrets.")

const change = HttpApiEndpoint.patch("change", "/api/agents/:name")
  .setPath(ByName)
  .setPayload(ChangeAgent)
  .addSuccess(ChangedAgent)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .addError(Conflict.schema)
  .addError(BadGateway.schema)
  .annotate(OpenApi.Summary, "Change an agent")
  .annotate(
    OpenApi.Description,
    "Taking a group away, or disabling the agent, ends the tokens it has. A client of it at the identity provider is changed too; when that fails nothing is changed, but for an agent that is disabled, which is shut out here all the same."
  )

const remove = HttpApiEndpoint.del("remove", "/api/agents/:name")
  .setPath(ByName)
  .setUrlParams(Schema.Struct({ delete_from_keycloak: optional(Schema.BooleanFromString) }).annotations(KNOWN_ONLY))
  .addSuccess(RemovedAgent)
  .addError(Conflict.schema)
  .addError(BadGateway.schema)
  .annotate(OpenApi.Summary, "Remove an agent")
  .annotate(
    OpenApi.Description,
    "Removes the agent; its secrets and tokens end. Its client at the identity provider is removed first, unless `delete_from_keycloak` is false; when that fails nothing is changed. An agent that is shut out is not removed here alone while the provider has a client of its name (409): that would be let in again. A client that was left, and whose tokens pass, is told in `warnings`."
  )

const addSecret = HttpApiEndpoint.post("addSecret", "/api/agents/:name/secrets")
  .setPath(ByName)
  .setPayload(CreateSecret)
  .addSuccess(CreatedSecret, { status: 201 })
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Make a secret for an agent")
  .annotate(
    OpenApi.Description,
    "Several live at once; `end_others_after_hours` ends the others after a time of grace."
  )

const removeSecret = HttpApiEndpoint.del("removeSecret", "/api/agents/:name/secrets/:id")
  .setPath(Schema.Struct({ name: Schema.String, id: Schema.String }))
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Remove a secret of an agent")
  .annotate(OpenApi.Description, "Ends the secret, and the tokens the agent has.")

export class AgentsGroup extends HttpApiGroup.make("agents")
  .add(list)
  .add(create)
  .add(get)
  .add(change)
  .add(remove)
  .add(addSecret)
  .add(removeSecret)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}

const listMachines = HttpApiEndpoint.get("list", "/api/machine-clients")
  .addSuccess(Schema.Struct({ machine_clients: Schema.Array(MachineClientView) }))
  .annotate(OpenApi.Summary, "List identity providers' machines with groups here")
  .annotate(OpenApi.Description, "Which machines of identity providers have groups here.")

const putMachine = HttpApiEndpoint.put("put", "/api/machine-clients")
  .setPayload(MachineClientView)
  .addSuccess(MachineClientView)
  .addError(BadRequest.schema)
  .addError(TooLarge.schema)
  .annotate(OpenApi.Summary, "Give groups to an identity provider's machine")
  .annotate(
    OpenApi.Description,
    "Groups of an identity provider's machine, for its tokens that say nothing of groups. A person's token of the same client gets none of them."
  )

const removeMachine = HttpApiEndpoint.del("remove", "/api/machine-clients")
  .setUrlParams(Schema.Struct({ issuer: Schema.String, client_id: Schema.String }).annotations(KNOWN_ONLY))
  .addSuccess(Removed)
  .annotate(OpenApi.Summary, "Take the groups of an identity provider's machine away")
  .annotate(OpenApi.Description, "Takes a machine's groups away; its tokens say again what they say themselves.")

export class MachineClientsGroup extends HttpApiGroup.make("machineClients")
  .add(listMachines)
  .add(putMachine)
  .add(removeMachine)
  .addError(Forbidden.schema)
  .addError(Unavailable.schema)
  .middleware(Authentication) {}
