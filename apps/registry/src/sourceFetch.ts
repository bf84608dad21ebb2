/** `SourceFetch` over the one dialler: the other registry's address is resolved, judged and pinned as a server's is (S-06). */
import { Upstream } from "@mcpgw/egress/Upstream"
import { responseOf } from "@mcpgw/egress/WebAnswer"
import { SourceFetch } from "@mcpgw/registry/import/SourceFetch"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const HEADERS = { accept: "application/json", "user-agent": "mcpgw" }

export const layer: Layer.Layer<SourceFetch, never, Upstream> = Layer.effect(
  SourceFetch,
  Effect.map(
    Upstream,
    (upstream) => (url, signal) =>
      upstream
        .exchange({ method: "GET", url, headers: HEADERS, body: undefined, signal, trustedAddress: false })
        .then(responseOf)
  )
)
