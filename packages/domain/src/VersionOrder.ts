/**
 * Which version of a server is the latest and which text may be a version at all. Pure. SemVer 2.0.0 as its §2, §9 to §11 say.
 */

interface SemVer {
  /** Digits without leading zeros: longer is greater, so that no number is too large. */
  readonly core: ReadonlyArray<string>
  readonly pre: ReadonlyArray<string>
}

const NUMBER = "(?:0|[1-9]\\d*)"
const IDENTIFIER = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`
const SEMVER = new RegExp(
  `^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`
)

const parse = (version: string): SemVer | undefined => {
  const [, major, minor, patch, pre] = SEMVER.exec(version) ?? []
  return major === undefined || minor === undefined || patch === undefined
    ? undefined
    : { core: [major, minor, patch], pre: pre?.split(".") ?? [] }
}

/** Is it a version by SemVer 2.0.0, without a leading `v`? */
export const isSemVer = (version: string): boolean => parse(version) !== undefined

const numbers = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

const isNumber = (identifier: string): boolean => /^\d+$/.test(identifier)

const identifiers = (a: string, b: string): number => {
  if (isNumber(a) && isNumber(b)) return numbers(a, b)
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

const firstDifference = (
  a: ReadonlyArray<string>,
  b: ReadonlyArray<string>,
  compare: (a: string, b: string) => number
): number => {
  for (const [i, left] of a.entries()) {
    const right = b[i]
    const order = right === undefined ? 1 : compare(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Negative when `a` comes before `b`; 0 also for versions that differ in build metadata alone. Both must be SemVer, else `undefined`. */
export const compareSemVer = (a: string, b: string): number | undefined => {
  const [left, right] = [parse(a), parse(b)]
  if (left === undefined || right === undefined) return undefined
  const core = firstDifference(left.core, right.core, numbers)
  if (core !== 0) return core
  // A pre-release comes before its release.
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length
  return firstDifference(left.pre, right.pre, identifiers)
}

export interface Published {
  readonly version: string
  /** ISO 8601, UTC. */
  readonly publishedAt: string
  readonly status: string
}

const newest = <A extends Published>(all: ReadonlyArray<A>): A | undefined =>
  all.reduce<A | undefined>(
    (best, one) => (best === undefined || one.publishedAt >= best.publishedAt ? one : best),
    undefined
  )

/**
 * The latest of one server's versions, in any order: the newest one when that is no SemVer, else the highest SemVer, of equal ones the one
 * published last. Deleted versions count only when there are no others. Undefined of none.
 */
export const latestOf = <A extends Published>(versions: ReadonlyArray<A>): A | undefined => {
  const living = versions.filter(({ status }) => status !== "deleted")
  const candidates = living.length === 0 ? versions : living
  const last = newest(candidates)
  if (last === undefined || !isSemVer(last.version)) return last
  return candidates
    .filter(({ version }) => isSemVer(version))
    .reduce((best, one) => {
      const order = compareSemVer(one.version, best.version) ?? 0
      return order > 0 || (order === 0 && one.publishedAt > best.publishedAt) ? one : best
    }, last)
}

const RANGE = /^(?:[~^<>=]|.*(?:\|\||\s-\s))|(?:^|[.\s])[xX*](?:$|[.\s])|\*/

/** What is wrong with the text as a version; undefined when nothing is. */
export const versionProblem = (version: string): string | undefined => {
  if (version.trim() === "") return "must not be empty"
  if (version === "latest") return "must be one version; `latest` is the word for the newest one"
  return RANGE.test(version) ? "must be one version, not a range" : undefined
}
