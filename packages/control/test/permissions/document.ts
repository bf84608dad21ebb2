/** Prints the table of permissions for people. Pure. */
import { TAKES_SIGN_IN } from "./credentials.ts"
import { ABOUT, ROLES, type Row, TABLE } from "./table.ts"

const WORDS: Readonly<Record<string, string>> = {
  "401": "sign in",
  "403": "no",
  "404": "unknown",
  "501": "not offered"
}

/** What somebody is answered who may: there is nothing of that name. */
const PAST_RIGHTS: ReadonlySet<string> = new Set(["404"])

/** What an answer's status means to whoever asked; 404 is how something is hidden, unless whoever may gets it too. */
const mark = (status: string, forAdministrator: string): string => {
  if (status.startsWith("2") || status.startsWith("3")) return "yes"
  if (status === forAdministrator && PAST_RIGHTS.has(status)) return "yes"
  return WORDS[status] ?? status
}

const line = ({ action, expected }: Row): string => {
  const [first = "", ...rest] = expected.split(" ")
  const cells = [first, ...rest].map((status) => mark(status, first))
  return `| \`${action}\`${TAKES_SIGN_IN.has(action) ? " \\*" : ""} | ${cells.join(" | ")} |`
}

const head = [`| | ${ROLES.map((role) => ABOUT[role].title).join(" | ")} |`, `|---|${ROLES.map(() => "---|").join("")}`]

/** The whole document. */
export const permissionsDocument = (): string =>
  [
    "# Who may do what",
    "",
    "Every action of the API, and who may do it. Printed from `packages/control/test/permissions/table.ts`, which a test runs against the control",
    "plane; the test fails when this page is stale. `yes`: done; `no`: refused (403); `unknown`: answered as if it did not exist (404); `sign in`:",
    "no credential was sent (401). Of one's own things (`/api/keys`, `/api/account/…`) everybody has their own.",
    "",
    ...ROLES.map((role) => `- **${ABOUT[role].title}** ${ABOUT[role].about}`),
    "",
    "\\* takes somebody who signed in: a session, a token of the identity provider, or, where scripts send them, name and password (Basic). An API key",
    "and a token that was made here, or given to a client, are refused (403), whoever's they are. The rule is one: whatever changes who may do what, or is",
    "a person's own alone, is not done with a credential that is kept, because a stolen one must not have made others by the time it is revoked.",
    "",
    "Who manages a group opens to it what they may do themselves: tools they may call, methods they may use, on servers they may modify.",
    "",
    "A role on a server (`PUT /api/servers/{path}/collaborators`) adds to what scopes give and never opens a server that they do not. What may be",
    "called is decided by scopes alone. Managing by a role takes whoever signed in: a token or an API key of a manager only lists. Tokens for others",
    "(`POST /internal/tokens`) take the bearer token of an administrator or a service, never a session, as here.",
    ...Object.entries(TABLE).flatMap(([title, rows]) => ["", `## ${title}`, "", ...head, ...rows.map(line)]),
    ""
  ].join("\n")
