/** What anyone may ask (contracts.md §2.8): liveness, public keys, public servers, the API's description. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Api } from "@mcpgw/api/Api"
import { Tokens } from "@mcpgw/identity/Tokens"
import * as Effect from "effect/Effect"
import { ControlPlaneConfig } from "./ControlPlaneConfig.ts"
import { DOCS_HEADERS, docsPage } from "./docsPage.ts"
import { openApiDocument } from "./openApi.ts"
import { publicServers } from "./publicServers.ts"

export const layer = HttpApiBuilder.group(Api, "system", (handlers) =>
  handlers
    .handle("health", () => Effect.succeed({ status: "healthy", service: "mcp-gateway-registry" } as const))
    .handle("jwks", () => Effect.map(Tokens, (tokens) => tokens.jwks()))
    .handleRaw("wellKnown", () => publicServers)
    .handle("openapi", () =>
      Effect.map(ControlPlaneConfig, ({ publicUrl }) =>
        // Paths are relative to the document's own origin unless it says otherwise.
        new URL(publicUrl).pathname === "/"
          ? openApiDocument()
          : { ...openApiDocument(), servers: [{ url: publicUrl }] }
      )
    )
    .handleRaw("docs", () =>
      Effect.sync(() =>
        HttpServerResponse.text(docsPage(), { contentType: "text/html; charset=utf-8", headers: DOCS_HEADERS })
      )
    )
)
