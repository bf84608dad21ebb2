/**
 * The refusals of the registry API: `application/problem+json` (RFC 9457). `error` is the contract's sentence (contracts.md §2.6–§2.8), `detail`
 * says the same or more, and of input that can not be used every wrong field stands in `errors`, the first one in `field`, `held` and
 * `expected` too. Never repeats a secret.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

const given = Schema.optionalWith(Schema.String, { exact: true })

/** Media type of every refusal. */
export const PROBLEM_JSON = "application/problem+json"

/** One field of the input that can not be used. */
export const FieldError = Schema.Struct({
  /** Where it is, dotted, such as `headers.0`. */
  field: Schema.String,
  /** What it held, as JSON, shortened; `(hidden)` where it may be secret. */
  held: given,
  /** What it may hold. */
  expected: Schema.String
}).annotations({ identifier: "FieldError" })
export type FieldError = typeof FieldError.Type

/** The body of every refusal. */
export const Problem = Schema.Struct({
  /** RFC 9457: what kind of problem; `about:blank` when the status says it all. */
  type: given,
  /** The status in words. */
  title: given,
  status: Schema.optionalWith(Schema.Int, { exact: true }),
  /** One stable sentence. */
  error: Schema.String,
  /** For a person: what happened and what would help. */
  detail: Schema.String,
  /** Field of the input that can not be used, dotted, such as `headers.0`; the first of `errors`. */
  field: given,
  /** What that field held, as JSON, shortened; `(hidden)` where it may be secret. */
  held: given,
  /** What that field may hold. */
  expected: given,
  /** Of the administrators' routes: the same as `detail`, under the replaced system's name. */
  reason: given,
  /** What would help. */
  suggestion: given,
  /** Every field that can not be used. */
  errors: Schema.optionalWith(Schema.Array(FieldError), { exact: true })
}).annotations({ identifier: "Problem" })
export type Problem = typeof Problem.Type

/** The sentence alone, or with more to say. */
export const problem = (error: string, detail: string = error): Problem => ({ error, detail })

/** The replaced system's three sentences of an administrators' route. */
export const advice = (error: string, reason: string, suggestion: string): Problem => ({
  ...problem(error, `${reason}. ${suggestion}`),
  reason,
  suggestion
})

const sentenceOf = ({ expected, field, held }: FieldError): string =>
  held === undefined ? `There is no field '${field}' here; ${expected}` : `${field} holds ${held}, but ${expected}`

/** A problem with fields of the input, all of them; one without `held` is a field that does not exist. */
export const fieldProblems = (first: FieldError, ...others: ReadonlyArray<FieldError>): Problem => {
  const errors = [first, ...others]
  return { error: sentenceOf(first), detail: errors.map(sentenceOf).join("; "), ...first, errors }
}

/** A problem with one field of the input. */
export const fieldProblem = (field: string, held: string, expected: string): Problem =>
  fieldProblems({ field, held, expected })

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  428: "Precondition Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable"
}

const isGiven = ([, value]: readonly [string, unknown]): boolean => value !== undefined

/** The problem as it is sent under `status`. */
export const wire = (status: number, said: Problem): Problem => {
  const { detail, error, errors, expected, field, held, reason, suggestion } = said
  const optional = Object.entries({ field, held, expected, reason, suggestion, errors }).filter(isGiven)
  return {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    error,
    detail,
    ...Object.fromEntries(optional)
  }
}

/** A class of failures and its wire form: the problem alone, under one status. */
const answer = <E extends Problem>(
  status: number,
  description: string,
  failure: new (problem: Problem) => E
): Schema.Schema<E, typeof Problem.Encoded> =>
  Schema.transform(
    Problem,
    Schema.declare((value): value is E => value instanceof failure),
    {
      strict: true,
      decode: ({ status: _status, title: _title, type: _type, ...said }) => new failure(said),
      encode: (said) => wire(status, said)
    }
  )
    .pipe(HttpApiSchema.withEncoding({ kind: "Json", contentType: PROBLEM_JSON }))
    .annotations(HttpApiSchema.annotations({ status, description }))

/** The request can not be understood. */
export class BadRequest extends Data.TaggedError("BadRequest")<Problem> {
  static readonly schema = answer(400, "The request can not be understood", BadRequest)
}

/** The caller is not known. */
export class Unauthorized extends Data.TaggedError("Unauthorized")<Problem> {
  static readonly schema = answer(401, "The caller is not known", Unauthorized)
}

/** The caller is known and may not do this. */
export class Forbidden extends Data.TaggedError("Forbidden")<Problem> {
  static readonly schema = answer(403, "The caller may not do this", Forbidden)
}

/** There is no such thing, or the caller may not know of it. */
export class NotFound extends Data.TaggedError("NotFound")<Problem> {
  static readonly schema = answer(404, "There is no such thing, or the caller may not know of it", NotFound)
}

/** What is there already stands against it. */
export class Conflict extends Data.TaggedError("Conflict")<Problem> {
  static readonly schema = answer(409, "What is there already stands against it", Conflict)
}

/** `If-Match` or `If-None-Match` does not fit what is there (RFC 9110 §13). */
export class PreconditionFailed extends Data.TaggedError("PreconditionFailed")<Problem> {
  static readonly schema = answer(412, "It changed meanwhile: read it again", PreconditionFailed)
}

/** The change has to say which version it is of (RFC 6585). */
export class PreconditionRequired extends Data.TaggedError("PreconditionRequired")<Problem> {
  static readonly schema = answer(428, "Say with If-Match which version is changed", PreconditionRequired)
}

/** The body is longer than the API reads. */
export class TooLarge extends Data.TaggedError("TooLarge")<Problem> {
  static readonly schema = answer(413, "The body is too large", TooLarge)
}

/** Come back later; `Retry-After` says when. */
export class TooManyRequests extends Data.TaggedError("TooManyRequests")<Problem> {
  static readonly schema = answer(429, "Too many attempts; Retry-After says when to come back", TooManyRequests)
}

/** A defect of ours; what went wrong is in the log. */
export class InternalError extends Data.TaggedError("InternalError")<Problem> {
  static readonly schema = answer(500, "A defect of the registry; its log says more", InternalError)
}

/** The identity provider answered, and did not do it. */
export class BadGateway extends Data.TaggedError("BadGateway")<Problem> {
  static readonly schema = answer(502, "Another system that is needed for it did not do its part", BadGateway)
}

/** Something the answer needs can not be reached. */
export class Unavailable extends Data.TaggedError("Unavailable")<Problem> {
  static readonly schema = answer(503, "Something the answer needs can not be reached now", Unavailable)
}
