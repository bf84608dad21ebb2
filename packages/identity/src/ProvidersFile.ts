/**
 * `oauth2_providers.yml` of the replaced system, read as it is (contracts.md §2.6): `${NAME}` and `${NAME:-default}` stand for an environment variable, disabled
 * providers are skipped with whatever they lack. Never repeats a secret. Its `session` and `registry` sections have no effect: the cookie
 * and where a sign-in leads are this gateway's own.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { parse } from "yaml"
import { complete } from "./internal/completeProvider.ts"
import { type Described, ProviderFields } from "./internal/providerFields.ts"
import { type IdentityProvider, ProvidersMisconfigured } from "./IdentityProvider.ts"

/** Reads one variable of the environment; undefined when it is unset or empty. */
export type Environment = (name: string) => string | undefined

const File = Schema.Struct({
  providers: Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.Object) }))
})

const decodeFile = Schema.decodeUnknownEither(File)
const decodeFields = Schema.decodeUnknownEither(ProviderFields)

export interface ReadProviders {
  readonly providers: ReadonlyArray<IdentityProvider>
  /** Names of those that are there and switched off. */
  readonly disabled: ReadonlyArray<string>
  /** What was passed over and may have been meant. */
  readonly warnings: ReadonlyArray<string>
}

/** `name` is the file's, for messages. */
export const parseProviders = (
  name: string,
  text: string,
  environment: Environment
): Effect.Effect<ReadProviders, ProvidersMisconfigured> =>
  Effect.suspend(() => {
    const file = fileOf(name, text)
    if (typeof file === "string") return Effect.fail(new ProvidersMisconfigured({ problems: [file] }))
    const entries = Object.entries(file.providers ?? {})
    const results = entries.map(([provider, entry]) => readEntry(name, provider, entry ?? {}, environment))
    const problems = results.flatMap((result) => (result.kind === "wrong" ? result.problems : []))
    if (problems.length > 0) return Effect.fail(new ProvidersMisconfigured({ problems }))
    return Effect.succeed({
      providers: results.flatMap((result) => (result.kind === "provider" ? [result.provider] : [])),
      disabled: entries.flatMap(([provider], i) => (results[i]?.kind === "disabled" ? [provider] : [])),
      warnings: results.flatMap((result) => (result.kind === "provider" ? result.warnings : []))
    })
  })

const fileOf = (name: string, text: string): typeof File.Type | string => {
  try {
    const decoded = decodeFile(parse(text, { maxAliasCount: 100 }) ?? { providers: null })
    if (Either.isRight(decoded)) return decoded.right
    return `${name}: holds no list of providers; it may hold providers: {name}: {display_name, client_id, …}`
  } catch (cause) {
    // The first line alone: the rest shows the text, which may hold a secret.
    const problem = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : ""
    return `${name}: is no YAML: ${problem}`
  }
}

type Entry =
  | { readonly kind: "disabled" }
  | { readonly kind: "provider"; readonly provider: IdentityProvider; readonly warnings: ReadonlyArray<string> }
  | { readonly kind: "wrong"; readonly problems: ReadonlyArray<string> }

const readEntry = (file: string, name: string, entry: object, environment: Environment): Entry => {
  const where = `${file}: providers.${name}`
  const lookup = withDomain(environment)
  const enabled = substitute("enabled" in entry ? entry.enabled : undefined, lookup)
  if (enabled.unset.length > 0 || !isOn(enabled.value)) return { kind: "disabled" }
  const unset: Array<string> = []
  const substituted = Object.entries(entry).map(([field, value]) => {
    const { unset: names, value: text } = substitute(value, lookup)
    const lacks = names.map(
      (variable) => `${where}.${field}: held "\${${variable}}"; ${variable} has to be set, or the provider disabled`
    )
    unset.push(...lacks)
    return [field, text] as const
  })
  if (unset.length > 0) return { kind: "wrong", problems: unset }
  const decoded = decodeFields(Object.fromEntries(substituted))
  if (Either.isLeft(decoded)) return { kind: "wrong", problems: [`${where}.${undecodable(decoded.left)}`] }
  const described: Described = {
    name,
    label: (field) => `${where}.${field}`,
    audiencesFrom: `${where}.audiences`,
    fields: known(name, decoded.right, lookup)
  }
  const provider = complete(described)
  if (!("name" in provider)) return { kind: "wrong", problems: provider }
  const strange = Object.keys(entry).filter((field) => !(field in ProviderFields.fields))
  const warnings = strange.map((field) => `${where}.${field} is no field of a provider, and has no effect`)
  return { kind: "provider", provider, warnings }
}

