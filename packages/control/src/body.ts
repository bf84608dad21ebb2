/**
 * Reads request bodies: JSON objects and forms, as fields by name, then as what a schema says. Bounded in size and time. A refusal names the
 * field, what it held and what it may hold, and never repeats what may be secret.
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { BadRequest, type FieldError, fieldProblem, fieldProblems, problem, TooLarge } from "@mcpgw/api/ApiError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Longest body read, in bytes; a server with thousands of tools fits. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024
const READ_WITHIN = "30 seconds"

export type Fields = Readonly<Record<string, unknown>>

/** How a form's text becomes what the schema expects: nothing is guessed from the value. */
export type FormField = "csv" | "boolean" | "number" | "json"

const tooLarge = (most: number) => new TooLarge(problem(`The body is longer than ${most} bytes`))
const unread = new BadRequest(problem("The body could not be read"))

const readAll = async (source: Request, most: number): Promise<Buffer | undefined> => {
  const reader = source.body?.getReader()
  if (reader === undefined) return Buffer.alloc(0)
  const chunks: Array<Uint8Array> = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    size += value.byteLength
    if (size > most) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
}

/** What came of a body that was read once; a body can not be read twice. */
const kept = new WeakMap<Request, Either.Either<Buffer, BadRequest | TooLarge>>()

/**
 * The body's bytes, `most` of them; the same again for who asks again. Interruptible where the handler is not, so that a body that never ends is
 * given up.
 */
export const bytesOf = (
  request: HttpServerRequest.HttpServerRequest,
  most: number
): Effect.Effect<Buffer, BadRequest | TooLarge> =>
  Effect.suspend((): Effect.Effect<Buffer, BadRequest | TooLarge> => {
    if (!(request.source instanceof Request)) return Effect.fail(unread)
    const { source } = request
    const before = kept.get(source)
    if (before !== undefined) return before
    if (Number(source.headers.get("content-length") ?? 0) > most) return Effect.fail(tooLarge(most))
    return Effect.tryPromise({ try: () => readAll(source, most), catch: () => unread }).pipe(
      Effect.interruptible,
      Effect.timeoutFail({ duration: READ_WITHIN, onTimeout: () => unread }),
      Effect.flatMap((body) => (body === undefined ? Effect.fail(tooLarge(most)) : Effect.succeed(body))),
      Effect.either,
      Effect.tap((came) => Effect.sync(() => kept.set(source, came))),
      Effect.flatten
    )
  })

const text = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<string, BadRequest | TooLarge> =>
  Effect.map(bytesOf(request, MAX_BODY_BYTES), (body) => body.toString("utf8"))

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const invalidJson = new BadRequest(problem("Invalid JSON in request body"))

const jsonObject = (body: string): Effect.Effect<Fields, BadRequest> =>
  Effect.try({ try: (): unknown => JSON.parse(body), catch: () => invalidJson }).pipe(
    Effect.filterOrFail(
      isFields,
      () => new BadRequest(problem("Invalid JSON in request body", "The body must be a JSON object"))
    )
  )

/** Clients write null for what they do not set. */
const jsonFields = (body: string): Effect.Effect<Fields, BadRequest> =>
  Effect.map(jsonObject(body), (fields) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
  )

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

const formFields = (body: string, kinds: Readonly<Record<string, FormField>>): Fields =>
  Object.fromEntries(
    [...new URLSearchParams(body)].flatMap(([name, value]) => {
      const kind = kinds[name]
      if (isLeftOut(kind, value)) return []
      return [[name, kind === undefined ? value : READ[kind](value)]]
    })
  )

