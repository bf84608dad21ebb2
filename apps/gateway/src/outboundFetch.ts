/** `OutboundFetch` over the one dialler: the address is resolved, judged and pinned as a server's is (S-06). Follows no redirect. */
import { OutboundFetch } from "@mcpgw/auth/OutboundFetch"
import { Upstream } from "@mcpgw/egress/Upstream"
import { responseOf } from "@mcpgw/egress/WebAnswer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export const layer: Layer.Layer<OutboundFetch, never, Upstream> = Layer.effect(
  OutboundFetch,
  Effect.map(
    Upstream,
    (upstream) =>
      (url, { headers = {}, signal = new AbortController().signal } = {}) =>
        upstream
          .exchange({ method: "GET", url, headers, body: undefined, signal, trustedAddress: false })
          .then(responseOf)
  )
)
