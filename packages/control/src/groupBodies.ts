/** Reads bodies of groups' routes: JSON, or forms as the replaced system's scripts send them. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { decodeOnly, fieldsOf, formFieldsOf } from "./body.ts"
import type { Kinds } from "./form.ts"

const FORM: Kinds = {
  create_in_keycloak: "boolean",
  delete_from_keycloak: "boolean",
  force: "boolean",
  groups: "csv",
  group_names: "csv"
}

/** What a script leaves empty it does not mean. */
const withoutEmpty = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""))

type Request = HttpServerRequest.HttpServerRequest

type Body<F extends Schema.Struct.Fields> = Schema.Struct<F> &
  Schema.Schema<Schema.Struct<F>["Type"], Schema.Struct<F>["Encoded"]>

const decoder =
  (read: (request: Request) => ReturnType<typeof fieldsOf>) =>
  <F extends Schema.Struct.Fields>(schema: Body<F>) => {
    const decode = decodeOnly(schema, Object.keys(schema.fields))
    return (request: Request) => read(request).pipe(Effect.map(withoutEmpty), Effect.flatMap(decode))
  }

/** Decoder for one schema, of JSON or a form; made once, at module level. */
export const bodyOf = decoder((request) => formFieldsOf(request, FORM))

/** The same of JSON alone: of what a form can not say. */
export const jsonBodyOf = decoder(fieldsOf)
