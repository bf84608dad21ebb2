/**
 * The document that describes a server, `server.json` of the schema 2025-12-11 (protocol.md §4): its shape, and everything that is wrong with
 * one at once. Decides nothing about who may publish it. Keeps what it does not know, as the schema does.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { fieldProblems } from "./FieldProblems.ts"
import { versionProblem } from "./VersionOrder.ts"

/** Address of the schema documents are written and checked by. */
export const SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

/** The one key of a document's own `_meta` that a registry keeps. */
export const PUBLISHER_META = "io.modelcontextprotocol.registry/publisher-provided"

/** Longest document, in bytes of JSON. */
export const MAX_DOCUMENT_BYTES = 64 * 1024
/** Longest publisher's `_meta`, in bytes of JSON. */
export const MAX_PUBLISHER_META_BYTES = 4 * 1024

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const sized = (least: number, most: number) => Schema.String.pipe(Schema.minLength(least), Schema.maxLength(most))
const record = <A, I>(value: Schema.Schema<A, I>) => Schema.Record({ key: Schema.String, value })

/** RFC 3986, what the published schema's `format: uri` takes: `URL` alone would also read blanks, backslashes, or a scheme with nothing behind it. */
const CHAR = "(?:[\\w\\-.~!$&'()*+,;=:]|%[0-9a-f]{2})"
const AUTHORITY = `//(?:${CHAR}*@)?(?:\\[[0-9a-f:.]+\\](?::\\d+)?|${CHAR}*)(?:/(?:${CHAR}|[@/])*)?`
const PATH = `(?:${CHAR}|@)(?:${CHAR}|[@/])*`
const REST = `(?:${CHAR}|[@/?])*`
const URI = new RegExp(`^[a-z][a-z0-9+.-]*:(?:${AUTHORITY}|/?${PATH}|/)(?:\\?${REST})?(?:#${REST})?$`, "i")

const Uri = Schema.String.pipe(
  Schema.filter((text) =>
    URI.test(text) && URL.canParse(text) ? true : "must be an absolute URL such as https://example.com/"
  )
)

/** */
export const ServerName = sized(3, 200).pipe(
  Schema.pattern(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/, {
    message: () => "must be a reverse-DNS namespace, one '/' and a name, such as io.github.user/weather"
  })
)

const inputFields = {
  description: optional(Schema.String),
  isRequired: optional(Schema.Boolean),
  format: optional(Schema.Literal("string", "number", "boolean", "filepath")),
  value: optional(Schema.String),
  isSecret: optional(Schema.Boolean),
  default: optional(Schema.String),
  placeholder: optional(Schema.String),
  choices: optional(Schema.Array(Schema.String))
}
const Input = Schema.Struct(inputFields).annotations({ identifier: "Input" })
const withVariables = { ...inputFields, variables: optional(record(Input)) }

export const KeyValueInput = Schema.Struct({ ...withVariables, name: Schema.String }).annotations({
  identifier: "KeyValueInput"
})
export type KeyValueInput = typeof KeyValueInput.Type

const repeated = optional(Schema.Boolean)
const Argument = Schema.Union(
  Schema.Struct({
    ...withVariables,
    type: Schema.Literal("positional"),
    valueHint: optional(Schema.String),
    isRepeated: repeated
  }).pipe(
    Schema.filter(({ value, valueHint }) =>
      value === undefined && valueHint === undefined ? "must hold value or valueHint" : true
    )
  ),
  Schema.Struct({ ...withVariables, type: Schema.Literal("named"), name: Schema.String, isRepeated: repeated })
).annotations({ identifier: "Argument" })

const TransportUrl = Schema.String.pipe(
  Schema.pattern(/^https?:\/\/[^\s]+$/, { message: () => "must begin with http:// or https://, without spaces" })
)
const atUrl = { url: TransportUrl, headers: optional(Schema.Array(KeyValueInput)) }

/** Where a server is reached. */
export const Remote = Schema.Struct({
  ...atUrl,
  type: Schema.Literal("streamable-http", "sse"),
  variables: optional(record(Input))
})
export type Remote = typeof Remote.Type

