/**
 * What the vault keeps of one server, and the rules for it: which header names may be set, how the environment is referred to, which
 * addresses a secret is for. Pure; keeps nothing and opens nothing.
 */
import type { AuthScheme, ServerRecord } from "@mcpgw/domain/Server"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { InvalidSecret } from "./VaultError.ts"

export const ServerSecrets = Schema.Struct({
  /** Of `bearer` and `api_key`, without its scheme. */
  credential: Schema.optionalWith(Schema.String, { exact: true }),
  /** Custom headers, in order. */
  headers: Schema.Array(Schema.Tuple(Schema.String, Schema.String)),
  /** Whom it may be sent to. Of a record that has moved elsewhere nothing is sent: the secret was given for another server. */
  origins: Schema.Array(Schema.String),
  /** May `$NAME_AUTH_TOKEN` in it stand for a variable of the environment? Only an administrator lends those. */
  references: Schema.Boolean
})
export type ServerSecrets = typeof ServerSecrets.Type

/** Stands in a record for a header value that is in the vault. Sent back in an edit it means: as it is. */
export const SEALED = "(sealed)"

export const DEFAULT_API_KEY_HEADER = "X-API-Key"

const HEADER_NAME = /^[!#$%&'*+.^_`|~A-Za-z0-9-]{1,128}$/

/** Visible ASCII, spaces inside: anything else breaks a header, or arrives as something else. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

const MAX_VALUE = 8_192

/** Can it be the value of a header? */
export const isSendable = (value: string): boolean => VALUE.test(value) && value.length <= MAX_VALUE

/** Set by the dialler for each message, or said by the gateway about the caller: a record has no say in them (S-01). */
const OURS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-authorization",
  "x-auth-method",
  "x-client-id-auth",
  "x-groups",
  "x-original-url",
  "x-real-ip",
  "x-scopes",
  "x-server-name",
  "x-tool-name",
  "x-user",
  "x-username"
])

/** CGI and WSGI servers take `x_user` for `x-user`. */
const folded = (name: string): string => name.toLowerCase().replaceAll("_", "-")

/** May a record have this header sent? */
export const isSettable = (name: string): boolean =>
  HEADER_NAME.test(name) && !OURS.has(folded(name)) && !folded(name).startsWith("x-forwarded-")

const REFERENCE = /\$(?:\{([A-Z0-9_]+_AUTH_TOKEN)\}|([A-Z0-9_]+_AUTH_TOKEN)(?![A-Za-z0-9_]))/g

/** The variables a value refers to (contracts.md §2.9). */
export const referencesIn = (value: string): ReadonlyArray<string> =>
  [...value.matchAll(REFERENCE)].map(([, braced, bare]) => braced ?? bare ?? "")

/** A value that is a reference and nothing else, but for a scheme before it: no secret. */
export const isBareReference = (value: string): boolean => /^(?:[A-Za-z]+ )?\$\{?[A-Z0-9_]+_AUTH_TOKEN\}?$/.test(value)

/** What is shown in place of a header's value. */
export const shownValue = (value: string): string => (isBareReference(value) ? value : SEALED)

/** With each reference as `variable` says; the name of one that it does not know otherwise. */
export const resolved = (
  value: string,
  variable: (name: string) => string | undefined
): { readonly value: string } | { readonly missing: string } => {
  const missing = referencesIn(value).find((name) => variable(name) === undefined)
  if (missing !== undefined) return { missing }
  return { value: value.replace(REFERENCE, (_, braced, bare) => variable(braced ?? bare) ?? "") }
}

const originOf = (address: string): string => {
  const url = URL.parse(address)
  return url === null ? address : `${url.protocol}//${url.host}`
}

type Addressed = Pick<ServerRecord, "proxy_pass_url"> & {
  readonly mcp_endpoint?: string | undefined
  readonly sse_endpoint?: string | undefined
}

/** Whom calls to this record go to. */
export const originsOf = ({ mcp_endpoint, proxy_pass_url, sse_endpoint }: Addressed): ReadonlyArray<string> => [
  ...new Set([proxy_pass_url, mcp_endpoint ?? "", sse_endpoint ?? ""].filter((address) => address !== "").map(originOf))
]

const invalid = (field: string, expected: string) => Either.left(new InvalidSecret({ field, expected }))

/** The credential of this scheme as it is kept. `Bearer ` before one is what people paste along with it. */
export const checkedCredential = (
  scheme: AuthScheme | undefined,
  given: string
): Either.Either<string, InvalidSecret> => {
  const credential = scheme === "bearer" ? given.trim().replace(/^bearer +/i, "") : given.trim()
  return isSendable(credential)
    ? Either.right(credential)
    : invalid("auth_credential", `it must be 1 to ${MAX_VALUE} visible characters of ASCII`)
}

export const checkedHeaderName = (name: string): Either.Either<string, InvalidSecret> =>
  isSettable(name)
    ? Either.right(name)
    : invalid("auth_header_name", "it must be a header's name, and none that HTTP, MCP or the gateway sets itself")

/** Custom headers as they are kept. */
export const checkedHeaders = (
  headers: ReadonlyArray<readonly [string, string]>
): Either.Either<ReadonlyArray<readonly [string, string]>, InvalidSecret> => {
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name))
      return invalid("headers", "a header name may hold letters, digits and !#$%&'*+.^_`|~- only")
    if (!isSettable(name)) return invalid(`headers.${name}`, "HTTP, MCP or the gateway sets that header itself")
    if (!isSendable(value.trim())) {
      return invalid(`headers.${name}`, `it must be 1 to ${MAX_VALUE} visible characters of ASCII`)
    }
  }
  return Either.right(headers.map(([name, value]) => [name, value.trim()] as const))
}
