/**
 * The credential that another registry wants: checked, sealed in the vault for its origin alone, and whether it may go there. Never shown; sends
 * nothing itself.
 */
import { type AllowedUpstream, classify, mayDial } from "@mcpgw/egress/AddressPolicy"
import { importedBy } from "@mcpgw/registry/import/applyEntry"
import type { SourceCredential } from "@mcpgw/registry/import/SourceFetch"
import { checkedCredential, checkedHeaderName, DEFAULT_API_KEY_HEADER } from "@mcpgw/vault/ServerSecrets"
import { Vault, type VaultApi } from "@mcpgw/vault/Vault"
import { InvalidSecret } from "@mcpgw/vault/VaultError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isIP } from "node:net"

/** As a request names it. */
export interface GivenCredential {
  readonly auth_scheme?: "bearer" | "api_key"
  readonly auth_header_name?: string
  readonly auth_credential?: string
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/

/** Over https, to this machine, or to a host that `MCPGW_ALLOWED_UPSTREAMS` names: whoever is on the way reads what goes over http. */
export const mayCarrySecret = (allowed: ReadonlyArray<AllowedUpstream>, url: string): boolean => {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.protocol !== "http:") return parsed?.protocol === "https:"
  const host = parsed.hostname.replace(/^\[|\]$/g, "")
  const port = Number(parsed.port === "" ? 80 : parsed.port)
  const isNamed = allowed.some(
    (entry) => entry.kind === "host" && entry.host === host && (entry.port === undefined || entry.port === port)
  )
  const isListed = isIP(host) !== 0 && classify(host) !== "public"
  return LOOPBACK.test(host) || isNamed || (isListed && mayDial(allowed, { host, port, address: host }, false))
}

export const READABLE =
  "a credential goes over https:// alone, to this machine, or to a host that MCPGW_ALLOWED_UPSTREAMS names"

const invalid = (field: string, expected: string) => Either.left(new InvalidSecret({ field, expected }))

/** The header that is sent; undefined: none is. */
const headerOf = (given: GivenCredential): Either.Either<readonly [string, string] | undefined, InvalidSecret> =>
  Either.gen(function* () {
    const { auth_credential: credential, auth_header_name: name } = given
    const scheme = given.auth_scheme ?? (name === undefined ? "bearer" : "api_key")
    if (credential === undefined) {
      return given.auth_scheme === undefined && name === undefined
        ? undefined
        : yield* invalid("auth_credential", "it is needed with auth_scheme and auth_header_name")
    }
    const checked = yield* checkedCredential(scheme, credential)
    if (scheme === "api_key") return [yield* checkedHeaderName(name ?? DEFAULT_API_KEY_HEADER), checked] as const
    if (name !== undefined) return yield* invalid("auth_header_name", "it goes with auth_scheme api_key")
    return ["Authorization", `Bearer ${checked}`] as const
  })

/** Seals what was given for `source`, the address of the registry's requests, and says under which name; undefined: nothing was given. */
export const sealedFor = (source: string, given: GivenCredential) =>
  Effect.gen(function* () {
    const header = yield* headerOf(given)
    if (header === undefined) return undefined
    const { origin } = new URL(source)
    // Administrators alone import, and may lend what the environment holds.
    return yield* (yield* Vault).put(importedBy(source), { headers: [header], origins: [origin], references: true })
  })

/** The headers for a request to `url`, or why none may be sent. */
export const opened = (vault: VaultApi, { ref, source }: SourceCredential, url: string) =>
  Effect.map(vault.load(ref), () =>
    vault.storedFor({ path: importedBy(source), credential_ref: ref, headers: [], proxy_pass_url: url })
  )
