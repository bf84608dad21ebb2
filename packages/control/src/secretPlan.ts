/**
 * What an edit or a registration means for the secrets of a server: what is sealed, and what its record shows instead. Pure; whoever asks
 * has been judged before. A secret never follows a server to an address that somebody else chose than who gave it.
 */
import type { AuthScheme, Registration, ServerRecord } from "@mcpgw/domain/Server"
import {
  checkedCredential,
  checkedHeaderName,
  checkedHeaders,
  originsOf,
  referencesIn,
  SEALED,
  shownValue,
  type ServerSecrets
} from "@mcpgw/vault/ServerSecrets"
import { InvalidSecret } from "@mcpgw/vault/VaultError"
import * as Either from "effect/Either"

/** Fields of a record, and the credential itself, which is none: an empty text takes it away. */
export type Given = Partial<Omit<Registration, "path">> & { readonly auth_credential?: string }

export interface Plan {
  /** To be sealed; undefined: there is nothing to keep. */
  readonly secrets: ServerSecrets | undefined
  /** Beside the others, without the row's name. */
  readonly fields: Pick<Registration, "auth_scheme" | "auth_header_name" | "headers" | "credential_set_at">
}

export interface Situation {
  readonly given: Given
  /** Undefined: a registration. */
  readonly before: ServerRecord | undefined
  /** What the vault holds of it. */
  readonly held: ServerSecrets | undefined
  /** An administrator: may lend what the environment holds, and choose addresses for secrets. */
  readonly vouches: boolean
  /** ISO 8601. */
  readonly now: string
}

type Pairs = ReadonlyArray<readonly [string, string]>

const ADDRESSES = ["proxy_pass_url", "mcp_endpoint", "sse_endpoint"] as const

const invalid = (field: string, expected: string): InvalidSecret => new InvalidSecret({ field, expected })

const pairsOf = (headers: Registration["headers"] = []): Pairs => headers.flatMap((header) => Object.entries(header))

const originsAfter = ({ before, given }: Situation): ReadonlyArray<string> =>
  originsOf({
    proxy_pass_url: given.proxy_pass_url ?? before?.proxy_pass_url ?? "",
    mcp_endpoint: given.mcp_endpoint ?? before?.mcp_endpoint,
    sse_endpoint: given.sse_endpoint ?? before?.sse_endpoint
  })

/** What is held, as far as it may go where the server will be. */
const carried = (situation: Situation): ServerSecrets | undefined => {
  const { before, given, held, vouches } = situation
  if (held === undefined) return undefined
  const staysThere = originsAfter(situation).every((origin) => held.origins.includes(origin))
  // An address of the record that an administrator did not name here may be somebody else's choice.
  const named = ADDRESSES.every((name) => given[name] !== undefined || (before?.[name] ?? "") === "")
  return staysThere || (vouches && named) ? held : undefined
}

const namesAlike = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const isAddressOf = (given: Given): boolean => ADDRESSES.some((name) => given[name] !== undefined)

/** Does it concern what is kept? An address does: what is kept is kept for an address. */
export const concernsSecrets = ({ before, given, held }: Situation): boolean =>
  given.auth_credential !== undefined ||
  given.auth_scheme !== undefined ||
  given.auth_header_name !== undefined ||
  (given.headers !== undefined && (given.headers.length > 0 || (before?.headers.length ?? 0) > 0)) ||
  (held !== undefined && isAddressOf(given))

const schemeAfter = ({ before, given }: Situation): AuthScheme | undefined => {
  if (given.auth_scheme !== undefined) return given.auth_scheme === "" ? undefined : given.auth_scheme
  if (before?.auth_scheme !== undefined) return before.auth_scheme
  if ((given.auth_credential ?? "") === "") return undefined
  return (given.auth_header_name ?? "") === "" ? "bearer" : "api_key"
}

/** The header of another scheme was that scheme's: the new one begins with its own. An empty text takes it away. */
const headerNameAfter = ({ before, given }: Situation, scheme: AuthScheme | undefined) =>
  given.auth_header_name === undefined && before?.auth_scheme !== undefined && before.auth_scheme !== scheme
    ? { auth_header_name: "" }
    : {}

