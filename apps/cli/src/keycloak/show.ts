/** How results look: steps as they are done, what came of them, and credentials as settings. Texts only. */
import { agentOf, M2M_CLIENT, WEB_CLIENT } from "@mcpgw/identity/keycloak/Blueprint"
import type { ClientCredential } from "@mcpgw/identity/keycloak/ClientCredentials"
import type { NewUser, Step } from "@mcpgw/identity/keycloak/Provision"
import * as Redacted from "effect/Redacted"

export interface Where {
  readonly url: string
  readonly realm: string
}

const DONE = { created: "created", changed: "changed", unchanged: "is there" } as const
const PLANNED = { created: "would create", changed: "would change", unchanged: "is there" } as const

export const stepLine = ({ change, what }: Step, dryRun: boolean): string =>
  dryRun ? `${PLANNED[change].padEnd(12)}  ${what}` : `${DONE[change].padEnd(8)}  ${what}`

export const summary = (steps: ReadonlyArray<Step>, dryRun: boolean): string => {
  const count = (change: Step["change"]): number => steps.filter((step) => step.change === change).length
  const [created, changed] = [count("created"), count("changed")]
  if (created + changed === 0) return "Nothing to do: everything is there."
  const words = `${created} created, ${changed} changed, ${count("unchanged")} there before`
  return dryRun ? `Nothing was done; it would be: ${words}.` : `Done: ${words}.`
}

/** One line each; their passwords are known nowhere else. */
export const userLines = (users: ReadonlyArray<NewUser>): ReadonlyArray<string> =>
  users.length === 0
    ? []
    : [
        "# People made now; their passwords are not shown again:",
        ...users.map(({ username, password }) => `#   ${username}  ${Redacted.value(password)}`)
      ]

/** Settings of the gateway and, as remarks, the agents' credentials: an env file. */
export const settingsOf = (where: Where, credentials: ReadonlyArray<ClientCredential>): string => {
  const of = (wanted: string, prefix: string): ReadonlyArray<string> =>
    credentials.filter(({ clientId }) => clientId === wanted).flatMap((one) => client(one, prefix))
  const agents = credentials.filter(({ clientId }) => agentOf(clientId) !== undefined)
  const lines = [
    "# For the gateway's environment.",
    ...provider(where),
    ...of(WEB_CLIENT, "KEYCLOAK_CLIENT"),
    ...of(M2M_CLIENT, "KEYCLOAK_M2M_CLIENT"),
    ...agents.map(({ clientId, secret }) => `# ${clientId} ${quoted(Redacted.value(secret))}`)
  ]
  return `${lines.join("\n")}\n`
}

/** What an agent needs to get its tokens, as its env file of the replaced system has it (contracts.md §2.13). */
export const agentSettings = (where: Where, credential: ClientCredential): string =>
  [...provider(where), ...client(credential, "CLIENT")].join("\n")

const provider = ({ url, realm }: Where): ReadonlyArray<string> => [
  "AUTH_PROVIDER=keycloak",
  `KEYCLOAK_URL=${quoted(url)}`,
  `KEYCLOAK_REALM=${quoted(realm)}`
]

const client = ({ clientId, secret }: ClientCredential, prefix: string): ReadonlyArray<string> => [
  `${prefix}_ID=${quoted(clientId)}`,
  `${prefix}_SECRET=${quoted(Redacted.value(secret))}`
]

/** Whatever Keycloak says stays on its line and out of the terminal's control. */
const quoted = (value: string): string => (/^[\w.~:/@+-]+$/.test(value) ? value : JSON.stringify(value))
