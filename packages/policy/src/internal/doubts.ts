/**
 * Names in a document that lead nowhere: most likely misspelt, and silent, because what they were to grant is only missing. Pure; refuses
 * nothing, a name may become known later.
 */
import { DEFAULT_SCOPES } from "../DefaultScopes.ts"
import { ANY_SERVER, type PolicyDocument } from "../PolicyDocument.ts"
import { parsePolicyText } from "../PolicyText.ts"
import { serverKey } from "./serverKey.ts"

/** Sentences told of one policy; the rest is counted. */
const MOST = 20

const MAX_SHOWN = 80
const shown = (name: string): string => `'${name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name}'`

const serversIn = (document: PolicyDocument): ReadonlySet<string> =>
  new Set([...document.scopes.values()].flatMap((rules) => rules.map(({ server }) => serverKey(server))))

let shipped: ReadonlySet<string> | undefined

/** Servers of the policy as shipped, which names some that an installation may do without. */
const isShipped = (key: string): boolean => (shipped ??= serversIn(parsePolicyText(DEFAULT_SCOPES))).has(key)

/** `meant`: scopes that mean something without being defined; `isServer`: is there a server of that path now? */
export const doubtsOf = (
  { groupMappings, scopes, uiScopes }: PolicyDocument,
  meant: ReadonlySet<string>,
  isServer: (path: string) => boolean
): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const [group, names] of groupMappings) {
    for (const name of names) {
      if (scopes.has(name) || uiScopes.has(name) || meant.has(name)) continue
      found.push(`group_mappings.${group}: no scope ${shown(name)} is defined`)
    }
  }
  for (const [scope, rules] of scopes) {
    for (const [i, { server }] of rules.entries()) {
      const key = serverKey(server)
      if (server === ANY_SERVER || isServer(key) || isShipped(key)) continue
      found.push(`${scope}[${i}]: no server ${shown(server)} is registered`)
    }
  }
  return found.length <= MOST ? found : [...found.slice(0, MOST), `and ${found.length - MOST} more`]
}