const isStored = (scheme: AuthScheme | undefined): scheme is "bearer" | "api_key" =>
  scheme === "bearer" || scheme === "api_key"

const credentialAfter = (
  { given }: Situation,
  scheme: AuthScheme | undefined,
  kept: ServerSecrets | undefined
): Either.Either<string | undefined, InvalidSecret> => {
  const { auth_credential: fresh } = given
  if (!isStored(scheme)) {
    return (fresh ?? "") === ""
      ? Either.right(undefined)
      : Either.left(invalid("auth_credential", "it needs auth_scheme bearer or api_key"))
  }
  if (fresh !== undefined && fresh !== "") return checkedCredential(scheme, fresh)
  if (fresh === undefined && kept?.credential !== undefined) return Either.right(kept.credential)
  // Taken away, lost by a move, or never there: that nothing can be sent is said by the server's health.
  return given.auth_scheme === undefined
    ? Either.right(undefined)
    : Either.left(invalid("auth_credential", `it is needed with auth_scheme ${scheme}`))
}

const headersAfter = (
  { before, given, held }: Situation,
  kept: ServerSecrets | undefined
): Either.Either<Pairs, InvalidSecret> => {
  const unsealed = held === undefined ? pairsOf(before?.headers).filter(([, value]) => value !== SEALED) : []
  const known: Pairs = kept?.headers ?? unsealed
  if (given.headers === undefined) return Either.right(known)
  const wanted: Array<readonly [string, string]> = []
  for (const [name, value] of pairsOf(given.headers)) {
    const same = known.find(([other]) => namesAlike(other, name))
    if (value === SEALED && same === undefined) {
      return Either.left(invalid("headers", "what is (sealed) for another name or address has to be given again"))
    }
    wanted.push(value === SEALED && same !== undefined ? [name, same[1]] : [name, value])
  }
  return checkedHeaders(wanted)
}

/** Whether the environment may be referred to by all of these. */
const lends = ({ vouches }: Situation, kept: ServerSecrets | undefined, values: ReadonlyArray<string>): boolean => {
  const known = new Set([kept?.credential, ...(kept?.headers ?? []).map(([, value]) => value)])
  const fresh = values.filter((value) => referencesIn(value).length > 0 && !known.has(value))
  return vouches || (fresh.length === 0 && kept?.references === true)
}

/** As the record shows them. */
const shown = (headers: Pairs): Registration["headers"] =>
  headers.map(([name, value]) => ({ [name]: shownValue(value) }))

const setAt = ({ before, given, now }: Situation, credential: string | undefined): string =>
  credential === undefined ? "" : given.auth_credential === undefined ? (before?.credential_set_at ?? now) : now

export const planOf = (situation: Situation): Either.Either<Plan, InvalidSecret> =>
  Either.gen(function* () {
    const kept = carried(situation)
    const scheme = schemeAfter(situation)
    const { auth_header_name: headerName = "" } = situation.given
    if (headerName !== "") yield* checkedHeaderName(headerName)
    const credential = yield* credentialAfter(situation, scheme, kept)
    const headers = yield* headersAfter(situation, kept)
    const values = [...(credential === undefined ? [] : [credential]), ...headers.map(([, value]) => value)]
    const references = lends(situation, kept, values)
    if (!references && values.some((value) => referencesIn(value).length > 0)) {
      return yield* Either.left(invalid("auth_credential", "only an administrator may refer to the environment"))
    }
    const origins = originsAfter(situation)
    return {
      secrets:
        values.length === 0
          ? undefined
          : { headers, origins, references, ...(credential === undefined ? {} : { credential }) },
      fields: {
        headers: shown(headers) ?? [],
        credential_set_at: setAt(situation, credential),
        ...(scheme === undefined ? {} : { auth_scheme: scheme }),
        ...headerNameAfter(situation, scheme)
      }
    }
  })
