/**
 * What is wrong with the parameters of a URL, by the schema of the route they are for: asked only once they are known to be wrong. Of a
 * free text nothing is repeated.
 */
import type { FieldError } from "@mcpgw/api/ApiError"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { fieldErrors } from "./body.ts"

/** As the platform reads them: a name that stands there more than once holds a list. */
const parametersOf = (search: string): Readonly<Record<string, string | ReadonlyArray<string>>> => {
  const given = new URLSearchParams(search)
  return Object.fromEntries(
    [...new Set(given.keys())].map((name) => {
      const [first = "", ...more] = given.getAll(name)
      return [name, more.length === 0 ? first : [first, ...more]]
    })
  )
}

/** Every parameter that can not be used; none: it is not the parameters. `search`: what follows the question mark. */
export const queryErrors = (query: AST.AST, search: string): ReadonlyArray<FieldError> => {
  const parameters = parametersOf(search)
  const decoded = ParseResult.decodeUnknownEither(Schema.make<unknown>(query), { errors: "all" })(parameters)
  if (Either.isRight(decoded)) return []
  return fieldErrors(ParseResult.parseError(decoded.left), parameters).map((error) =>
    Array.isArray(parameters[error.field]) ? { ...error, held: "several values" } : error
  )
}
