/**
 * Names of the files in `.oauth-tokens/` (contracts.md §2.13, §2.16), and what a name says. Pure. A name made from a setting never leads out of the
 * folder: it holds letters, digits, `_` and `-` alone.
 */

export const INGRESS = "ingress.json"
/** The seed documents' name for the first egress token. */
export const EGRESS_ALIAS = "egress.json"
export const AGENTCORE = "bedrock-agentcore"
export const AGENTCORE_SERVER = "sre-gateway"

/** A provider's, server's or agent's name as a part of a file name. */
export const isWord = (word: string): boolean => /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/.test(word)

export const egressFile = (provider: string, server: string | undefined): string =>
  server === undefined ? `${provider}-egress.json` : `${provider}-${server}-egress.json`

export const agentConfigFile = (id: string): string => `agent-${id}-m2m.json`
export const agentTokenFile = (id: string): string => `agent-${id}-m2m-token.json`
export const agentEnvFile = (id: string): string => `agent-${id}-m2m-token.env`

export type TokenFile =
  | { readonly kind: "ingress" }
  /** `stem`: what stands before `-egress.json`; provider and server are told apart by what the file says. */
  | { readonly kind: "egress"; readonly stem: string }
  | { readonly kind: "agent"; readonly id: string }

/** The file's meaning by its name alone; undefined for any that holds no token to refresh. */
export const tokenFileOf = (name: string): TokenFile | undefined => {
  if (name === INGRESS) return { kind: "ingress" }
  const agent = /^agent-(.+)-m2m-token\.json$/.exec(name)?.[1]
  if (agent !== undefined) return isWord(agent) ? { kind: "agent", id: agent } : undefined
  const stem = /^(.+)-egress\.json$/.exec(name)?.[1]
  return stem !== undefined && isWord(stem) ? { kind: "egress", stem } : undefined
}

/** The agent of a client's credentials file; undefined for any other. */
export const agentOf = (name: string): string | undefined => {
  const id = /^agent-(.+)-m2m\.json$/.exec(name)?.[1]
  return id !== undefined && isWord(id) ? id : undefined
}

/** The server an egress file is for, given the provider it names. AgentCore's default is `sre-gateway`. */
export const serverOf = (stem: string, provider: string): string | undefined => {
  const server = stem.startsWith(`${provider}-`) ? stem.slice(provider.length + 1) : undefined
  return server ?? (provider === AGENTCORE ? AGENTCORE_SERVER : undefined)
}
