/**
 * Where in a token or a user-info answer a claim stands: `groups`, `realm_access.roles`, `resource_access."my-client".roles`, or a name
 * that is a URL (`https://example.com/groups`, as Auth0 spells them). Pure; reads own members only.
 */
import { isRecord } from "./UnverifiedJwt.ts"

/** The members to go through, at least one. */
export type ClaimPath = readonly [string, ...ReadonlyArray<string>]

/** What an expression may hold, in words. */
export const CLAIM_PATH_HOLDS =
  'a claim\'s name or the way to it, such as groups, realm_access.roles, resource_access."my-client".roles or https://example.com/groups'

const SEGMENT = /"((?:[^"\\]|\\["\\])+)"|([^."\\\s]+)/y

/** Undefined: not one of the things it may hold. A name that is a URL is one name, whatever dots are in it. */
export const parseClaimPath = (expression: string): ClaimPath | undefined => {
  if (expression.length > 512) return undefined
  if (/^https?:\/\/\S+$/.test(expression)) return [expression]
  const segments: Array<string> = []
  let at = 0
  while (at <= expression.length) {
    SEGMENT.lastIndex = at
    const match = SEGMENT.exec(expression)
    if (match === null) return undefined
    segments.push(match[2] ?? (match[1] ?? "").replaceAll(/\\(["\\])/g, "$1"))
    at = SEGMENT.lastIndex
    if (at === expression.length) break
    if (expression[at] !== ".") return undefined
    at += 1
  }
  const [first, ...rest] = segments
  return first === undefined ? undefined : [first, ...rest]
}

/** What stands there; undefined when nothing does. */
export const readClaim = (claims: Readonly<Record<string, unknown>>, path: ClaimPath): unknown => {
  let value: unknown = claims
  for (const segment of path) {
    if (!isRecord(value) || !Object.hasOwn(value, segment)) return undefined
    value = value[segment]
  }
  return value
}
