/**
 * The token files of contracts.md §2.13: what they hold, read leniently (others wrote them, too), written whole. Pure; the texts hold tokens and
 * belong into the folder only.
 */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Age } from "./due.ts"

/** What a provider gave. */
export interface Granted {
  readonly accessToken: Redacted.Redacted
  readonly refreshToken: Redacted.Redacted | undefined
  /** Seconds; undefined when the provider says none: then it does not end by itself. */
  readonly expiresIn: number | undefined
  readonly scope: string | undefined
}

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))
/** Unix seconds, or ISO 8601. */
const Moment = Schema.Union(Schema.Number.pipe(Schema.finite()), Schema.String)

/** What every token file says. Other fields are kept as they are. */
export const Stored = Schema.Struct(
  {
    access_token: Schema.String.pipe(Schema.nonEmptyString()),
    provider: maybe(Schema.String),
    refresh_token: maybe(Schema.String),
    expires_at: maybe(Moment),
    expires_in: maybe(Schema.Number),
    saved_at: maybe(Moment),
    generated_at: maybe(Moment),
    client_id: maybe(Schema.String),
    keycloak_url: maybe(Schema.String),
    realm: maybe(Schema.String),
    keycloak_realm: maybe(Schema.String),
    user_pool_id: maybe(Schema.String),
    region: maybe(Schema.String),
    cloud_id: maybe(Schema.String)
  },
  Schema.Record({ key: Schema.String, value: Schema.Unknown })
)
export type Stored = typeof Stored.Type

/** What an agent needs to get its tokens: `agent-{id}-m2m.json`. */
export const AgentConfig = Schema.Struct({
  client_id: Schema.NonEmptyString,
  client_secret: Schema.NonEmptyString,
  keycloak_url: maybe(Schema.String),
  realm: maybe(Schema.String),
  keycloak_realm: maybe(Schema.String)
})
export type AgentConfig = typeof AgentConfig.Type

/** `2026-11-28 07:28:01 UTC`, as the replaced system writes it. */
export const human = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`

/** Unix seconds of a number, of ISO 8601 or of `human`; undefined when it is none. */
export const secondsOf = (moment: number | string | null | undefined): number | undefined => {
  if (typeof moment === "number") return moment
  if (moment === null || moment === undefined) return undefined
  const plain = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(moment)
  const at = Date.parse(plain === null ? moment : `${plain[1]}T${plain[2]}Z`)
  return Number.isNaN(at) ? undefined : at / 1000
}

/** A token whose end can not be read is treated as ended. */
export const ageOf = (stored: Stored): Age => {
  const written = stored.expires_at
  const expiresAt = written === null || written === undefined ? null : (secondsOf(written) ?? 0)
  const began = secondsOf(stored.saved_at) ?? secondsOf(stored.generated_at)
  const lifetime = stored.expires_in ?? (expiresAt === null || began === undefined ? undefined : expiresAt - began)
  return { expiresAt, lifetime: lifetime !== undefined && lifetime > 0 ? lifetime : undefined }
}

type Fields = Readonly<Record<string, unknown>>

/** The times of a token that is new now. */
const times = ({ expiresIn }: Granted, now: number): Fields => {
  const expiresAt = expiresIn === undefined ? null : Math.floor(now + expiresIn)
  return {
    expires_at: expiresAt,
    expires_at_human: expiresAt === null ? "does not expire" : human(expiresAt),
    saved_at: human(now)
  }
}

/** The new refresh token, or the one that is kept when the provider gave none. */
const refreshed = ({ refreshToken }: Granted, kept: string | null | undefined): string | null =>
  refreshToken === undefined ? (kept ?? null) : Redacted.value(refreshToken)

/** Which identity provider callers of the gateway are known by, and its own fields of `ingress.json`. */
export type IngressWhere =
  | { readonly provider: "keycloak_m2m"; readonly keycloak_url: string; readonly realm: string }
  | { readonly provider: "cognito_m2m"; readonly user_pool_id: string; readonly region: string }
  | { readonly provider: "mcpgw_m2m"; readonly gateway_url: string }

export const ingress = (granted: Granted, clientId: string, where: IngressWhere, now: number): Fields => ({
  ...where,
  access_token: Redacted.value(granted.accessToken),
  refresh_token: refreshed(granted, null),
  ...times(granted, now),
  token_type: "Bearer",
  client_id: clientId,
  usage_notes: "For the gateway: X-Authorization: Bearer <access_token>"
})

export interface EgressMore {
  readonly provider: string
  readonly cloudId: string | null
  readonly scopes: ReadonlyArray<string>
  /** The refresh token there was. */
  readonly kept: string | null | undefined
}

export const egress = (granted: Granted, { cloudId, kept, provider, scopes }: EgressMore, now: number): Fields => ({
  provider,
  access_token: Redacted.value(granted.accessToken),
  refresh_token: refreshed(granted, kept),
  ...times(granted, now),
  token_type: "Bearer",
  cloud_id: cloudId,
  scopes,
  usage_notes: `For ${provider}: Authorization: Bearer <access_token>`
})

export interface AgentWhere {
  readonly id: string
  readonly clientId: string
  readonly keycloakUrl: string
  readonly realm: string
}

export const agentToken = (
  granted: Granted,
  { clientId, id, keycloakUrl, realm }: AgentWhere,
  now: number
): Fields => ({
  agent_name: id,
  access_token: Redacted.value(granted.accessToken),
  token_type: "Bearer",
  expires_in: granted.expiresIn ?? null,
  generated_at: new Date(now * 1000).toISOString(),
  expires_at: granted.expiresIn === undefined ? null : new Date((now + granted.expiresIn) * 1000).toISOString(),
  provider: "keycloak",
  keycloak_url: keycloakUrl,
  keycloak_realm: realm,
  client_id: clientId,
  scope: granted.scope ?? "",
  metadata: {}
})

/** A value on one line of an env file, whatever is in it. */
const quoted = (value: string): string => (/^[\w.~:/@+-]*$/.test(value) ? value : JSON.stringify(value))

/** The `.env` twin of an agent's token. */
export const agentEnv = (granted: Granted, where: AgentWhere, secret: Redacted.Redacted): string =>
  Object.entries({
    ACCESS_TOKEN: Redacted.value(granted.accessToken),
    CLIENT_ID: where.clientId,
    CLIENT_SECRET: Redacted.value(secret),
    KEYCLOAK_URL: where.keycloakUrl,
    KEYCLOAK_REALM: where.realm,
    AUTH_PROVIDER: "keycloak"
  })
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("")

/** A file's text. */
export const textOf = (fields: Fields): string => `${JSON.stringify(fields, null, 2)}\n`

/** What was in the file and what is new: fields nobody here knows stay. */
export const over = (held: Fields, fields: Fields): Fields => ({ ...held, ...fields })
