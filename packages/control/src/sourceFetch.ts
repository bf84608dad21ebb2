/**
 * `SourceFetch` over the one dialler: the other registry's address is resolved, judged and pinned as a server's is (S-06), and a credential is sent
 * to the origin it was given for alone.
 */
import type { AllowedUpstream } from "@mcpgw/egress/AddressPolicy"
import { Upstream, UpstreamFailure } from "@mcpgw/egress/Upstream"
import { responseOf } from "@mcpgw/egress/WebAnswer"
import { type SourceCredential, SourceFetch, SourceUnreachable } from "@mcpgw/registry/import/SourceFetch"
import { Vault } from "@mcpgw/vault/Vault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mayCarrySecret, opened, READABLE } from "./sourceCredential.ts"

/** What asking again does not change. */
const LASTING: ReadonlyMap<string, string> = new Map([
  ["unknown_host", "The registry's host is not known"],
  [
    "blocked_address",
    "The registry's address is private and may not be dialled; MCPGW_ALLOWED_UPSTREAMS lists those that may"
  ]
])

const unreachable = (cause: unknown): SourceUnreachable => {
  const lasting = cause instanceof UpstreamFailure ? LASTING.get(cause.reason) : undefined
  return new SourceUnreachable(lasting ?? "The registry can not be reached", lasting === undefined)
}

const HEADERS = { accept: "application/json", "user-agent": "mcpgw" }

const refused = (why: string) => new SourceUnreachable(`The registry was not asked: ${why}`, false)

const make = (allowed: ReadonlyArray<AllowedUpstream>) =>
  Effect.gen(function* () {
    const upstream = yield* Upstream
    const vault = yield* Vault
    const headersFor = (url: string, credential: SourceCredential | undefined) =>
      Effect.gen(function* () {
        if (credential === undefined) return HEADERS
        if (!mayCarrySecret(allowed, url)) return yield* Effect.fail(refused(READABLE))
        const { headers, problem } = yield* Effect.mapError(
          opened(vault, credential, url),
          () => new SourceUnreachable("The credential for the registry can not be read now", true)
        )
        return problem === undefined ? { ...headers, ...HEADERS } : yield* Effect.fail(refused(problem))
      })
    return SourceFetch.of((url, signal, credential) =>
      Effect.flatMap(headersFor(url, credential), (headers) =>
        Effect.tryPromise({
          try: () =>
            upstream
              .exchange({
                method: "GET",
                url,
                headers,
                body: undefined,
                signal,
                trustedAddress: false,
                // Imports pace themselves: what the dialler remembers of bad moments would hide that the registry is back.
                probe: true
              })
              .then(responseOf),
          catch: unreachable
        })
      )
    )
  })

/** `allowed`: `MCPGW_ALLOWED_UPSTREAMS`. */
export const layer = (allowed: ReadonlyArray<AllowedUpstream>): Layer.Layer<SourceFetch, never, Upstream | Vault> =>
  Layer.effect(SourceFetch, make(allowed))
