/** Parameters of the official registry protocol's reads: everything that is wrong with them at once. Pure. */
import type { ListParams } from "@mcpgw/api/RegistryProtocol"
import type { PageRequest } from "@mcpgw/registry/v01/Catalogue"
import * as Effect from "effect/Effect"
import { invalid, Refused, type WrongField } from "./protocolAnswer.ts"

type Sent = string | ReadonlyArray<string> | undefined

const LIMIT = { usual: 30, most: 100 }
const LONGEST = 500

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/

/** RFC 3339 in UTC, as it is compared; undefined when it is none. */
const momentOf = (text: string): string | undefined => {
  // A plus sign that was not encoded arrives as a space.
  const date = new Date(text.replace(/ (\d{2}:\d{2})$/, "+$1"))
  return TIMESTAMP.test(text.replace(/ (\d{2}:\d{2})$/, "+$1")) && !Number.isNaN(date.getTime())
    ? date.toISOString()
    : undefined
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false]
])

/** Reads one parameter after the other and keeps what is wrong with them. */
const reader = () => {
  const wrong: Array<WrongField> = []
  const refuse = (name: string, message: string): undefined => void wrong.push({ location: `query.${name}`, message })
  const text = (name: string, sent: Sent): string | undefined => {
    if (sent === undefined || sent === "") return undefined
    if (typeof sent !== "string") return refuse(name, "must be given once")
    return sent.length > LONGEST ? refuse(name, `must be at most ${LONGEST} characters`) : sent
  }
  const flag = (name: string, sent: Sent): boolean | undefined => {
    const word = text(name, sent)
    if (word === undefined) return undefined
    return WORDS.get(word.toLowerCase()) ?? refuse(name, "must be true or false")
  }
  const limit = (sent: Sent): number => {
    const word = text("limit", sent)
    if (word === undefined) return LIMIT.usual
    const value = /^\d{1,6}$/.test(word) ? Number(word) : 0
    if (value >= 1 && value <= LIMIT.most) return value
    refuse("limit", `must be a whole number from 1 to ${LIMIT.most}`)
    return LIMIT.usual
  }
  return { text, flag, limit, wrong }
}

const BAD_SINCE: WrongField = { location: "query.updated_since", message: "must be a timestamp of RFC 3339" }
const CONTRADICTION: WrongField = {
  location: "query.include_deleted",
  message: "must be true or absent beside updated_since"
}

/** The protocol's 400, of what is wrong when nothing else is. */
const ALONE: ReadonlyMap<WrongField, string> = new Map([
  [BAD_SINCE, "updated_since must be a timestamp of RFC 3339, such as 2025-08-07T13:15:04.280Z"],
  [
    CONTRADICTION,
    "include_deleted can not be false together with updated_since: what was deleted since then is part of the answer"
  ]
])

const refusalOf = (errors: ReadonlyArray<WrongField>): Refused => {
  const [first] = errors
  const detail = first === undefined || errors.length > 1 ? undefined : ALONE.get(first)
  return detail === undefined ? invalid(errors) : new Refused({ status: 400, detail, errors })
}

/** What a list asks for. */
export const pageRequest = (params: ListParams): Effect.Effect<PageRequest, Refused> =>
  Effect.gen(function* () {
    const { flag, limit, text, wrong } = reader()
    const size = limit(params.limit)
    const cursor = text("cursor", params.cursor)
    const search = text("search", params.search)
    const version = text("version", params.version)
    const since = text("updated_since", params.updated_since)
    const deleted = flag("include_deleted", params.include_deleted)
    const updatedSince = since === undefined ? undefined : momentOf(since)
    if (since !== undefined && updatedSince === undefined) wrong.push(BAD_SINCE)
    if (updatedSince !== undefined && deleted === false) wrong.push(CONTRADICTION)
    if (wrong.length > 0) return yield* refusalOf(wrong)
    return {
      cursor,
      limit: size,
      includeDeleted: deleted === true || updatedSince !== undefined,
      ...(search === undefined ? {} : { search }),
      ...(version === undefined ? {} : { version }),
      ...(updatedSince === undefined ? {} : { updatedSince })
    }
  })

/** `include_deleted` of a detail. */
export const includesDeleted = (sent: Sent): Effect.Effect<boolean, Refused> =>
  Effect.suspend(() => {
    const { flag, wrong } = reader()
    const given = flag("include_deleted", sent)
    return wrong.length > 0 ? Effect.fail(invalid(wrong)) : Effect.succeed(given === true)
  })
