/** Names in the environment that no setting reads, and that whoever set them most likely meant to have an effect. Never shows a value. */
import { everySetting } from "./everySetting.ts"

/** Prefix of the settings that are ours alone; an unknown name with it is most likely a misspelling. */
const OWN_PREFIX = "MCPGW_"

/**
 * Names the replaced system read (contracts.md §2.14) and this version does not; a `*` stands for whatever follows. Without those that
 * other programs read too, such as AWS_REGION or ANTHROPIC_API_KEY: they are set for other reasons.
 */
const NOT_USED_YET = [
  "AUTH_SERVER_EXTERNAL_URL",
  "AUTH_SERVER_URL",
  "GATEWAY_ADDITIONAL_SERVER_NAMES",
  "INITIAL_ADMIN_PASSWORD",
  "INITIAL_USER_PASSWORD",
  "KEYCLOAK_DB_PASSWORD",
  "MCP_SCANNER_LLM_API_KEY",
  "METRICS_API_KEY_*",
  "METRICS_RATE_LIMIT",
  "METRICS_RETENTION_DAYS",
  "METRICS_SERVICE_URL",
  "OTEL_*",
  "REGISTRY_URL",
  "SECRET_KEY",
  "SMITHERY_API_KEY",
  "SQLITE_DB_PATH"
] as const

/** Names that `mcpgw`, the command line, reads: set for it, often in the same shell. */
const COMMAND_LINE = [
  "MCPGW_URL",
  "MCPGW_TOKEN",
  "MCPGW_CONFIG_DIR",
  "MCPGW_ALLOW_HTTP",
  "MCPGW_CLIENT_ID",
  "MCPGW_CLIENT_SECRET",
  "MCPGW_RESOURCE",
  "MCPGW_OAUTH_TOKENS_DIR"
]

/** Names in the environment that look like ours and are none, each with the closest that is. */
export const strangers = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = everySetting.map(({ name }) => name)
  return names
    .filter((name) => name.startsWith(OWN_PREFIX) && !known.includes(name) && !COMMAND_LINE.includes(name))
    .map((name) => `${name} is no setting of this version${closest(name, known)}`)
}

/**
 * A warning that names the settings of the replaced system that are set and have no effect; undefined when there are none. `set`: names
 * in the environment whose value is not empty.
 */
export const withoutEffect = (set: ReadonlyArray<string>): string | undefined => {
  const used = everySetting.map(({ name }) => name)
  const found = set
    .filter((name) => !used.includes(name) && NOT_USED_YET.some((pattern) => matches(pattern, name)))
    .sort()
  if (found.length === 0) return undefined
  return `set, and not used by this version yet: ${found.join(", ")}${found.includes("SECRET_KEY") ? NEVER : ""}`
}

/** No secret is shared here: whoever knew it could make anyone's token. */
const NEVER =
  "; SECRET_KEY never will be: cookies and tokens signed with it are not accepted, sign in and make new tokens here"

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern

const closest = (name: string, known: ReadonlyArray<string>): string => {
  const best = known
    .map((candidate) => ({ candidate, far: distance(name, candidate) }))
    .sort((a, b) => a.far - b.far)[0]
  return best === undefined || best.far > 3 ? "" : `; did you mean ${best.candidate}?`
}

/** Levenshtein. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap))
    }
    row = next
  }
  return row[b.length] ?? 0
}
