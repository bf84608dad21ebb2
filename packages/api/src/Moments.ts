/** Moments as the API writes and reads them: RFC 3339 in UTC out, any offset or a day alone in. */
import * as Schema from "effect/Schema"

/** In an answer, such as `2027-01-31T09:30:00.000Z`. */
export const Moment = Schema.String.annotations({
  identifier: "Moment",
  jsonSchema: { type: "string", format: "date-time" }
})

const GIVEN = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** In a request; a day alone is its first moment in UTC. */
export const GivenMoment = Schema.String.pipe(
  Schema.filter((text) => GIVEN.test(text) && !Number.isNaN(Date.parse(text)), {
    message: () => "it must be a day or a time with its offset, such as 2027-01-31 or 2027-01-31T09:30:00Z"
  })
).annotations({ jsonSchema: { type: "string" } })

/** `at` in epoch milliseconds. */
export const momentOf = (at: number): string => new Date(at).toISOString()

export const momentOrNull = (at: number | undefined): string | null => (at === undefined ? null : momentOf(at))
