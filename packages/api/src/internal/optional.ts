/** A field that may be absent, and is not `undefined` when it is there. */
import * as Schema from "effect/Schema"

export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
