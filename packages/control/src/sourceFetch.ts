/** `SourceFetch` over the one dialler: the other registry's address is resolved, judged and pinned as a server's is (S-06). */
import { Upstream, UpstreamFailure } from "@mcpgw/egress/Upstream"
import { responseOf } from "@mcpgw/egress/WebAnswer"
import { SourceFetch, SourceUnreachable } from "@mcpgw/registry/import/SourceFetch"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What asking again does not change. */
const LASTING: ReadonlyMap<string, string> = new Map([
  ["unknown_host", "The registry's host is not known"],
  [
    "blocked_address",
    "The registry's address is private and may not be dialled; MCPGW_ALLOWED_UPSTREAMS lists those that may"
  ]
])

const unreachable = (cause: unknown): never => {
  const lasting = cause instanceof UpstreamFailure ? LASTING.get(cause.reason) : undefined
  throw new SourceUnreachable(lasting ?? "The registry can not be reached", lasting === undefined)
}

const HEADERS = { accept: "application/json", "user-agent": "mcpgw" }

export const layer: Layer.Layer<SourceFetch, never, Upstream> = Layer.effect(
  SourceFetch,
  Effect.map(
    Upstream,
    (upstream) => (url, signal) =>
      upstream
        .exchange({ method: "GET", url, headers: HEADERS, body: undefined, signal, trustedAddress: false })
        .then(responseOf, unreachable)
  )
)
