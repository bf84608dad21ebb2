/** From what the vault has opened to what a server is sent. Pure and synchronous; reads no environment and no store. */
import {
  DEFAULT_API_KEY_HEADER,
  isSendable,
  isSettable,
  originsOf,
  referencesIn,
  resolved,
  SEALED,
  type ServerSecrets
} from "../ServerSecrets.ts"
import type { Recipient, Stored } from "../Vault.ts"

/** A row as it is in memory: opened, and the variables it refers to as they are. */
export type Opened =
  | { readonly kind: "open"; readonly secrets: ServerSecrets; readonly variables: ReadonlyMap<string, string> }
  /** Its key is gone, or it is not what was written. */
  | { readonly kind: "unreadable" }

const problem = (words: string): Stored => ({ headers: NO_HEADERS, problem: words })

const NO_HEADERS: Stored["headers"] = {}

export const NOTHING: Stored = { headers: NO_HEADERS, problem: undefined }

const NOT_SET = problem("no credential is stored for it: set auth_credential")
const GONE = problem("its stored credential is not there: set it again")
const UNREADABLE = problem("its stored credential can not be opened with the keys there are: set it again")
const MOVED = problem("its credential was given for another address: set it again")
const UNSENDABLE = problem("a header of its record is not a valid HTTP header")
const UNPREPARED = problem("its headers refer to the environment, and an administrator has to set them")

/** Names of variables that the secrets refer to. */
export const variablesOf = ({ credential = "", headers }: ServerSecrets): ReadonlyArray<string> => [
  ...new Set([credential, ...headers.map(([, value]) => value)].flatMap(referencesIn))
]

/** `opened`: the row that the record names; undefined when it names none. */
export const storedOf = (record: Recipient, opened: Opened | undefined): Stored => {
  if (record.credential_ref === undefined) return ofRecord(record)
  if (opened === undefined) return GONE
  return opened.kind === "unreadable" ? UNREADABLE : ofRow(record, opened.secrets, opened.variables)
}

const needsCredential = ({ auth_scheme }: Recipient): boolean => auth_scheme === "bearer" || auth_scheme === "api_key"

/** A record that nothing was sealed of: of an older version, or made by hand. */
const ofRecord = (record: Recipient): Stored => {
  if (needsCredential(record)) return NOT_SET
  if (record.headers.length === 0) return NOTHING
  const pairs = record.headers.flatMap((header) => Object.entries(header))
  if (pairs.some(([, value]) => value === SEALED)) return GONE
  if (pairs.some(([, value]) => referencesIn(value).length > 0)) return UNPREPARED
  return pairs.every(([, value]) => isSendable(value)) ? { headers: fieldsOf(pairs), problem: undefined } : UNSENDABLE
}

const ofRow = (record: Recipient, secrets: ServerSecrets, variables: ReadonlyMap<string, string>): Stored => {
  if (!originsOf(record).every((origin) => secrets.origins.includes(origin))) return MOVED
  const pairs = [...secrets.headers]
  if (needsCredential(record)) {
    if (secrets.credential === undefined) return NOT_SET
    pairs.push(
      record.auth_scheme === "bearer"
        ? ["authorization", `Bearer ${secrets.credential}`]
        : [record.auth_header_name ?? DEFAULT_API_KEY_HEADER, secrets.credential]
    )
  }
  const filled: Array<readonly [string, string]> = []
  for (const [name, value] of pairs) {
    if (referencesIn(value).length > 0 && !secrets.references) return UNPREPARED
    const made = resolved(value, (variable) => variables.get(variable))
    if ("missing" in made) return problem(`the environment variable ${made.missing} is not set`)
    filled.push([name, made.value])
  }
  return { headers: fieldsOf(filled), problem: undefined }
}

/** By their names in lower case; of two the later counts. */
const fieldsOf = (pairs: ReadonlyArray<readonly [string, string]>): Stored["headers"] =>
  Object.fromEntries(pairs.filter(([name]) => isSettable(name)).map(([name, value]) => [name.toLowerCase(), value]))
