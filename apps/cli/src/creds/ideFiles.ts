/**
 * `vscode_mcp.json` and `mcp.json` from the tokens there are (contracts.md §2.13): every server an egress token is for, and those that need none.
 * Pure; the texts hold tokens.
 */
import { type ReplacedEntry, ROO_FILE, rooFile, VSCODE_FILES, vscodeFile } from "@mcpgw/ide/Replaced"
import { AGENTCORE } from "./names.ts"
import type { Stored } from "./shapes.ts"

/** A server that an entry is made for. */
export interface EgressOf {
  readonly provider: string
  readonly server: string | undefined
  readonly token: Stored
}

export interface FreeServer {
  /** With its leading slash. */
  readonly path: string
  readonly transport: string
}

export interface IdeInput {
  /** Where clients reach the gateway, without a slash at the end. */
  readonly registryUrl: string
  /** What callers are known by; none: the entries have the servers' own headers alone. */
  readonly ingress: Stored | undefined
  /** Stands for the ingress token with Keycloak: that of the agent `ai-coding-assistant`. */
  readonly assistant: Stored | undefined
  readonly egress: ReadonlyArray<EgressOf>
  readonly free: ReadonlyArray<FreeServer>
}

type Headers = Readonly<Record<string, string>>

const some = (headers: Readonly<Record<string, string | null | undefined>>): Headers =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value ? [[name, value]] : [])))

/** What the gateway is told: the token, and for the replaced system's readers whose it is. */
const gatewayHeaders = ({ assistant, ingress }: IdeInput): Headers => {
  if (ingress === undefined && assistant === undefined) return {}
  const keycloak = ingress === undefined || ingress.provider === "keycloak_m2m"
  const used = keycloak ? (assistant ?? ingress) : ingress
  const bearer = `Bearer ${used?.access_token ?? ""}`
  if (ingress?.provider === "cognito_m2m") {
    return some({
      "X-Authorization": bearer,
      "X-User-Pool-Id": ingress.user_pool_id,
      "X-Client-Id": ingress.client_id,
      "X-Region": ingress.region
    })
  }
  if (!keycloak) return { "X-Authorization": bearer }
  return some({
    "X-Authorization": bearer,
    "X-Client-Id": used?.client_id,
    "X-Keycloak-Realm": used?.realm ?? used?.keycloak_realm,
    "X-Keycloak-URL": used?.keycloak_url
  })
}

const entry = (input: IdeInput, key: string, headers: Headers, transport?: string): ReplacedEntry => ({
  key,
  url: `${input.registryUrl}/${key}/mcp`,
  headers: { ...gatewayHeaders(input), ...headers },
  ...(transport === undefined ? {} : { transport })
})

const ofEgress = (input: IdeInput, { provider, server, token }: EgressOf): ReplacedEntry =>
  entry(input, server ?? provider, {
    Authorization: `Bearer ${token.access_token}`,
    ...(provider === "atlassian" && token.cloud_id ? { "X-Atlassian-Cloud-Id": token.cloud_id } : {})
  })

/** Names and texts of the files, in both spellings. */
export const ideFiles = (input: IdeInput): ReadonlyArray<readonly [name: string, text: string]> => {
  const own = input.egress.map((egress) => ofEgress(input, egress))
  const named = new Set(own.map(({ key }) => key))
  const free = input.free
    .map(({ path, transport }) => entry(input, path.replace(/^\/+|\/+$/g, ""), {}, transport))
    .filter(({ key }) => !named.has(key))
  const entries = [...own, ...free]
  return [...VSCODE_FILES.map((name) => [name, vscodeFile(entries)] as const), [ROO_FILE, rooFile(entries)]]
}

/** Is it a token of AgentCore? Its client credentials stand under names of their own. */
export const isAgentCore = (provider: string): boolean => provider === AGENTCORE
