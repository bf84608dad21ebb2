/**
 * Dynamic client registration (RFC 7591) before the provider sees it: what a client says of itself is made plain, and a public client that
 * registers the same at every run gets the same id each time, whatever loopback port it drew. Trusts no name as an identity.
 */
import { createHash, randomBytes } from "node:crypto"
import { isOnOneMachine, redirectProblem, withoutLoopbackPort } from "./redirects.ts"

export type Metadata = Readonly<Record<string, unknown>>

/** What is answered 400 `invalid_client_metadata` or `invalid_redirect_uri`. */
export class MetadataProblem {
  readonly error: "invalid_client_metadata" | "invalid_redirect_uri"
  readonly error_description: string
  constructor(error: MetadataProblem["error"], description: string) {
    this.error = error
    this.error_description = description
  }
}

export const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

/** What clients that register themselves may use; client credentials are for those set up beforehand (A-37). */
const GRANT_TYPES: ReadonlyArray<string> = ["authorization_code", "refresh_token", DEVICE_CODE]

/** Ids of clients that register themselves begin so. */
export const REGISTERED_CLIENT = "mcp_"

const MAX_REDIRECTS = 50
const MAX_NAME = 200
/** Characters of all that is kept of a client: it is kept for ever, and whoever wants to may register. */
const MAX_METADATA = 8_192

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string")

const invalid = (description: string): MetadataProblem => new MetadataProblem("invalid_client_metadata", description)

const grantTypesOf = (asked: unknown): ReadonlyArray<string> | MetadataProblem => {
  if (asked === undefined) return ["authorization_code", "refresh_token"]
  if (!isTexts(asked)) return invalid("grant_types: must be a list of strings")
  const kept = asked.filter((grant) => GRANT_TYPES.includes(grant))
  return kept.length > 0 ? kept : invalid(`grant_types: held none of ${GRANT_TYPES.join(", ")}`)
}

const redirectsOf = (asked: unknown): ReadonlyArray<string> | MetadataProblem => {
  if (asked === undefined) return []
  if (!isTexts(asked) || asked.length > MAX_REDIRECTS) {
    return invalid(`redirect_uris: must be a list of at most ${MAX_REDIRECTS} strings`)
  }
  for (const uri of asked) {
    const problem = redirectProblem(uri)
    if (problem !== undefined) {
      return new MetadataProblem("invalid_redirect_uri", `redirect_uris: one of them ${problem}`)
    }
  }
  return asked
}

/** Every redirect is https: only then do the rules of web applications fit. */
const isWeb = (asked: unknown, redirects: ReadonlyArray<string>): boolean =>
  asked === "web" && redirects.every((uri) => uri.startsWith("https:"))

/**
 * The metadata as the provider takes it. `scope` is left out: which scopes there are is a matter of each request. Used for metadata
 * documents, too.
 */
export const normalise = (asked: Metadata): Metadata | MetadataProblem => {
  if (JSON.stringify(asked).length > MAX_METADATA) {
    return invalid(`client metadata: must take at most ${MAX_METADATA} characters as JSON`)
  }
  const { scope: _scope, client_name: name, ...rest } = asked
  const redirects = redirectsOf(rest["redirect_uris"])
  if (redirects instanceof MetadataProblem) return redirects
  const grants = grantTypesOf(rest["grant_types"])
  if (grants instanceof MetadataProblem) return grants
  if (name !== undefined && (typeof name !== "string" || name.length > MAX_NAME)) {
    return invalid(`client_name: must be a string of at most ${MAX_NAME} characters`)
  }
  const codes = grants.includes("authorization_code")
  if (codes && redirects.length === 0) return invalid("redirect_uris: must hold at least one")
  return {
    ...rest,
    ...(name === undefined ? {} : { client_name: name }),
    redirect_uris: redirects,
    grant_types: grants,
    response_types: codes ? ["code"] : [],
    application_type: isWeb(rest["application_type"], redirects) ? "web" : "native"
  }
}

/**
 * A client on people's own machines can keep no secret: one that does not say how it proves itself is a public one there, and not, as by
 * default, given a secret and a new id at every run. RFC 7591 §3.2.1 lets the server replace what was asked, and its answer says so.
 */
export const withAuthMethod = (asked: Metadata): Metadata => {
  const redirects = asked["redirect_uris"]
  const keepsNone = isTexts(redirects) && redirects.length > 0 && redirects.every(isOnOneMachine)
  return asked["token_endpoint_auth_method"] === undefined && keepsNone
    ? { ...asked, token_endpoint_auth_method: "none" }
    : asked
}

/** JSON with sorted keys: equal metadata is equal text. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(",")}}`
}

/** The id a registration gets: of a public client made of its metadata, of one with a secret fresh. */
export const clientIdFor = (metadata: Metadata): string => {
  if (metadata["token_endpoint_auth_method"] !== "none")
    return `${REGISTERED_CLIENT}${randomBytes(18).toString("base64url")}`
  const redirects = isTexts(metadata["redirect_uris"]) ? metadata["redirect_uris"] : []
  const stable = { ...metadata, redirect_uris: [...new Set(redirects.map(withoutLoopbackPort))].toSorted() }
  return `${REGISTERED_CLIENT}${createHash("sha256").update(canonical(stable)).digest("base64url").slice(0, 32)}`
}
