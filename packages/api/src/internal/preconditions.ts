/**
 * Preconditions of requests and the tag that answers carry (RFC 9110 §8.8, §13), as the contract declares them. What answers have in their headers
 * `HttpApi` has no word for, so it is told to the OpenAPI document alone.
 */
import * as Schema from "effect/Schema"
import { optional } from "./optional.ts"

const tag = (description: string) => optional(Schema.String.annotations({ description }))

/** Of a read. */
export const Unchanged = Schema.Struct({
  "if-none-match": tag("Tags that are held already: one that still fits is answered with 304.")
})

/** Of a change. */
export const Unchanging = Schema.Struct({
  "if-match": tag("Tags that were read, or *: the change is refused with 412 when none fits what is there."),
  "if-none-match": tag("Tags, or * for any: the change is refused with 412 when one fits what is there.")
})

type Json = Readonly<Record<string, unknown>>

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null

const ETAG = {
  ETag: { description: "Strong: of this version of it, as the caller is shown it.", schema: { type: "string" } }
}

/** The operation, with headers on what it answers when it is no refusal, and with answers besides. */
const answering = (operation: Json, headers: Json, besides: Json = {}): Json => {
  const { responses } = operation
  if (!isJson(responses)) return operation
  const told = Object.entries(responses).map(([status, response]) =>
    status.startsWith("2") && isJson(response) ? [status, { ...response, headers }] : [status, response]
  )
  return { ...operation, responses: { ...Object.fromEntries(told), ...besides } }
}

/** For `OpenApi.Transform`: the answer carries the tag. */
export const tagged = (operation: Json): Json => answering(operation, ETAG)

/** The same of a read, which may be answered with the tag alone. */
export const taggedRead = (operation: Json): Json =>
  answering(operation, ETAG, { "304": { description: "A tag of If-None-Match still fits", headers: ETAG } })

/** The same of what was made, which has a place. */
export const taggedNew = (operation: Json): Json =>
  answering(operation, { ...ETAG, Location: { description: "Where it is", schema: { type: "string" } } })
