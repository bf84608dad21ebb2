/**
 * `remotes` of a document that is published without a server here: shown as its publisher wrote them, without the values of secrets
 * (protocol.md §4.3), and refused at publication where they could not be shown. Says nothing of a server that is here: its `remotes` are the gateway's.
 */
import type { DocumentIssue, Remote, ServerJson } from "@mcpgw/domain/ServerJson"
import { telling } from "./shownDocument.ts"

const tellsInner = telling(new Set())

/** A name or password before the host. */
const USER_INFO = /^[a-z]+:\/\/[^/?#]*@/i

const INPUT_VALUES = new Set(["value", "default"])

/** Headers and variables, and those within them, by their own shape: what is `isSecret` keeps neither value nor default. */
const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== "object" || value === null) return value
  const isSecret = "isSecret" in value && value.isSecret === true
  const kept = Object.entries(value).filter(([name]) => !isSecret || !INPUT_VALUES.has(name))
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutSecrets(inner)]))
}

const problemOf = ({ url, ...rest }: Remote): string | undefined => {
  if (USER_INFO.test(url)) return "must hold no name and no password"
  if (tellsInner([url, rest])) return "is an address of an inner network, which nobody is shown"
  return undefined
}

/** Those that can be shown, in their order. `inner`: also those at addresses of an inner network, as in a registry without a data plane. */
export const publishedRemotes = ({ remotes = [] }: ServerJson, inner: boolean): ReadonlyArray<unknown> =>
  remotes
    .filter((remote) => !USER_INFO.test(remote.url) && (inner || !tellsInner(remote)))
    .map((remote) => withoutSecrets(remote))

/** Those that could not be shown, and what to do instead; `path`: where its server would be registered. */
export const remoteIssues = ({ remotes = [] }: ServerJson, path: string): ReadonlyArray<DocumentIssue> =>
  remotes.flatMap((remote, index) => {
    const problem = problemOf(remote)
    if (problem === undefined) return []
    const instead = `register the server at '${path}' first, and the entry is shown with the gateway's URL`
    return [{ path: `remotes.${index}.url`, message: `${problem}; ${instead}` }]
  })
