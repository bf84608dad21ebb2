/**
 * The refusals of the registry API. Every one has the same JSON body: `error` is the contract's sentence (contracts.md §2.6–§2.8), `detail`
 * says the same or more, and input that can not be used is named by `field`, `held` and `expected`. Never repeats a secret.
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

const given = Schema.optionalWith(Schema.String, { exact: true })

/** The body of every refusal. */
export const Problem = Schema.Struct({
  /** One stable sentence. */
  error: Schema.String,
  /** For a person: what happened and what would help. */
  detail: Schema.String,
  /** Field of the input that can not be used, dotted, such as `headers.0`. */
  field: given,
  /** What that field held, as JSON, shortened; `(hidden)` where it may be secret. */
  held: given,
  /** What that field may hold. */
  expected: given
}).annotations({ identifier: "Problem" })
export type Problem = typeof Problem.Type

/** The sentence alone, or with more to say. */
export const problem = (error: string, detail: string = error): Problem => ({ error, detail })

/** A problem with one field of the input. */
export const fieldProblem = (field: string, held: string, expected: string): Problem => {
  const sentence = `${field} holds ${held}, but ${expected}`
  return { error: sentence, detail: sentence, field, held, expected }
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
      decode: (body) => new failure(body),
      encode: ({ detail, error, expected, field, held }) => ({
        error,
        detail,
        ...(field === undefined ? {} : { field }),
        ...(held === undefined ? {} : { held }),
        ...(expected === undefined ? {} : { expected })
      })
    }
  ).annotations(HttpApiSchema.annotations({ status, description }))

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

/** Something the answer needs can not be reached. */
export class Unavailable extends Data.TaggedError("Unavailable")<Problem> {
  static readonly schema = answer(503, "Something the answer needs can not be reached now", Unavailable)
}