export const isForm = (request: HttpServerRequest.HttpServerRequest): boolean =>
  (request.headers["content-type"] ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded")

export const isMultipart = (request: HttpServerRequest.HttpServerRequest): boolean =>
  (request.headers["content-type"] ?? "").toLowerCase().startsWith("multipart/")

const unsupported = new BadRequest(
  fieldProblem(
    "content-type",
    "multipart/form-data",
    "it may hold application/json or application/x-www-form-urlencoded"
  )
)

/** The body's fields. `kinds` says how form texts are read; without an entry they stay texts. */
export const fieldsOf = (
  request: HttpServerRequest.HttpServerRequest,
  kinds: Readonly<Record<string, FormField>> = {}
): Effect.Effect<Fields, BadRequest | TooLarge> =>
  isMultipart(request)
    ? Effect.fail(unsupported)
    : Effect.flatMap(text(request), (body) =>
        isForm(request) ? Effect.succeed(formFields(body, kinds)) : jsonFields(body)
      )

/** The members of a JSON object, null as it is: for patches, where it means something. */
export const jsonFieldsOf = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<Fields, BadRequest | TooLarge> => Effect.flatMap(text(request), jsonObject)

const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

const either = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`

/** Fields that have no meaning here. Named when they could be one; what they held is never shown. */
export const unknownFields = (fields: Fields, known: ReadonlyArray<string>): ReadonlyArray<FieldError> =>
  Object.keys(fields)
    .filter((name) => !known.includes(name))
    .map((name) => ({ field: FIELD_NAME.test(name) ? name : "(hidden)", expected: `it may be ${either(known)}` }))

const SECRET = /password|secret|credential|token$|^headers$/i
const HELD_CHARS = 120

/** A field's value as JSON, shortened and without what may be secret. */
export const show = (field: string, value: unknown): string => {
  if (value === undefined) return "nothing"
  if (SECRET.test(field)) return "(hidden)"
  const written = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/"]*@/g, "//(hidden)@")
  return written.length > HELD_CHARS ? `${written.slice(0, HELD_CHARS)}…` : written
}

const at = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value
  )

/** What was held stands in `held`, where secrets are hidden, and not in the sentence. */
export const expectation = (message: string): string =>
  message
    .replace(/, actual [\s\S]*$/, "")
    .replace(/^Expected /, "it must be ")
    .replace(/^is missing$/, "it is needed")

const HEADER_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]+$/

/** Of headers names alone: who writes a whole header line where a name belongs gets it hidden. */
const named = ([top, ...rest]: ReadonlyArray<string>): string =>
  [top, ...rest.map((key) => (top !== "headers" || HEADER_NAME.test(key) ? key : "(hidden)"))].join(".")

/** Most wrong fields told in one answer. */
const MOST = 50

/** Every field a failed decoding names, each once, in the order of the schema. `input` is what was decoded. */
export const fieldErrors = (error: ParseResult.ParseError, input: unknown): ReadonlyArray<FieldError> => {
  const found = new Map<string, FieldError>()
  for (const { message, path } of ParseResult.ArrayFormatter.formatErrorSync(error)) {
    const [top = "body"] = path.map(String)
    const field = path.length === 0 ? "body" : named(path.map(String))
    if (found.size === MOST) break
    if (!found.has(field)) found.set(field, { field, held: show(top, at(input, path)), expected: expectation(message) })
  }
  return [...found.values()]
}

const unreadable: FieldError = { field: "body", held: "something else", expected: "it can not be read" }

/** A failed decoding as a refusal. */
export const refusalOf = (error: ParseResult.ParseError, input: unknown): BadRequest => {
  const [first = unreadable, ...others] = fieldErrors(error, input)
  return new BadRequest(first.field === "body" ? problem(first.expected) : fieldProblems(first, ...others))
}

/** Decoder for one schema; made once, at module level. Names every wrong field. */
export const decodeWith = <A, I>(schema: Schema.Schema<A, I>): ((fields: Fields) => Effect.Effect<A, BadRequest>) => {
  const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
  return (fields) => Effect.mapError(decode(fields), (error) => refusalOf(error, fields))
}

/**
 * The same, and refuses fields that have no meaning here, together with those that are wrong: dropped in silence they would leave their sender
 * believing that they count.
 */
export const decodeOnly = <A, I>(
  schema: Schema.Schema<A, I>,
  known: ReadonlyArray<string>
): ((fields: Fields) => Effect.Effect<A, BadRequest>) => {
  const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
  return (fields) => {
    const decoded = decode(fields)
    const [unknown, ...others] = unknownFields(fields, known)
    if (unknown === undefined) return Effect.mapError(decoded, (error) => refusalOf(error, fields))
    const wrong = Either.isRight(decoded) ? [] : fieldErrors(decoded.left, fields)
    return Effect.fail(new BadRequest(fieldProblems(unknown, ...others, ...wrong)))
  }
}