/** What the file leaves to the environment: who issues Cognito's tokens, and the client of machines at Keycloak (contracts.md §2.5). */
const known = (name: string, fields: ProviderFields, environment: Environment): ProviderFields => {
  const kind = fields.kind ?? name
  const machine = environment(kind === "keycloak" ? "KEYCLOAK_M2M_CLIENT_ID" : "COGNITO_M2M_CLIENT_ID")
  if ((kind !== "keycloak" && kind !== "cognito") || machine === undefined) return withIssuer(kind, fields, environment)
  return withIssuer(kind, { ...fields, audiences: [...(fields.audiences ?? []), machine] }, environment)
}

const withIssuer = (kind: string, fields: ProviderFields, environment: Environment): ProviderFields => {
  const issuer = kind === "cognito" ? cognitoIssuer(environment) : undefined
  return issuer === undefined || typeof fields.issuer === "string" ? fields : { ...fields, issuer }
}

/** `https://cognito-idp.{region}.amazonaws.com/{pool}`; a pool's id begins with its region. */
export const cognitoIssuer = (environment: Environment): string | undefined => {
  const pool = environment("COGNITO_USER_POOL_ID")
  const region = environment("AWS_REGION") ?? pool?.split("_")[0]
  return pool === undefined || region === undefined ? undefined : `https://cognito-idp.${region}.amazonaws.com/${pool}`
}

/** With `COGNITO_DOMAIN` at `auto`, or unset, the domain follows from the pool's id, as the replaced system had it. */
const withDomain =
  (environment: Environment): Environment =>
  (name) => {
    const value = environment(name)
    if (name !== "COGNITO_DOMAIN" || (value !== undefined && value !== "auto")) return value
    return environment("COGNITO_USER_POOL_ID")?.replaceAll("_", "").toLowerCase()
  }

/** Variables that reading such a file may ask for. */
export const variablesIn = (text: string): ReadonlyArray<string> => [
  ...new Set([...[...text.matchAll(REFERENCE)].map((match) => match[1] ?? ""), ...IMPLIED])
]

/** Not in the file, and needed with it. */
const IMPLIED = [
  "COGNITO_DOMAIN",
  "COGNITO_USER_POOL_ID",
  "AWS_REGION",
  "COGNITO_M2M_CLIENT_ID",
  "KEYCLOAK_M2M_CLIENT_ID"
]

/** As shells and Compose read it: the default holds when the variable is unset or empty. */
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

interface Substituted {
  readonly value: unknown
  /** Variables that are not set. */
  readonly unset: ReadonlyArray<string>
}

/** In texts, and in lists of texts. */
const substitute = (value: unknown, environment: Environment): Substituted => {
  if (Array.isArray(value)) {
    const parts = value.map((part) => substitute(part, environment))
    return { value: parts.map((part) => part.value), unset: parts.flatMap((part) => part.unset) }
  }
  if (typeof value !== "string") return { value, unset: [] }
  const unset = [...value.matchAll(REFERENCE)].flatMap(([, name = "", otherwise]) =>
    otherwise === undefined && environment(name) === undefined ? [name] : []
  )
  const put = (_: string, name: string, otherwise: string | undefined): string => environment(name) ?? otherwise ?? ""
  return { value: value.replaceAll(REFERENCE, put), unset }
}

const isOn = (value: unknown): boolean =>
  value === true || (typeof value === "string" && /^(?:true|1|yes|on)$/i.test(value.trim()))

/** The field and what was expected; the value is not repeated, it may be a secret. */
const undecodable = (error: ParseResult.ParseError): string => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const [field = ""] = issue?.path ?? []
  const holds = field === "scopes" || field === "audiences" ? "a list of texts" : "a text"
  return `${String(field)}: held something else; it may hold ${holds}`
}
