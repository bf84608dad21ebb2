/**
 * Gets one token and puts it into its file: ingress, egress, AgentCore and agents. Shared by the flows a person starts and by the refresher. Shows
 * no token; asks a person only where it is let.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { FileRefused } from "../ide/safeFile.ts"
import { cloudIdOf } from "./atlassian.ts"
import type { Folder } from "./folder.ts"
import { type GrantClient, GrantFailed, Grants, nowSeconds } from "./Grants.ts"
import type { Shown } from "./loopback.ts"
import { AGENTCORE, agentConfigFile, agentEnvFile, agentTokenFile, EGRESS_ALIAS, egressFile, INGRESS } from "./names.ts"
import {
  type AgentCoreSet,
  DEFAULT_REALM,
  type EgressSet,
  type Ingress,
  keycloakPlace,
  keycloakToken,
  SettingsProblem
} from "./settings.ts"
import * as shapes from "./shapes.ts"
import type { Stored } from "./shapes.ts"

/** The fields a file holds already; none when it is not there or holds something else. */
const heldIn = (folder: Folder, name: string): Effect.Effect<Stored | undefined> =>
  Effect.orElseSucceed(folder.token(name), () => undefined)

const machine = (
  provider: string,
  { clientId, clientSecret, token }: Pick<AgentCoreSet, "clientId" | "clientSecret" | "token">,
  more: Readonly<Record<string, string>> = {}
): GrantClient => ({ provider, token, clientId, clientSecret, auth: "post", scope: "", more })

export const obtainIngress = (folder: Folder, ingress: Ingress) =>
  Effect.gen(function* () {
    const grants = yield* Grants
    const granted = yield* grants.clientCredentials(machine(ingress.where.provider, ingress, ingress.more))
    const held = (yield* heldIn(folder, INGRESS)) ?? {}
    const fields = shapes.ingress(granted, ingress.clientId, ingress.where, yield* nowSeconds)
    yield* folder.write(INGRESS, shapes.textOf(shapes.over(held, fields)))
    return INGRESS
  })

export const clientOf = ({ clientId, clientSecret, provider, scopes }: EgressSet): GrantClient => ({
  provider: provider.name,
  token: provider.token,
  clientId,
  clientSecret,
  auth: provider.auth,
  scope: scopes.join(provider.separator),
  more: {}
})

/** Writes the file of an egress token, and the seed's name for it when that is the first or held the same token. */
const writeEgress = (folder: Folder, name: string, held: Stored | undefined, first: boolean, text: string) =>
  Effect.gen(function* () {
    yield* folder.write(name, text)
    const alias = yield* heldIn(folder, EGRESS_ALIAS)
    const same = alias !== undefined && held !== undefined && alias.access_token === held.access_token
    if (first || same) yield* folder.write(EGRESS_ALIAS, text)
    return name
  })

export interface EgressWay {
  /** Shows a page to a person; undefined: nobody is asked, a refresh token has to do. */
  readonly ask: Shown | undefined
  /** Goes by `egress.json` too. */
  readonly first: boolean
}

const needsPerson = (provider: string): GrantFailed =>
  new GrantFailed({
    provider,
    problem: `a person has to agree again; run mcpgw creds --egress-only --provider ${provider} --force`
  })

/** By the client itself, by the refresh token there is, or by a person. */
const egressGrant = (set: EgressSet, held: Stored | undefined, ask: Shown | undefined) =>
  Effect.gen(function* () {
    const grants = yield* Grants
    const client = clientOf(set)
    const { authorize, more, name } = set.provider
    if (authorize === undefined) return yield* grants.clientCredentials(client)
    if (ask !== undefined)
      return yield* grants.agree(client, { authorize, redirectUri: set.redirectUri, more, show: ask })
    if (!held?.refresh_token) return yield* needsPerson(name)
    return yield* grants.refresh(client, Redacted.make(held.refresh_token))
  })

export const obtainEgress = (folder: Folder, set: EgressSet, { ask, first }: EgressWay) =>
  Effect.gen(function* () {
    const { name: provider, sites } = set.provider
    const name = egressFile(provider, set.server)
    const held = yield* heldIn(folder, name)
    const granted = yield* egressGrant(set, held, ask)
    const known = held?.cloud_id ?? null
    const cloudId = known === null && sites !== undefined ? yield* cloudIdOf(sites, granted.accessToken) : known
    const more = { provider, cloudId, scopes: set.scopes, kept: held?.refresh_token }
    const text = shapes.textOf(shapes.over(held ?? {}, shapes.egress(granted, more, yield* nowSeconds)))
    return yield* writeEgress(folder, name, held, first, text)
  })

export const obtainAgentCore = (folder: Folder, set: AgentCoreSet) =>
  Effect.gen(function* () {
    const grants = yield* Grants
    const name = egressFile(AGENTCORE, set.server)
    const held = yield* heldIn(folder, name)
    const granted = yield* grants.clientCredentials(machine(AGENTCORE, set))
    const scopes = granted.scope?.split(" ") ?? []
    const fields = shapes.egress(
      granted,
      { provider: AGENTCORE, cloudId: null, scopes, kept: held?.refresh_token },
      yield* nowSeconds
    )
    return yield* writeEgress(folder, name, held, false, shapes.textOf(shapes.over(held ?? {}, fields)))
  })

/** Keycloak's token of one agent, from the credentials beside it, and the `.env` twin. */
export const obtainAgent = (folder: Folder, id: string) =>
  Effect.gen(function* () {
    const grants = yield* Grants
    const config = yield* folder.agent(agentConfigFile(id))
    if (config === undefined) {
      const path = `${folder.path}/${agentConfigFile(id)}`
      return yield* new FileRefused({ path, problem: "it is not there; mcpgw keycloak credentials --save makes it" })
    }
    const place = yield* keycloakPlace
    const keycloakUrl = config.keycloak_url ?? place.url
    if (!keycloakUrl) return yield* new SettingsProblem({ problems: ["KEYCLOAK_URL is not set"] })
    const realm = config.realm ?? config.keycloak_realm ?? place.realm ?? DEFAULT_REALM
    const secret = Redacted.make(config.client_secret)
    const token = keycloakToken(keycloakUrl, realm)
    const granted = yield* grants.clientCredentials(
      machine(`agent ${id}`, { clientId: config.client_id, clientSecret: secret, token })
    )
    const where = { id, clientId: config.client_id, keycloakUrl, realm }
    const name = agentTokenFile(id)
    const held = (yield* heldIn(folder, name)) ?? {}
    yield* folder.write(name, shapes.textOf(shapes.over(held, shapes.agentToken(granted, where, yield* nowSeconds))))
    yield* folder.write(agentEnvFile(id), shapes.agentEnv(granted, where, secret))
    return name
  })
