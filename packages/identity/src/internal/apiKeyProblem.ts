/** What stands against a key that is asked for. Pure; which servers and scopes the owner has is for others to know. */
import { ServerPath } from "@mcpgw/domain/Ids"
import type { Limits } from "@mcpgw/domain/Principal"
import * as Schema from "effect/Schema"
import type { NewApiKey } from "../ApiKeys.ts"

export interface KeyProblem {
  readonly field: string
  readonly held: string
  readonly expected: string
}

/** Entries of any one list, and servers with lists of tools. */
const MOST = 100
const NAME = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u
const isPath = Schema.is(ServerPath)

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

const problemOfList = (
  field: string,
  list: ReadonlyArray<string>,
  fits: (entry: string) => boolean,
  expected: string
): KeyProblem | undefined => {
  if (list.length === 0 || list.length > MOST) {
    return { field, held: `${list.length} entries`, expected: `it must have 1 to ${MOST}, or be left out` }
  }
  const index = list.findIndex((entry) => !fits(entry))
  return index < 0 ? undefined : { field: `${field}.${index}`, held: show(list[index]), expected }
}

const PATH = "it must be a server's path, such as /currenttime"
const isTool = (name: string): boolean => name !== "*" && name !== "" && name.length <= 256

const problemOfTools = ({ servers = [], tools = {} }: Limits): KeyProblem | undefined => {
  const entries = Object.entries(tools)
  const paths = entries.map(([path]) => path)
  const problem = problemOfList("tools", paths, isPath, PATH)
  if (problem !== undefined) return problem
  for (const [path, names] of entries) {
    const field = `tools.${path}`
    if (servers.includes(path)) {
      return {
        field,
        held: show(names),
        expected: "the server is named under servers too: name it under one of the two"
      }
    }
    const wrong = problemOfList(
      field,
      names,
      isTool,
      "it must be a tool's name; for all of a server's, name it under servers"
    )
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const problemOfLimits = (limits: Limits): KeyProblem | undefined =>
  (limits.scopes && problemOfList("scopes", limits.scopes, (scope) => scope !== "", "it must be a scope's name")) ??
  (limits.servers && problemOfList("servers", limits.servers, isPath, PATH)) ??
  (limits.tools && problemOfTools(limits))

/** `ownGroups`: the owner's, undefined when there is no such account. */
export const problemOfKey = (
  { expiresAt, groups, limits, name }: NewApiKey,
  ownGroups: ReadonlyArray<string> | undefined,
  now: number
): KeyProblem | undefined => {
  if (ownGroups === undefined) return { field: "owner", held: "a name", expected: "there is no such account" }
  if (!NAME.test(name.trim())) return { field: "name", held: show(name), expected: "it must have 1 to 100 characters" }
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
    return { field: "expires_at", held: show(expiresAt), expected: "it must be in the future" }
  }
  const wrong =
    groups &&
    problemOfList("groups", groups, (group) => ownGroups.includes(group), "it must be a group the owner is in")
  return wrong ?? (limits && problemOfLimits(limits))
}
