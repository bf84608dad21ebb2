/** Group lists as a JSON column. */
import * as Schema from "effect/Schema"

const Groups = Schema.parseJson(Schema.Array(Schema.String))

export const decodeGroups = Schema.decodeUnknown(Groups)
export const encodeGroups = Schema.encodeSync(Groups)
