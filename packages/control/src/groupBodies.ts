/** Reads bodies of groups' routes: JSON, or forms as the replaced system's scripts send them. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { decodeOnly, fieldsOf, type FormField } from "./body.ts"

const FORM: Readonly<Record<string, FormField>> = {
  create_in_keycloak: "boolean",
  delete_from_keycloak: "boolean",
  force: "boolean",
  group_names: "csv"
}

/** What a script leaves empty it does not mean. */
const withoutEmpty = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""))

/** Decoder for one schema; made once, at module level. */
export const bodyOf = <F extends Schema.Struct.Fields>(
  schema: Schema.Struct<F> & Schema.Schema<Schema.Struct<F>["Type"], Schema.Struct<F>["Encoded"]>
) => {
  const decode = decodeOnly(schema, Object.keys(schema.fields))
  return (request: HttpServerRequest.HttpServerRequest) =>
    fieldsOf(request, FORM).pipe(Effect.map(withoutEmpty), Effect.flatMap(decode))
}
