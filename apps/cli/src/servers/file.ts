/** A server as a JSON file of the replaced system holds it (contracts §2.9, §2.14), and what the API takes. Names every wrong field at once. */
import * as FileSystem from "@effect/platform/FileSystem"
import { EditFields, RegisterFields } from "@mcpgw/api/ServerShapes"
import { fieldProblems } from "@mcpgw/domain/FieldProblems"
import * as Effect from "effect/Effect"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { type Failure, usage, wrongFields } from "../Failure.ts"
import { fileProblem } from "../fileProblem.ts"

const Fields = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

export const readFields = (file: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(fs.readFileString(file), (error) =>
      usage(`${JSON.stringify(file)} can not be read: ${fileProblem(error)}`)
    )
    return yield* Effect.mapError(Schema.decode(Fields)(text), () =>
      usage(
        `${JSON.stringify(file)} holds no JSON object`,
        "it may hold a server's fields, such as server_name, path and proxy_pass_url"
      )
    )
  })

/** contracts §2.14: AgentCore's gateways have a slash on both sides, and the address without what the gateway adds. */
const agentCore = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { auth_provider: provider, path, proxy_pass_url: url } = fields
  if (provider !== "bedrock-agentcore" || typeof path !== "string" || typeof url !== "string") return fields
  return { ...fields, path: `/${path.replace(/^\/+|\/+$/g, "")}/`, proxy_pass_url: url.replace(/\/mcp\/?$/, "/") }
}

/** A form's spelling of a field, a later client's and an older file's are the record's. */
const SPELLINGS = { name: "server_name", service_path: "path", transport: "supported_transports" }

const renamed = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const result: Record<string, unknown> = { ...fields }
  for (const [theirs, ours] of Object.entries(SPELLINGS)) {
    if (result[theirs] === undefined) continue
    if (result[ours] !== undefined) {
      // An older file may say its transport twice.
      if (theirs === "transport") delete result[theirs]
      continue
    }
    const value = result[theirs]
    result[ours] = theirs === "transport" && typeof value === "string" ? [value] : value
    delete result[theirs]
  }
  return result
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 120)

/** Values that may be secret are not repeated. */
const SECRET = /header|credential|token|secret/i

const explained = (error: ParseResult.ParseError): Failure =>
  wrongFields(
    "usage",
    "That is no server:",
    fieldProblems(error).map(({ expected, known, path }) => {
      const field = path.map(String).join(".")
      if (known !== undefined) return { field, says: `: there is no such field; ${expected}` }
      return { field, says: SECRET.test(field) ? ": it may not hold that" : `: ${expected}` }
    })
  )

const decoded =
  <A, I>(schema: Schema.Schema<A, I>) =>
  (fields: Readonly<Record<string, unknown>>) =>
    Effect.mapError(
      Schema.decodeUnknown(schema, { errors: "all", onExcessProperty: "error" })(agentCore(renamed(fields))),
      explained
    )

/** Path and address are judged by the gateway as well; here for one's own words (contracts §2.14). */
const Path = Schema.String.pipe(
  Schema.filter(
    (path) => /^\/[^/]/.test(path) || `path held ${shown(path)}; it begins with / and goes on, such as /weather`
  )
)

export const registration = (fields: Readonly<Record<string, unknown>>) =>
  Effect.tap(decoded(RegisterFields)(fields), ({ path }) =>
    Effect.mapError(Schema.decode(Path)(path), () =>
      usage(`path held ${shown(path)}`, "it may hold a / and what follows, such as /weather")
    )
  )

export const edit = decoded(EditFields)
