/**
 * Forms as fields by name, of either encoding: what a page sends, and `curl -d` or `curl -F` (contracts §2.8). Texts alone: a file among them is
 * refused, not read and never written anywhere. Reads no request; whoever does has bounded it.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { BadRequest, fieldProblem, problem } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"

/** How a form's text becomes what the schema expects: nothing is guessed from the value. */
export type FormField = "csv" | "boolean" | "number" | "json"

export type Kinds = Readonly<Record<string, FormField>>

const contentType = ({ headers }: HttpServerRequest.HttpServerRequest): string => headers["content-type"] ?? ""

export const isMultipart = (request: HttpServerRequest.HttpServerRequest): boolean =>
  contentType(request).toLowerCase().startsWith("multipart/")

/** Of either encoding. */
export const isForm = (request: HttpServerRequest.HttpServerRequest): boolean =>
  isMultipart(request) || contentType(request).toLowerCase().startsWith("application/x-www-form-urlencoded")

const TRUE: ReadonlySet<string> = new Set(["true", "on", "1", "yes"])
const FALSE: ReadonlySet<string> = new Set(["false", "off", "0", "no", ""])

const commaSeparated = (value: string): unknown =>
  value.trimStart().startsWith("[")
    ? parsed(value)
    : value
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "")

/** Text that is no JSON stays text, so that the schema refuses it by name. */
const parsed = (value: string): unknown => {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

const READ: Record<FormField, (value: string) => unknown> = {
  csv: commaSeparated,
  json: parsed,
  number: (value) => (value.trim() === "" || Number.isNaN(Number(value)) ? value : Number(value)),
  boolean: (value) => {
    const word = value.trim().toLowerCase()
    return TRUE.has(word) ? true : FALSE.has(word) ? false : value
  }
}

/** What these kinds can not hold empty: an empty input of a form is one that was left out. */
const isLeftOut = (kind: FormField | undefined, value: string): boolean =>
  value === "" && (kind === "number" || kind === "json")

type Entry = readonly [name: string, value: string]

const read = (entries: ReadonlyArray<Entry>, kinds: Kinds): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    entries.flatMap(([name, value]) => {
      const kind = kinds[name]
      if (isLeftOut(kind, value)) return []
      return [[name, kind === undefined ? value : READ[kind](value)]]
    })
  )

const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

/** A field's name as its sender wrote it, when it could be one; anything else may hold anything. */
export const shownName = (name: string): string => (FIELD_NAME.test(name) ? name : "(hidden)")

const unread = new BadRequest(problem("The form could not be read"))

/** The parts of a multipart body, files too. */
export const partsOf = (
  request: HttpServerRequest.HttpServerRequest,
  body: Uint8Array
): Effect.Effect<ReadonlyArray<readonly [name: string, part: File | string]>, BadRequest> =>
  Effect.tryPromise({
    try: async () => [...(await new Response(body, { headers: { "content-type": contentType(request) } }).formData())],
    catch: () => unread
  })

const textsOf = (parts: ReadonlyArray<readonly [string, File | string]>): Effect.Effect<Array<Entry>, BadRequest> =>
  Effect.forEach(parts, ([name, part]) =>
    typeof part === "string"
      ? Effect.succeed([name, part] as const)
      : new BadRequest(fieldProblem(shownName(name), "a file", "it may hold text alone"))
  )

/** The fields of a form; of several of one name the last. `kinds` says how texts are read; without an entry they stay texts. */
export const formFields = (
  request: HttpServerRequest.HttpServerRequest,
  body: Uint8Array,
  kinds: Kinds
): Effect.Effect<Readonly<Record<string, unknown>>, BadRequest> =>
  isMultipart(request)
    ? partsOf(request, body).pipe(
        Effect.flatMap(textsOf),
        Effect.map((entries) => read(entries, kinds))
      )
    : Effect.succeed(read([...new URLSearchParams(new TextDecoder().decode(body))], kinds))
