/**
 * What a modern server hands to a client and wants back — task ids and `requestState` — sealed to the caller it was handed to, at one
 * server, for a time (design.md §6; S-09, W-63, W-66). The binding is authenticated, not carried: a seal stays about as long as what
 * it holds, and says nothing of its owner. No store, no affinity. Never decides which values are sealed.
 */
import { createHash } from "node:crypto"
import { isObject, type JsonObject } from "./JsonRpc.ts"
import { openText, type SealKey, sealText } from "./Seal.ts"
import type { SessionOwner } from "./SessionSeal.ts"

/** A task serves every method of the extension; a `requestState` only the very request it belongs to (`requestDigest`). */
export type StateUse =
  | { readonly kind: "task" }
  | { readonly kind: "requestState"; readonly method: string; readonly digest: string }

export interface StateBinding {
  readonly owner: SessionOwner
  /** As of `BoundSession`. */
  readonly server: string
  readonly use: StateUse
}

const PREFIX = { task: "t1", requestState: "s1" } as const

const contextOf = ({ owner, server, use }: StateBinding): string =>
  JSON.stringify([
    owner.issuer,
    owner.subject,
    owner.clientId,
    server,
    ...(use.kind === "task" ? [] : [use.method, use.digest])
  ])

/** Seals the server's own `value`; `expiresAt` in epoch seconds. The result is visible ASCII. */
export const sealState = (key: SealKey, binding: StateBinding, value: string, expiresAt: number): string =>
  // As JSON, which keeps what UTF-8 does not: half a surrogate pair.
  sealText(key, PREFIX[binding.use.kind], JSON.stringify([expiresAt, value]), contextOf(binding))

/** The server's own value; undefined for anything that was not sealed so, or is no longer valid at `now`, in epoch seconds. */
export const openState = (
  keys: ReadonlyArray<SealKey>,
  binding: StateBinding,
  sealed: string,
  now: number
): string | undefined => {
  const plain = openText(keys, PREFIX[binding.use.kind], sealed, contextOf(binding))
  if (plain === undefined) return undefined
  const fields: unknown = JSON.parse(plain)
  if (!Array.isArray(fields)) return undefined
  const [expiresAt, value] = fields as ReadonlyArray<unknown>
  return typeof expiresAt === "number" && expiresAt > now && typeof value === "string" ? value : undefined
}

/** What a retry may differ in (protocol.md §1.2): the answers, the state itself, and the request's own metadata. */
const OF_ONE_ROUND: ReadonlySet<string> = new Set(["_meta", "inputResponses", "requestState"])

/** Of the params that a request and its retry have in common, however they are written. Recursion is bounded by the envelope check. */
export const requestDigest = (params: JsonObject | undefined): string => {
  const common = Object.entries(params ?? {}).filter(([key, value]) => !OF_ONE_ROUND.has(key) && !isNothing(key, value))
  return createHash("sha256")
    .update(canonical(Object.fromEntries(common)))
    .digest("base64url")
}

/** Clients leave empty arguments out of one request and not of the next. */
const isNothing = (key: string, value: unknown): boolean =>
  key === "arguments" && isObject(value) && Object.keys(value).length === 0

/** JSON with sorted keys. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
  return `{${members.join(",")}}`
}