const LocalTransport = Schema.Union(
  Schema.Struct({ type: Schema.Literal("stdio") }),
  Schema.Struct({ ...atUrl, type: Schema.Literal("streamable-http") }),
  Schema.Struct({ ...atUrl, type: Schema.Literal("sse") })
)

const Version = Schema.String.pipe(
  Schema.maxLength(255),
  Schema.filter((version) => versionProblem(version) ?? true)
)

const Package = Schema.Struct({
  registryType: Schema.String,
  registryBaseUrl: optional(Uri),
  identifier: Schema.String,
  version: optional(Version),
  fileSha256: optional(Schema.String.pipe(Schema.pattern(/^[a-f0-9]{64}$/))),
  runtimeHint: optional(Schema.String),
  transport: LocalTransport,
  runtimeArguments: optional(Schema.Array(Argument)),
  packageArguments: optional(Schema.Array(Argument)),
  environmentVariables: optional(Schema.Array(KeyValueInput))
})

const Icon = Schema.Struct({
  src: Uri.pipe(Schema.maxLength(255)),
  mimeType: optional(Schema.Literal("image/png", "image/jpeg", "image/jpg", "image/svg+xml", "image/webp")),
  sizes: optional(Schema.Array(Schema.String.pipe(Schema.pattern(/^(\d+x\d+|any)$/)))),
  theme: optional(Schema.Literal("light", "dark"))
})

const Repository = Schema.Struct({
  url: Uri,
  source: Schema.String,
  id: optional(Schema.String),
  subfolder: optional(Schema.String)
})

const bytesOf = (value: unknown): number => {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? "")
  } catch {
    // Nested deeper than can be written, although it could be read.
    return Number.POSITIVE_INFINITY
  }
}

const PublisherMeta = record(Schema.Unknown).pipe(
  Schema.filter((value) =>
    bytesOf(value) > MAX_PUBLISHER_META_BYTES ? `must be at most ${MAX_PUBLISHER_META_BYTES} bytes of JSON` : true
  )
)

/** A `server.json`. */
export const ServerJson = Schema.Struct({
  $schema: optional(Uri),
  name: ServerName,
  title: optional(sized(1, 100)),
  description: sized(1, 100),
  version: Version,
  websiteUrl: optional(Uri),
  repository: optional(Repository),
  icons: optional(Schema.Array(Icon)),
  packages: optional(Schema.Array(Package)),
  remotes: optional(Schema.Array(Remote)),
  _meta: optional(Schema.Struct({ [PUBLISHER_META]: optional(PublisherMeta) }))
}).annotations({ identifier: "ServerJson" })
export type ServerJson = typeof ServerJson.Type

/** One thing that is wrong with a document. */
export interface DocumentIssue {
  /** Dotted, such as `remotes.0.url`; empty: the document itself. */
  readonly path: string
  /** What it must be. Never repeats what it held. */
  readonly message: string
}

const decode = Schema.decodeUnknownEither(ServerJson, { errors: "all", onExcessProperty: "preserve" })

/** What is wrong with `input`, everything at once, or the document in it. Extra members stay. */
export const readServerJson = (input: unknown): Either.Either<ServerJson, ReadonlyArray<DocumentIssue>> => {
  if (bytesOf(input) > MAX_DOCUMENT_BYTES) {
    return Either.left([{ path: "", message: `must be at most ${MAX_DOCUMENT_BYTES} bytes of JSON` }])
  }
  return Either.mapLeft(decode(input), (error) => {
    return fieldProblems(error).map(({ expected, path }) => ({
      path: path.map(String).join("."),
      message: expected.replace(/^it (?=must|is|may)/, "")
    }))
  })
}

/** As it is kept: of its own `_meta` what the publisher may say alone. */
export const publishable = ({ _meta, ...document }: ServerJson): ServerJson => {
  const given = _meta?.[PUBLISHER_META]
  return given === undefined ? document : { ...document, _meta: { [PUBLISHER_META]: given } }
}
